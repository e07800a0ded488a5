"""Parts of the Analyse tab that follow the chosen face: one file each, with ``build(page, session) -> Section``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from fer_explain.ui.shell.session import Session
from fer_explain.ui.shell.texts import Texts
from fer_explain.ui.shell.visit import Task, Unwanted

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


def followed(
    session: Session,
    kind: str,
    steps: Callable[[Task[Session]], Iterator[Updates]],
    *,
    unwanted: Callable[[Unwanted], Updates],
    failed: Callable[[Exception], Updates],
) -> Iterator[Updates]:
    """The updates of a task of this kind that follows an answer, and the one for how it ended where it did early.

    ``unwanted`` gives at least a skipped output: a generator that yields nothing would empty every one.
    """
    try:
        with session.visit.start(kind, session, once=True) as task:
            task.check()
            yield from steps(task)
    except Unwanted as end:
        yield unwanted(end)
    except Exception as error:
        yield failed(error)
