"""Requests are numbered as they come in, whatever is started first."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

from starlette.types import Receive, Scope, Send

from fer_explain.ui.shell.event_order import Arrivals, arrival


def test_a_request_keeps_the_number_that_it_came_with() -> None:
    seen: list[Scope] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope)

    async def come() -> None:
        for _ in range(2):
            await Arrivals(app)({"type": "http"}, None, None)  # type: ignore[arg-type]

    with ThreadPoolExecutor(1) as pool:  # a browser that another test opened keeps a loop running in this thread
        pool.submit(asyncio.run, come()).result()
    first, second = (SimpleNamespace(request=SimpleNamespace(scope=scope)) for scope in seen)
    assert arrival(second) > arrival(first) == arrival(first)
    assert arrival() > arrival(second), "what comes without a request comes now"
