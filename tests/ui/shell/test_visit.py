"""Events of one page run side by side: nothing that was noted is lost, and only what is newest is wanted."""

from __future__ import annotations

import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy

import numpy as np
import pytest

from fer_explain.emotions import LABELS
from fer_explain.types import Box, Detection, Face, FaceAnalysis, Prediction
from fer_explain.ui.shell.event_order import arrival
from fer_explain.ui.shell.session import Question, Session
from fer_explain.ui.shell.visit import ANSWER, Unwanted

FACE = Face(np.zeros((40, 40, 3), np.uint8), Box(0, 0, 40, 40), np.eye(2, 3, dtype=np.float32))
PHOTO = Detection(np.zeros((80, 80, 3), np.uint8), [FACE, FACE], "mtcnn")
OTHER = Detection(np.ones((80, 80, 3), np.uint8), [FACE], "mtcnn")
QUESTION = Question("a", "gradcam", "predicted")


def analysis() -> FaceAnalysis:
    shares = np.full(7, 1 / 7, np.float32)
    return FaceAnalysis(FACE, Prediction(shares, shares, LABELS), None, [], [])


def same(session: Session) -> Session:
    return session


def test_every_page_is_a_visit_of_its_own_and_all_its_sessions_share_it() -> None:
    first = Session()
    assert deepcopy(first).visit is not first.visit
    assert first.found(PHOTO).choose(1).ordered(False).visit is first.visit


def test_wishes_noted_side_by_side_are_all_kept() -> None:
    seen = Session()  # what every event knows, as all of them began at once
    start = threading.Barrier(8)

    def note(number: int) -> None:
        start.wait()
        seen.visit.change(seen, lambda now: now.adjust("a", "m", {f"x{number}": number}))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(note, range(8)))
    known = seen.visit.change(seen, same)
    assert known.ask("a", "m", "predicted").parameters == {f"x{number}": number for number in range(8)}


def test_a_setting_noted_while_an_answer_is_worked_out_outlives_it() -> None:
    seen = Session().found(PHOTO)
    task, _ = seen.visit.ask(seen, same)
    seen.visit.change(seen, lambda now: now.adjust("a", "m", {"x": 1}))
    answered = task.settle(lambda now: now.explained(analysis(), QUESTION))
    assert answered.analysis is not None
    assert answered.ask("a", "m", "predicted").parameters == {"x": 1}


def test_the_newest_question_wins_and_knows_what_earlier_ones_have_noted() -> None:
    seen = Session()
    earlier, _ = seen.visit.ask(seen, lambda now: now.found(PHOTO))
    newer, session = seen.visit.ask(seen, same)
    assert session.detection is PHOTO, "though its event began before the photo was there"
    assert not earlier.wanted
    with pytest.raises(Unwanted, match="superseded"):
        earlier.settle(lambda now: now.explained(analysis(), QUESTION))
    assert newer.settle(lambda now: now.explained(analysis(), QUESTION)).analysis is not None


def test_what_came_first_but_begins_last_neither_asks_nor_moves() -> None:
    seen = Session()
    late = arrival()
    newer, session = seen.visit.ask(seen, lambda now: now.found(PHOTO), arrival())
    for moves in (False, True):
        task, stays = seen.visit.ask(seen, lambda now: now.found(OTHER), late, moves=moves)
        assert (task.wanted, newer.wanted, stays) == (False, True, session)


def test_a_photo_is_not_lost_to_a_question_that_came_after_it_and_began_before() -> None:
    seen = Session()
    late = arrival()
    question, _ = seen.visit.ask(seen, same, arrival(), moves=False)
    photo, session = seen.visit.ask(seen, lambda now: now.found(PHOTO), late)
    assert (question.wanted, photo.wanted, session.detection) == (False, True, PHOTO)


def test_a_question_that_cannot_be_asked_leaves_the_one_under_way_alone() -> None:
    seen = Session().found(PHOTO)
    task, _ = seen.visit.ask(seen, same)
    with pytest.raises(Exception, match="it has 2"):
        seen.visit.ask(seen, lambda now: now.choose(5))
    assert task.wanted


def test_what_follows_a_map_ends_with_the_next_question_or_a_newer_run_or_a_stop() -> None:
    seen = Session().found(PHOTO)
    with seen.visit.ask(seen, same)[0] as task:
        assert not seen.visit.start("receipt", seen).wanted, "nothing is known yet"
        seen = task.settle(lambda now: now.explained(analysis(), QUESTION), whole=False)
        early = seen.visit.start("receipt", seen)
        assert (early.wanted, early.early) == (False, True), "the map is not there yet"
        seen = task.settle(lambda now: now.explained(analysis(), QUESTION))
        assert seen.visit.start("receipt", seen).wanted, "though the answer is still being told"
        assert task.wanted
    first, other = seen.visit.start("receipt", seen), seen.visit.start("report", seen)
    second = seen.visit.start("receipt", seen)
    assert (first.wanted, second.wanted, other.wanted) == (False, True, True)
    seen.visit.stop("receipt")
    assert (second.wanted, second.stopped, other.wanted) == (False, True, True)
    seen.visit.ask(seen, same)
    assert (other.wanted, other.stopped) == (False, False)


def test_of_two_wishes_the_one_that_came_last_wins_whichever_is_started_first() -> None:
    seen = Session().found(PHOTO)
    with seen.visit.ask(seen, same)[0] as task:
        seen = task.settle(lambda now: now.explained(analysis(), QUESTION))
    earlier, later = arrival(), arrival()
    newest = seen.visit.start("window", seen, later)
    assert not seen.visit.start("window", seen, earlier).wanted
    assert newest.wanted
    with newest:
        pass
    assert not seen.visit.start("window", seen, earlier).wanted, "not even when the newer one is done"
    assert seen.visit.start("window", seen, arrival()).wanted


def test_what_follows_by_itself_waits_until_all_of_the_answer_is_told() -> None:
    """An older event may end meanwhile; what follows that one must not take the place of what is to come."""
    seen = Session().found(PHOTO)
    with seen.visit.ask(seen, same)[0] as task:
        seen = task.settle(lambda now: now.explained(analysis(), QUESTION))
        with seen.visit.start("regions", seen, once=True) as too_soon:
            assert not too_soon.wanted
        assert task.wanted
    assert seen.visit.start("regions", seen, once=True).wanted


def test_what_follows_a_map_by_itself_follows_it_once() -> None:
    seen = Session().found(PHOTO)
    with seen.visit.ask(seen, same)[0] as task:
        seen = task.settle(lambda now: now.explained(analysis(), QUESTION))
    with pytest.raises(ZeroDivisionError), seen.visit.start("receipt", seen, once=True):
        raise ZeroDivisionError
    with seen.visit.start("receipt", seen, once=True) as first:
        assert first.wanted, "the one before brought nothing"
    assert not seen.visit.start("receipt", seen, once=True).wanted
    assert seen.visit.start("receipt", seen).wanted, "a visitor may ask again"
    with seen.visit.ask(seen, same)[0] as task:
        seen = task.settle(lambda now: now.explained(analysis(), QUESTION))
    assert seen.visit.start("receipt", seen, once=True).wanted


def test_nothing_starts_on_a_face_that_the_page_does_not_show_any_more() -> None:
    seen = Session().found(PHOTO).explained(analysis(), QUESTION)
    with seen.visit.ask(seen, same)[0] as task:
        now = task.settle(lambda now: now.explained(analysis(), QUESTION))
    assert not seen.visit.start("receipt", seen).wanted
    assert seen.visit.start("receipt", now).wanted


def test_long_work_is_told_in_steps_and_closed_when_nobody_waits() -> None:
    seen, closed = Session().found(PHOTO), []

    def work() -> Generator[float, None, str]:
        try:
            for done in range(1000):
                yield done / 1000
        finally:
            closed.append(True)
        return "all"

    with seen.visit.start("receipt", seen) as task:
        results: list[str] = []

        def kept() -> Generator[float, None, None]:
            results.append((yield from task.through(work())))

        assert 20 <= len(list(kept())) <= 25
    assert (results, closed) == (["all"], [True])

    with seen.visit.start("receipt", seen) as task:
        steps = task.through(work())
        next(steps)
        seen.visit.stop("receipt")
        with pytest.raises(Unwanted) as raised:
            next(steps)
    assert raised.value.stopped
    assert closed == [True, True]


def test_a_failure_that_nobody_waits_for_is_none() -> None:
    seen = Session().found(PHOTO)

    def work() -> Generator[float, None, None]:
        yield 1.0
        raise ZeroDivisionError

    with seen.visit.start("receipt", seen) as task:
        steps = task.through(work())
        next(steps)
        with pytest.raises(ZeroDivisionError):
            next(steps)
    with seen.visit.start("receipt", seen) as task:
        steps = task.through(work())
        next(steps)
        seen.visit.ask(seen, same)
        with pytest.raises(Unwanted, match="superseded"):
            next(steps)


def test_a_task_that_is_done_is_forgotten() -> None:
    seen = Session().found(PHOTO)
    with pytest.raises(ZeroDivisionError), seen.visit.ask(seen, same)[0]:
        raise ZeroDivisionError
    assert seen.visit.start("receipt", seen).wanted, "a question that failed does not block what follows"
    seen.visit.stop(ANSWER)
