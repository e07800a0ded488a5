"""``pretrained=True`` for real: timm and huggingface_hub against a loopback server that speaks the Hub's protocol.

huggingface_hub reads HF_ENDPOINT and HF_HOME when it is imported, so the downloads run in a process of their own: one
for all cases, as starting it is what takes the time.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import save

ROOT = Path(__file__).resolve().parents[2]
COMMIT = "0123456789abcdef0123456789abcdef01234567"
WHOLE, PARTIAL, DAMAGED = "mobilenetv3_small_050", "mobilenetv3_small_075", "mobilenetv3_small_100"
ABSENT = "tf_mobilenetv3_small_minimal_100"

_SCRIPT = """
import hashlib, json, sys
from fer_explain.errors import FerError
from fer_explain.models import create_model
from fer_explain.models.backbone import pretrained_report

def ask(name):
    try:
        model = create_model(name, pretrained=True)
    except FerError as error:
        return {"sentence": str(error)}
    report = pretrained_report(model)
    stem = next(value for key, value in model.state_dict().items() if key.endswith("conv_stem.weight"))
    return {
        "line": str(report), "source": report.source, "matched": report.matched, "fresh": report.fresh,
        "stem": hashlib.sha256(stem.numpy().tobytes()).hexdigest(),
    }

print(json.dumps({name: ask(name) for name in sys.argv[1:]}))
"""


class Handler(BaseHTTPRequestHandler):
    """Single files of repositories, as hf_hub_download asks for them."""

    protocol_version = "HTTP/1.1"
    files: dict[str, bytes]

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        repository, _, file = self.path.lstrip("/").partition("/resolve/main/")
        body = self.files.get(repository) if file == "model.safetensors" else None
        if body is None:
            code = "EntryNotFound" if repository in self.files else "RepoNotFound"
            return self.reply(404, b"", {"X-Error-Code": code})
        return self.reply(200, body, {"ETag": f'"{hashlib.sha1(body).hexdigest()}"', "X-Repo-Commit": COMMIT})

    def do_HEAD(self) -> None:
        self.do_GET()

    def reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


def published(name: str) -> dict[str, torch.Tensor]:
    """What timm's repository of a network would hold: its own head of 1,000 classes included."""
    torch.manual_seed(5)
    return timm.create_model(name).state_dict()


def repository(name: str) -> str:
    return str(timm.get_pretrained_cfg(name).hf_hub_id)


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    """The server's address."""
    partial = published(PARTIAL)
    del partial["conv_head.weight"]
    Handler.files = {
        repository(WHOLE): save(published(WHOLE)),
        repository(PARTIAL): save(partial),
        repository(DAMAGED): save(published(DAMAGED))[:5000],
    }
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def answers(served: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    home = {"HF_ENDPOINT": served, "HF_HOME": str(tmp_path_factory.mktemp("hub")), "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    names = [f"timm:{name}" for name in (WHOLE, PARTIAL, DAMAGED, ABSENT)]
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, *names, f"stn_se_{WHOLE}"],
        env=clean | home, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]


def test_the_hubs_weights_arrive_and_the_report_names_them(answers: dict[str, dict[str, Any]]) -> None:
    told, weights = answers[f"timm:{WHOLE}"], published(WHOLE)
    assert told["stem"] == hashlib.sha256(weights["conv_stem.weight"].numpy().tobytes()).hexdigest()
    assert told["source"] == repository(WHOLE)
    assert set(told["fresh"]) == {"classifier.weight", "classifier.bias"}
    assert told["matched"] == len([key for key in weights if not key.endswith("num_batches_tracked")]) - 2
    assert told["line"].startswith(f"{told['matched']} of {told['matched'] + 2} tensors are from {repository(WHOLE)}")


def test_a_network_built_around_them_keeps_them(answers: dict[str, dict[str, Any]]) -> None:
    plain, gated = answers[f"timm:{WHOLE}"], answers[f"stn_se_{WHOLE}"]
    assert gated["stem"] == plain["stem"]
    assert gated["matched"] == plain["matched"]
    assert len(gated["fresh"]) > len(plain["fresh"])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (PARTIAL, "cannot be used: .*conv_head.weight"),
        (DAMAGED, "could not be fetched from the Hugging Face Hub"),
        (ABSENT, "could not be fetched from the Hugging Face Hub .* give a local file with --pretrained FILE"),
    ],
)
def test_what_does_not_fit_as_a_whole_is_refused(name: str, said: str, answers: dict[str, dict[str, Any]]) -> None:
    sentence = answers[f"timm:{name}"]["sentence"]
    assert re.search(said, sentence), sentence
    assert name in sentence
    assert "\n" not in sentence
