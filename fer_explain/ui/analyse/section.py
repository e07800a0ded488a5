"""Parts of the Analyse tab that follow the chosen face: one file each, with ``build(page, session) -> Section``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fer_explain.ui.shell.session import Session
from fer_explain.ui.shell.texts import Texts

Updates = dict[Any, Any]  # component -> new value


@dataclass(frozen=True, slots=True)
class Section:
    """What the tab must know of a section; events of its own controls the section wires itself.

    Attributes:
        outputs: the components it changes.
        show: ``show(session, texts)``: what a newly explained face changes at once. Cheap, and a reset of what an
            earlier face left behind.
        at_once: whether :attr:`show` must come in the very update that brings the map, because what the section says
            is about the map: a verdict on an earlier one must not stand under it for a moment.
        follow: a callback of Gradio ``follow(session, request)`` that runs afterwards in the queue, for what takes
            longer; its outputs are :attr:`outputs`. It works as a task of the session's visit, and says nothing once
            that is not wanted any more.
    """

    outputs: list[Any]
    show: Callable[[Session, Texts], Updates]
    follow: Callable[..., Any] | None = None
    at_once: bool = False
