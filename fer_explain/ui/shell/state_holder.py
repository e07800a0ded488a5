"""What Gradio holds of each session, without what nobody reads: its own states, and no copy of the whole page.

Upstream defect, no issue found: Gradio describes all components anew for every session and notes there whatever the
page shows, pictures too, which only its deep links read. Test: test_each_session_describes_the_whole_page.
For a page of this size that takes 60 ms, in which the server answers nobody.
"""

from __future__ import annotations

from collections.abc import Collection
from copy import copy
from typing import Any, Final

import gradio as gr
from gradio.state_holder import SessionState, StateHolder

SESSIONS: Final = 100  # held at once; of more, the one that was not used for the longest time makes room


class States(SessionState):  # type: ignore[misc]
    """One session's states; ``SessionState.__init__`` but for the descriptions."""

    def __init__(self, blocks: gr.Blocks) -> None:
        self.blocks_config: Any = copy(blocks.default_config)
        self.blocks_config.config_for_block = lambda *_: {}  # what the other methods would note
        self.config_values: dict[int, dict[str, Any]] = {}
        self.state_data: dict[int, Any] = {}
        self._state_ttl: dict[int, Any] = {}
        self.is_closed = False
        self.STATE_TTL_WHEN_CLOSED = 3600  # seconds; memory.py is earlier


class Holder(StateHolder):  # type: ignore[misc]
    """All sessions; where there are too many, an open page makes room after all that have none.

    Each question of a script is a session: without that, a hundred of them would take every visitor's photo away.

    Args:
        pages: the sessions of open pages.
    """

    def __init__(self, pages: Collection[str] = ()) -> None:
        super().__init__()
        self._pages = pages

    def __getitem__(self, session_id: str) -> SessionState:
        if session_id not in self.session_data:
            self.session_data[session_id] = States(self.blocks)
        return super().__getitem__(session_id)

    def update(self, session_id: str) -> None:
        """Notes that a session is used, and drops one where that is one too many."""
        with self.lock:
            if session_id in self.session_data:
                self.session_data.move_to_end(session_id)
            if len(self.session_data) > self.capacity:
                *others, _ = self.session_data
                gone = next((name for name in others if name not in self._pages), others[0])
                del self.session_data[gone]
                self.time_last_used.pop(gone, None)
