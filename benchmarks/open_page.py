"""A page that asks about one photo, at the least cost of its own: it shares the cores with the app it measures."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final

import orjson

ROOT: Final = Path(__file__).resolve().parents[1]
PHOTO: Final = ROOT / "fer_explain" / "ui" / "shell" / "examples" / "astronaut.jpg"
EDGE: Final = secrets.token_hex(16)  # between the parts of a form


@contextmanager
def open_page(url: str) -> Iterator[Callable[[], Any]]:
    """Asks about the photo as an open page does, in one session, over one connection a question; gives the answer.

    gradio_client makes a connection for every step of a request and reads the certificates of this machine for each,
    which takes longer than the answer; httpx takes a twelfth of the app's time on the same cores.
    """
    with closing(HTTPConnection(url.split("/")[2], timeout=60)) as page:
        entries = json.loads(_fetch(page, "GET", "/config"))["dependencies"]
        [analyze] = [entry["id"] for entry in entries if entry["api_name"] == "analyze"]
        visit = {"fn_index": analyze, "session_hash": secrets.token_hex(5)}
        head = f'--{EDGE}\r\nContent-Disposition: form-data; name="files"; filename="{PHOTO.name}"\r\n\r\n'.encode()
        form = head + PHOTO.read_bytes() + f"\r\n--{EDGE}--\r\n".encode()

        def send() -> Any:
            page.close()  # the app may have closed it meanwhile; it opens by itself
            kind = f"multipart/form-data; boundary={EDGE}"
            [path] = json.loads(_fetch(page, "POST", "/gradio_api/upload", form, kind))
            photo = {"path": path, "meta": {"_type": "gradio.FileData"}}
            question = json.dumps(visit | {"data": [photo, "", "gradcam", "", False]}).encode()
            _fetch(page, "POST", "/gradio_api/queue/join", question, "application/json")
            told = _fetch(page, "GET", f"/gradio_api/queue/data?session_hash={visit['session_hash']}")
            events = (orjson.loads(line[5:]) for line in told.splitlines() if line.startswith(b"data:"))
            last = next(event for event in events if event["msg"] == "process_completed")
            if not last["success"]:
                raise RuntimeError(f"the app did not answer: {last['output']}")
            return last["output"]["data"][0]

        yield send


def _fetch(page: HTTPConnection, method: str, path: str, body: bytes | None = None, kind: str = "") -> bytes:
    """One request and all of its answer."""
    page.request(method, path, body, {"Content-Type": kind} if kind else {})
    answer = page.getresponse()
    content = answer.read()
    if answer.status != HTTPStatus.OK:
        raise RuntimeError(f"{path}: {answer.status} {content[:200]!r}")
    return content
