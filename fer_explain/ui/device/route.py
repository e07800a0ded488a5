"""The page of the device, served by the app from its own address, and headers that let every page use threads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fer_explain.ui.device.site import exported, write_site

PLACE: Final = "/device"
# A page has SharedArrayBuffer, and with it threads in WebAssembly, only when it is alone in its process (HTML standard,
# "cross-origin isolation"). Nothing here comes from elsewhere, so nothing is lost.
ALONE: Final = (
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-embedder-policy", b"require-corp"),
)


class Isolation:
    """ASGI middleware: the headers of a page that is alone in its process."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request."""

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *ALONE]
            await send(message)

        await self._app(scope, receive, answer)


class Device:
    """ASGI middleware: the page under :data:`PLACE`, assembled in a temporary folder when it is first asked for.

    Args:
        app: answers everything else.
        folders: gives the folders of the checkpoints, the default one first.
    """

    def __init__(self, app: ASGIApp, folders: Callable[[], Iterable[Path]]) -> None:
        self._app = app
        self._folders = folders
        self._lock = asyncio.Lock()
        self._home: TemporaryDirectory[str] | None = None
        self._site: Starlette | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request."""
        if scope["type"] != "http" or not str(scope["path"]).startswith(f"{PLACE}/"):
            await self._app(scope, receive, send)
            return
        async with self._lock:
            if self._site is None:
                self._site = await asyncio.to_thread(self._assemble)
        await self._site(scope, receive, send)

    def _assemble(self) -> Starlette:
        self._home = TemporaryDirectory(prefix="fer-explain-device-")
        write_site(Path(self._home.name), exported(self._folders()))
        return Starlette(routes=[Mount(PLACE, StaticFiles(directory=self._home.name, html=True))])
