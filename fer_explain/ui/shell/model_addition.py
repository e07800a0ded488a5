"""Adding a checkpoint while the app runs: a Hub id by anyone, a folder by whoever sits at the machine."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Final

import gradio as gr

from fer_explain.analyzer import Analyzer
from fer_explain.errors import FerError
from fer_explain.ui.shell.context import Page, texts_for
from fer_explain.ui.shell.header import Header, rated_models
from fer_explain.ui.shell.status import status
from fer_explain.ui.shell.texts import Texts

HERE: Final = ("127.0.0.1", "::1")

_log = logging.getLogger(__name__)


def add(analyzer: Analyzer, ref: str, *, folders: bool, texts: Texts) -> str:
    """Adds a checkpoint to those of the app; returns its name.

    Args:
        analyzer: what holds the checkpoints.
        ref: a Hub id ``org/repo[@revision]`` or a folder.
        folders: whether a folder is accepted.
        texts: the reader's language.

    Raises:
        FerError: it cannot be used; the sentence says why.
    """
    ref = ref.strip()
    if not ref:
        raise FerError(texts("model.add.empty"))
    if not folders and (Path(ref).exists() or ref.startswith((".", "/", "~", "\\"))):
        raise FerError(texts("model.add.folder"))
    return analyzer.add(ref)


def wire(page: Page, header: Header) -> None:
    """Has what is typed into the header's box added to the model picker, and the outcome said below."""

    def on_submit(ref: str, request: gr.Request) -> tuple[object, str]:
        texts = texts_for(request)
        try:
            name = add(page.analyzer, ref, folders=sits_here(request), texts=texts)
        except FerError as error:
            return gr.skip(), status(str(error), error=True)
        except Exception:
            _log.exception("adding a checkpoint failed")
            return gr.skip(), status(texts("status.broken"), error=True)
        return gr.Dropdown(rated_models(page.analyzer, texts)), status(texts("model.add.done", name=name))

    outputs = [page.model, header.answer]
    header.box.submit(on_submit, header.box, outputs, show_progress_on=[header.answer], api_visibility="private")


def sits_here(request: gr.Request) -> bool:
    """Whether the visitor's browser runs on this very machine; behind a Space's proxy nobody's does."""
    client = request.client
    return "SPACE_ID" not in os.environ and client is not None and client.host in HERE
