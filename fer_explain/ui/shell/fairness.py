"""Whose question is next: visitors take turns, each with one question a round.

Upstream defect, no issue found: Gradio's queue is first come, first served, and has no hook for another order
(``Queue.get_events`` takes ``EventQueue.queue[0]``), so one visitor with 500 waiting questions would delay everybody
by 500. Test: test_queue_lets_one_visitor_go_first_as_often_as_they_asked.

Here the list that waits keeps itself in order, and nobody can fill it. A visitor is a session: an open page, or a
client of the programming interface.
"""

from __future__ import annotations

from typing import Any, Final

import gradio as gr

WAITING: Final = 10_000  # questions of all visitors together
OWN: Final = 1_000  # of one visitor
FULL: Final = f"{OWN:,} questions of yours are waiting already. Ask again when some of them are answered."


def take_turns(blocks: gr.Blocks) -> None:
    """Makes the queue of a page fair; to be called after its ``queue()`` and before its ``launch()``."""
    queue: Any = blocks._queue
    create, push = queue.create_event_queue_for_fn, queue.push

    def create_fair(function: Any) -> None:
        create(function)
        waiting = queue.event_queue_per_concurrency_id[function.concurrency_id]
        if not isinstance(waiting.queue, Rounds):
            waiting.queue = Rounds()

    async def push_some(body: Any, request: Any, username: str | None) -> tuple[bool, Any, str]:
        rows = (waiting.queue for waiting in queue.event_queue_per_concurrency_id.values())
        if sum(event.session_hash == body.session_hash for row in rows for event in row) >= OWN:
            return False, FULL, "queue_full"
        answer: tuple[bool, Any, str] = await push(body=body, request=request, username=username)
        return answer

    queue.create_event_queue_for_fn, queue.push = create_fair, push_some


class Rounds(list[Any]):
    """Waiting events, the next one first: a visitor's first question is in this round, the second in the one after it.

    Its items have an attribute ``session_hash``.
    """

    def __init__(self) -> None:
        super().__init__()
        self._rounds: list[int] = []  # of the items, ascending
        self._served = 0  # round of the last one that went

    def append(self, event: Any) -> None:
        """Puts an event at the end of its round."""
        own = [turn for turn, other in zip(self._rounds, self, strict=True) if other.session_hash == event.session_hash]
        turn = max(own, default=self._served) + 1
        place = sum(other <= turn for other in self._rounds)
        self.insert(place, event)
        self._rounds.insert(place, turn)

    def remove(self, event: Any) -> None:
        """Takes an event out, because it is its turn or because nobody waits for it any more."""
        place = self.index(event)
        turn = self._rounds.pop(place)
        if place == 0:
            self._served = turn
        del self[place]
