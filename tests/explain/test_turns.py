"""Long work in steps, and the lock it gives back between them."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from fer_explain.explain.turns import FairLock, in_steps


def test_steps_are_the_shares_and_the_result_comes_last() -> None:
    def work(report: Callable[[float], None]) -> str:
        for share in (0.0, 0.5):
            report(share)
        return "done"

    steps = in_steps(work)
    assert [next(steps), next(steps)] == [0.0, 0.5]
    with pytest.raises(StopIteration) as end:
        next(steps)
    assert end.value.value == "done"


def test_what_the_work_raises_comes_out() -> None:
    def work(report: Callable[[float], None]) -> None:
        report(0.0)
        raise KeyError("lost")

    steps = in_steps(work)
    next(steps)
    with pytest.raises(KeyError, match="lost"):
        next(steps)


def test_closing_ends_the_work_at_its_next_report_and_waits_for_it() -> None:
    go_on, log = threading.Event(), []

    def work(report: Callable[[float], None]) -> None:
        try:
            report(0.0)
            go_on.wait(10)
            log.append("a step")
            report(0.5)
            log.append("too far")
        finally:
            log.append("tidied up")

    steps = in_steps(work)
    next(steps)
    threading.Timer(0.05, go_on.set).start()
    steps.close()
    assert log == ["a step", "tidied up"]
    assert not [thread for thread in threading.enumerate() if thread.name == "explanation"]


def test_work_that_was_never_begun_never_runs() -> None:
    log: list[str] = []
    in_steps(lambda _report: log.append("ran")).close()
    assert log == []


def test_the_lock_can_be_taken_again_by_whoever_has_it() -> None:
    lock = FairLock()
    taken = threading.Event()

    def other() -> None:
        with lock:
            taken.set()

    with lock, lock:
        waiting = threading.Thread(target=other)
        waiting.start()
        with lock:  # although someone waits already
            pass
        assert not taken.is_set()
    waiting.join(10)
    assert taken.is_set()


def test_whoever_waits_comes_before_whoever_comes_back() -> None:
    """With a plain lock the one that comes back nearly always wins, and the other waits for all of its steps."""
    lock, begun, steps, after = FairLock(), threading.Event(), 0, []

    def long_work() -> None:
        nonlocal steps
        for _ in range(300):
            with lock:
                steps += 1
                begun.set()
                sum(range(20_000))

    worker = threading.Thread(target=long_work)
    worker.start()
    begun.wait(10)
    for _ in range(5):
        asked = steps
        with lock:
            after.append(steps - asked)
    worker.join(30)
    assert max(after) <= 30
