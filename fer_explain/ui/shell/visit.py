"""What the events of one open page agree on, which Gradio runs side by side. Free of Gradio."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import closing
from typing import Any, Final, Generic, Protocol, TypeVar

from fer_explain.ui.shell.event_order import arrival

ANSWER: Final = "answer"  # the kind of task that a question starts
STEP: Final = 0.04  # of the work between two messages to the page

_Result = TypeVar("_Result")


class Remembered(Protocol):
    """What a page remembers: see :class:`~fer_explain.ui.shell.session.Session`."""

    @property
    def analysis(self) -> object:
        """What is known about the chosen face."""


_Session = TypeVar("_Session", bound=Remembered)
_Step = TypeVar("_Step")
_Told = TypeVar("_Told")


def telling(steps: Generator[_Step, None, _Result], tell: Callable[[_Step], _Told]) -> Generator[_Told, None, _Result]:
    """What there is to tell of each step of long work; returns the work's result."""
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        yield tell(step)


class Unwanted(Exception):  # noqa: N818
    """Raised inside a task that nobody waits for any more.

    Attributes:
        stopped: the visitor stopped it; otherwise something newer took its place.
    """

    def __init__(self, *, stopped: bool) -> None:
        super().__init__("stopped" if stopped else "superseded")
        self.stopped = stopped


class Task(Generic[_Session]):
    """Work for a page: wanted until it is done, stopped, or something newer of its kind or a new question comes.

    Attributes:
        kind: a page has one task of a kind at a time.
        stopped: whether the visitor stopped it.
        early: it was not begun, because the answer that it follows is still being worked out.
        answered: of a question: all that it asked is known, and at most still being told.
    """

    def __init__(self, visit: Visit[_Session], kind: str, *, early: bool = False) -> None:
        self.kind = kind
        self.stopped = False
        self.early = early
        self.answered = False
        self._visit = visit

    @property
    def wanted(self) -> bool:
        """Whether anybody still waits for it. What is not wanted must not be shown."""
        return self._visit.wants(self)

    def check(self) -> None:
        """Raises :class:`Unwanted` where it is not wanted any more."""
        if not self.wanted:
            raise Unwanted(stopped=self.stopped)

    def settle(self, step: Callable[[_Session], _Session], *, whole: bool = True) -> _Session:
        """Notes a result of the task in the newest session and returns that, or raises :class:`Unwanted`.

        With the ``whole`` answer, what follows it may begin.
        """
        return self._visit.settle(self, step, whole=whole)

    def through(self, work: Generator[float, None, _Result]) -> Generator[float, None, _Result]:
        """Passes on the share (0..1) of long work that is done, in steps worth telling, and returns its result.

        Raises:
            Unwanted: the task is not wanted any more; the work is closed then.
        """
        told = 0.0
        with closing(work):
            while True:
                try:
                    share = next(work)
                except StopIteration as end:
                    self.check()
                    return end.value  # type: ignore[no-any-return]
                except Exception:
                    self.check()  # nor does a failure matter to anybody then
                    raise
                self.check()
                if share >= told + STEP:
                    told = share
                    yield share

    def __enter__(self) -> Task[_Session]:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        self._visit.finish(self, done=error is None)


class Visit(Generic[_Session]):
    """One open page: its newest session, and what is being worked out for it.

    An event knows the session as it was when the event began. Were it to write that back with its own change, it would
    undo what others noted meanwhile: here all changes go one by one to the newest one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._session: _Session | None = None
        self._tasks: dict[str, Task[_Session]] = {}
        self._done: set[str] = set()  # kinds of tasks that the answer on the page has had
        self._begun: dict[str, int] = {}  # number of the newest task of a kind
        self._newest = 0  # number of the newest question
        self._moved = 0  # and of the newest one that moved on to another face

    def __deepcopy__(self, _memo: dict[int, Any]) -> Visit[_Session]:
        """Gradio copies the first session for every page; each of them is a visit of its own."""
        return Visit()

    def change(self, seen: _Session, step: Callable[[_Session], _Session]) -> _Session:
        """Notes a wish that asks nothing: the order of bars, say. ``seen`` is what its event knows."""
        with self._lock:
            self._session = step(self._session or seen)
            return self._session

    def ask(
        self, seen: _Session, step: Callable[[_Session], _Session], order: int | None = None, *, moves: bool = True
    ) -> tuple[Task[_Session], _Session]:
        """Starts a question, with which nothing older is wanted any more, and says what it is asked about.

        Args:
            seen: the session as its event knows it.
            step: where it moves on to.
            order: number of its :func:`~fer_explain.ui.shell.event_order.arrival`. What comes too late, because
                Gradio started a newer one before, is not wanted from the start and moves nothing.
            moves: it may be about another face; otherwise about the one on the page.
        """
        order = arrival() if order is None else order
        with self._lock:
            task = Task(self, ANSWER)
            if order < (self._moved if moves else self._newest):
                return task, self._session or seen
            self._session = step(self._session or seen)
            self._newest, self._moved = max(order, self._newest), order if moves else self._moved
            self._tasks = {ANSWER: task}
            return task, self._session

    def start(self, kind: str, seen: _Session, order: int | None = None, *, once: bool = False) -> Task[_Session]:
        """Starts work on the face of ``seen``; not wanted from the start if that is not what the page shows, or before
        the answer is whole, or if by ``order``, as in :meth:`ask`, it comes too late.

        With ``once`` it is neither wanted where it was done already since the page got its answer, nor while that is
        still being told: the rest of it would write over what this shows, and this would not come again.
        """
        order = arrival() if order is None else order
        with self._lock:
            shown = self._session is None or self._session.analysis is seen.analysis
            question = self._tasks.get(ANSWER)
            task = Task(self, kind, early=shown and question is not None and not question.answered)
            late = order < self._begun.get(kind, 0)
            untimely = once and (question is not None or kind in self._done)
            if shown and not task.early and not late and not untimely:
                self._tasks[kind] = task
                self._begun[kind] = order
        return task

    def stop(self, kind: str) -> None:
        """The visitor does not want to wait for a task."""
        with self._lock:
            task = self._tasks.pop(kind, None)
            if task is not None:
                task.stopped = True

    def wants(self, task: Task[_Session]) -> bool:
        """Whether a task is the newest of its kind and not done."""
        return self._tasks.get(task.kind) is task

    def settle(self, task: Task[_Session], step: Callable[[_Session], _Session], *, whole: bool) -> _Session:
        """Notes a result; see :meth:`Task.settle`."""
        with self._lock:
            task.check()
            task.answered = whole
            assert self._session is not None, "only a question settles something"
            self._session = step(self._session)
            self._done.clear()
            return self._session

    def finish(self, task: Task[_Session], *, done: bool) -> None:
        """A task has ended; ``done`` says whether with a result."""
        with self._lock:
            if self.wants(task):
                del self._tasks[task.kind]
                self._done |= {task.kind} if done else set()
