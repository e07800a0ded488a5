"""Large libraries are imported by one thread, before the first event of a page runs.

Some of them import in circles. When two threads do that at the same time, Python breaks their deadlock by handing out
half a module, and an event would fail. The page itself and its files wait for nothing.
"""

from __future__ import annotations

import asyncio
import threading
from importlib import import_module
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

LIBRARIES: Final = ("timm", "torchvision.transforms.v2", "captum.attr", "pytorch_grad_cam", "pandas", "scipy.stats")
STEP: Final = 0.05  # seconds between two looks whether they are there


class Libraries:
    """Whether all libraries are imported."""

    def __init__(self) -> None:
        self._there = threading.Event()

    def load(self) -> None:
        """Imports them, and our own modules that need them."""
        try:
            for name in LIBRARIES:
                import_module(name)
            from fer_explain.explain.registry import list_methods

            list_methods()
        finally:  # what cannot be imported is told by the event that needs it
            self._there.set()

    async def wait(self) -> None:
        """Waits until they are imported."""
        while not self._there.is_set():
            await asyncio.sleep(STEP)


class EventsWait:
    """ASGI middleware: what a page asks of Python waits for the libraries."""

    def __init__(self, app: ASGIApp, libraries: Libraries) -> None:
        self._app = app
        self._libraries = libraries

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request."""
        if scope["type"] == "http" and scope["method"] == "POST":
            await self._libraries.wait()
        await self._app(scope, receive, send)
