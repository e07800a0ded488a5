"""SIGTERM ends the app while it works: at once, with status 0, and with nothing left in the temporary folder."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import httpx

from fer_explain.ui.shell.examples import ASTRONAUT

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 120  # seconds, of a busy machine


def test_the_app_ends_at_once_and_cleans_up(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GRADIO_")}
    environment = kept | {"GRADIO_SERVER_PORT": str(port), "TMPDIR": str(tmp_path)}
    app = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as page:
            _wait_for(page)
            _keep_busy(page)
            app.send_signal(signal.SIGTERM)
            _, errors = app.communicate(timeout=10)
    finally:
        app.kill()
    assert app.returncode == 0
    assert "Traceback" not in errors
    assert not [path for path in tmp_path.rglob("*") if path.suffix in {".jpg", ".png", ".webp"}]
    assert not list(tmp_path.glob("fer-explain-*/*"))


def _wait_for(page: httpx.Client) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with suppress(httpx.TransportError):
            if page.get("/").status_code == 200:
                return
        time.sleep(0.1)
    raise AssertionError("the app did not start")


def _keep_busy(page: httpx.Client) -> None:
    """Asks for slow explanations, and comes back when the first of them is being worked out."""
    entries = page.get("/config").json()["dependencies"]
    [analyze] = [entry["id"] for entry in entries if entry["api_name"] == "analyze"]
    visits = [{"session_hash": secrets.token_hex(5)} for _ in range(4)]
    for visit in visits:
        [path] = page.post("/gradio_api/upload", files={"files": ("a.jpg", ASTRONAUT.read_bytes())}).json()
        question = [{"path": path, "meta": {"_type": "gradio.FileData"}}, "", "rise", "", False]
        asked = visit | {"fn_index": analyze, "data": question}
        page.post("/gradio_api/queue/join", json=asked).raise_for_status()
    with page.stream("GET", "/gradio_api/queue/data", params=visits[0]) as events:
        next(line for line in events.iter_lines() if '"process_starts"' in line)
