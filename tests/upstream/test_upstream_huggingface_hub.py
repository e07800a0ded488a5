"""What huggingface_hub does wrong, shown with it alone. A test here fails once it has been mended."""

import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from huggingface_hub import HfApi, get_hf_file_metadata
from huggingface_hub.errors import HfHubHTTPError


def test_repository_is_created_with_one_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class Busy(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.send_response(503)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.setattr(time, "sleep", lambda _: None)
    server = HTTPServer(("127.0.0.1", 0), Busy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with pytest.raises(HfHubHTTPError):
            HfApi(endpoint=f"http://127.0.0.1:{server.server_port}", token="hf_none").create_repo("org/name")
    finally:
        server.shutdown()
        server.server_close()
    assert asked == ["/api/repos/create"], "A busy Hub is asked again: _patiently in fer_explain/hub/publish.py can go."


def test_time_limit_does_not_bound_a_name_lookup(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: Any, **__: Any) -> Any:
        time.sleep(1)
        raise socket.gaierror("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    began = time.monotonic()
    with pytest.raises(Exception, match="no such name"):
        get_hf_file_metadata("http://hub.invalid/org/name/resolve/main/file", timeout=0.1)
    assert time.monotonic() - began > 0.9, (
        "A time limit holds: the thread of _fetch in fer_explain/faces/yunet.py can go."
    )
