"""Which of two events of a page came first.

Upstream defect, https://github.com/gradio-app/gradio/issues/3908: Gradio starts the events of a page that wait for
different functions in no certain order. Test: test_events_of_a_page_start_in_no_certain_order.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Final

from starlette.types import ASGIApp, Receive, Scope, Send

if TYPE_CHECKING:
    import gradio as gr

_KEY: Final = "fer_explain.arrival"  # in the scope of a request
_numbers: Final = count(1)


class Arrivals:
    """ASGI middleware: numbers requests as they come in."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request."""
        scope[_KEY] = next(_numbers)
        await self._app(scope, receive, send)


def arrival(request: gr.Request | None = None) -> int:
    """The number of an event's request; without one the event comes just now."""
    scope = request.request.scope if request is not None and request.request is not None else {}
    return int(scope.get(_KEY) or next(_numbers))
