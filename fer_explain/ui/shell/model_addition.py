"""Adding a checkpoint while the app runs: a Hub id by anyone, a folder by whoever sits at the machine."""

from __future__ import annotations

import math
import os
import threading
import time
from collections import deque
from pathlib import Path
from typing import Final

import gradio as gr

from fer_explain.analyzer import Analyzer
from fer_explain.errors import FerError
from fer_explain.ui.shell.context import Page, texts_for
from fer_explain.ui.shell.header import Header, rated_models
from fer_explain.ui.shell.status import status, trouble
from fer_explain.ui.shell.texts import Texts

HERE: Final = ("127.0.0.1", "::1")
HOUR: Final = 3600.0  # seconds
EACH: Final = 3  # models that a visitor of a Space may try to add in an hour
ALL: Final = 12  # and all visitors together: an address can be feigned


class Ration:
    """How many models may be added from outside within an hour."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: deque[tuple[float, str]] = deque()  # when and by whom, the oldest first

    def take(self, visitor: str, texts: Texts, now: float | None = None) -> None:
        """Counts an attempt to add one.

        Args:
            visitor: the address that it comes from.
            texts: the reader's language.
            now: seconds on a clock that runs forward.

        Raises:
            FerError: there were too many within the last hour.
        """
        now = time.monotonic() if now is None else now
        with self._lock:
            while self._taken and now - self._taken[0][0] >= HOUR:
                self._taken.popleft()
            own = [when for when, who in self._taken if who == visitor]
            if len(own) >= EACH:
                raise FerError(texts("model.add.each", n=EACH, minutes=_minutes(own[-EACH] + HOUR - now)))
            if len(self._taken) >= ALL:
                raise FerError(texts("model.add.all", n=ALL, minutes=_minutes(self._taken[0][0] + HOUR - now)))
            self._taken.append((now, visitor))


def _minutes(seconds: float) -> int:
    return math.ceil(seconds / 60)


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
    ration = Ration()

    def on_submit(ref: str, request: gr.Request) -> tuple[object, str]:
        texts = texts_for(request)
        try:
            if ref.strip() and on_space():
                ration.take(visitor(request), texts)
            name = add(page.analyzer, ref, folders=sits_here(request), texts=texts)
        except Exception as error:
            return gr.skip(), status(trouble(error, texts), error=True)
        return gr.Dropdown(rated_models(page.analyzer, texts)), status(texts("model.add.done", name=name))

    outputs = [page.model, header.answer]
    header.box.submit(on_submit, header.box, outputs, show_progress_on=[header.answer], api_visibility="private")


def sits_here(request: gr.Request) -> bool:
    """Whether the visitor's browser runs on this very machine; behind a Space's proxy nobody's does."""
    client = request.client
    return not on_space() and client is not None and client.host in HERE


def on_space() -> bool:
    """Whether the app runs on a Hugging Face Space, for anybody."""
    return "SPACE_ID" in os.environ


def visitor(request: gr.Request) -> str:
    """The address a request comes from; a Space's proxy names it first."""
    forwarded = request.headers.get("x-forwarded-for", "").split(",")[0].strip()
    return forwarded or (request.client.host if request.client is not None else "")
