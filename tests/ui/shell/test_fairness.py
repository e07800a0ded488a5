"""Visitors take turns."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import gradio as gr

from fer_explain.ui.shell.fairness import FULL, OWN, Rounds, take_turns


def asked(*sessions: str) -> Rounds:
    waiting = Rounds()
    for session in sessions:
        waiting.append(SimpleNamespace(session_hash=session))
    return waiting


def served(waiting: Rounds, count: int) -> str:
    names = ""
    for _ in range(count):
        names += waiting[0].session_hash
        waiting.remove(waiting[0])
    return names


def test_visitors_take_turns() -> None:
    assert served(asked(*"aaaabbc"), 7) == "abcabaa"


def test_nobody_waits_for_more_than_one_question_of_a_visitor_with_500() -> None:
    waiting = asked(*500 * "a")
    assert served(waiting, 7) == 7 * "a"
    waiting.append(SimpleNamespace(session_hash="b"))
    assert "b" in served(waiting, 2)
    assert len(waiting) == 492


def test_a_withdrawn_question_keeps_the_order() -> None:
    waiting = asked(*"aabb")
    waiting.remove(waiting[1])
    assert served(waiting, 3) == "aab"


def test_gradio_takes_its_next_event_from_the_rounds() -> None:
    with gr.Blocks() as blocks:
        gr.on([], lambda: None, api_name="nothing")
    blocks.queue()
    take_turns(blocks)
    [function] = blocks.fns.values()
    queue = blocks._queue
    queue.create_event_queue_for_fn(function)
    waiting = queue.event_queue_per_concurrency_id[function.concurrency_id].queue
    for session in "aab":
        waiting.append(SimpleNamespace(session_hash=session, fn=function))
    queue.create_event_queue_for_fn(function)
    first, second = (queue.get_events() for _ in range(2))
    assert first
    assert second
    assert [first[0][0].session_hash, second[0][0].session_hash] == ["a", "b"]


def test_one_visitor_cannot_fill_the_queue() -> None:
    with gr.Blocks() as blocks:
        gr.on([], lambda: None, api_name="nothing")
    blocks.queue()
    queue = blocks._queue
    asked_of_gradio = []

    async def push(**asked: object) -> tuple[bool, str, str]:
        asked_of_gradio.append(asked)
        return True, "id", "success"

    queue.push = push
    take_turns(blocks)
    [function] = blocks.fns.values()
    queue.create_event_queue_for_fn(function)
    waiting = queue.event_queue_per_concurrency_id[function.concurrency_id].queue
    list.extend(waiting, [SimpleNamespace(session_hash="greedy")] * OWN)

    def ask(session: str) -> tuple[bool, str, str]:
        asked = queue.push(body=SimpleNamespace(session_hash=session), request=None, username=None)
        with ThreadPoolExecutor() as pool:  # the browser of other tests keeps this thread's event loop running
            return pool.submit(asyncio.run, asked).result()

    assert ask("greedy") == (False, FULL, "queue_full")
    assert ask("modest") == (True, "id", "success")
    assert len(asked_of_gradio) == 1
