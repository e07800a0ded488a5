"""Large libraries are imported by one thread, before the first event of a page runs.

Some of them import in circles, and an event would fail. The page itself and its files wait for nothing.

Upstream defect, https://github.com/python/cpython/issues/82276: when two threads import in a circle at the same time,
Python breaks their deadlock by handing out half a module. Test: test_two_threads_get_half_a_module_of_a_circle.
"""

from __future__ import annotations

import asyncio
import threading
from importlib import import_module
from typing import Final

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LIBRARIES: Final = ("timm", "torchvision.transforms.v2", "captum.attr", "pytorch_grad_cam", "pandas", "scipy.stats")
GRACE: Final = 3.0  # seconds in which a page may come before they are imported
ADDRESS: Final = "/warm_up"  # where a page hears how far they are
STEP: Final = 0.05  # seconds between two looks whether they are there


class Libraries:
    """Whether all libraries are imported.

    Attributes:
        share: how many of them are (0..1).
    """

    def __init__(self) -> None:
        self.share = 0.0
        self._needed = threading.Event()
        self._there = threading.Event()

    def load(self) -> None:
        """Imports them, and our own modules that need them."""
        try:
            for number, name in enumerate(LIBRARIES, 1):
                import_module(name)
                self.share = number / (len(LIBRARIES) + 1)
            from fer_explain.explain.registry import list_methods

            list_methods()
        finally:
            self.share = 1.0  # what cannot be imported is told by the event that needs it
            self._there.set()

    def wait_until_needed(self) -> None:
        """Leaves the processor to a page that is being opened, until that asks something or nobody has come."""
        self._needed.wait(GRACE)

    async def wait(self) -> None:
        """Waits until they are imported."""
        self._needed.set()
        while not self._there.is_set():
            await asyncio.sleep(STEP)


class EventsWait:
    """ASGI middleware: what a page asks of Python waits for the libraries; files it may send at once."""

    def __init__(self, app: ASGIApp, libraries: Libraries) -> None:
        self._app = app
        self._libraries = libraries

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request."""
        path = str(scope.get("path", ""))
        if scope["type"] == "http" and path.endswith(ADDRESS):
            await JSONResponse({"share": self._libraries.share})(scope, receive, send)
            return
        if scope["type"] == "http" and scope["method"] == "POST" and not path.endswith("/upload"):
            await self._libraries.wait()
        await self._app(scope, receive, send)
