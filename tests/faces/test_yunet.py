"""YuNet: its output through a fake OpenCV detector, and its way here through a Hub on the loopback interface."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from fer_explain.errors import FerError
from fer_explain.faces import yunet
from fer_explain.faces.detect import load_detector
from fer_explain.types import Pixels

WEIGHTS = b"not really an ONNX file"
ROW = [10, 20, 30, 40, 15, 30, 33, 31, 24, 42, 17, 50, 31, 51, 0.93]
COMMIT = "0123456789abcdef0123456789abcdef01234567"


class FakeNet:
    """cv2.FaceDetectorYN, as far as it is used."""

    def __init__(self, rows: list[list[float]] | None) -> None:
        self.rows = rows
        self.size = (0, 0)
        self.image: Pixels | None = None

    def setInputSize(self, size: tuple[int, int]) -> None:  # noqa: N802
        self.size = size

    def detect(self, image: Pixels) -> tuple[int, Any]:
        assert image.shape[1::-1] == self.size
        self.image = image
        return 1, None if self.rows is None else np.array(self.rows, np.float32)


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch) -> FakeNet:
    net = FakeNet([ROW, [0, 0, 8, 9, *ROW[4:14], 0.99]])

    class Fake:
        create = staticmethod(lambda *_: net)

    monkeypatch.setattr(cv2, "FaceDetectorYN", Fake)
    monkeypatch.setattr(yunet, "SHA256", hashlib.sha256(WEIGHTS).hexdigest())
    monkeypatch.setattr(yunet, "PATIENCE", 20.0)  # a busy machine is no missing Hub
    return net


def test_opencvs_rows_become_boxes_landmarks_and_scores(net: FakeNet, tmp_path: Path) -> None:
    image = np.zeros((60, 80, 3), np.uint8)
    image[..., 0] = 200  # red
    found = yunet.YuNet(tmp_path)(image, smallest=12)
    np.testing.assert_allclose(found.boxes, [[10, 20, 40, 60]])
    np.testing.assert_allclose(found.landmarks, [[(15, 30), (33, 31), (24, 42), (17, 50), (31, 51)]])
    np.testing.assert_allclose(found.scores, [0.93])
    assert net.image is not None
    assert net.image[0, 0].tolist() == [0, 0, 200]  # OpenCV wants blue first


def test_no_face(net: FakeNet, tmp_path: Path) -> None:
    net.rows = None
    assert len(yunet.YuNet(tmp_path)(np.zeros((60, 80, 3), np.uint8)).scores) == 0


def test_a_file_named_by_the_environment_is_used(net: FakeNet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mine.onnx"
    path.write_bytes(WEIGHTS)
    monkeypatch.setenv(yunet.VARIABLE, str(path))
    name, detector = load_detector()
    assert name == "yunet"
    assert detector is load_detector("yunet")[1]


def test_a_file_in_the_cache_is_used_offline(net: FakeNet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / yunet.FILE
    path.write_bytes(WEIGHTS)
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_: str(path))
    assert load_detector()[0] == "yunet"


@pytest.mark.parametrize("content", [b"another file", None])
def test_any_other_file_is_refused_and_mtcnn_serves(
    net: FakeNet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    path = tmp_path / "mine.onnx"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv(yunet.VARIABLE, str(path))
    assert load_detector()[0] == "mtcnn"
    with pytest.raises(FerError, match=r"mine.onnx' (is not face_detection_yunet|cannot be read)"):
        load_detector("yunet")


def test_offline_the_hub_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yunet, "_fetch", lambda: pytest.fail("asked the Hub"))
    with pytest.raises(FerError, match="HF_HUB_OFFLINE"):
        yunet.load()


class Hub(ThreadingHTTPServer):
    """Just enough of the Hub to download one file; silent until ``answer`` is set."""

    content = WEIGHTS
    status = 200
    asked = 0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), HubHandler)
        self.answer = threading.Event()
        self.answer.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class HubHandler(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        hub = self.server
        assert isinstance(hub, Hub)
        hub.asked += 1
        hub.answer.wait(20)
        found = hub.status == 200 and self.path == f"/{yunet.REPOSITORY}/resolve/main/{yunet.FILE}"
        self.send_response(200 if found else 404)
        self.send_header("ETag", f'"{hashlib.sha256(hub.content).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", str(len(hub.content) if found else 0))
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()
        self.wfile.write(self.server.content)  # type: ignore[attr-defined]

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    server = Hub()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    point_at(server.url, monkeypatch, tmp_path)
    yield server
    server.answer.set()
    server.shutdown()
    server.server_close()


def point_at(url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """huggingface_hub reads its environment when it is imported, so its constants are set instead."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", url + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))


def test_fetched_from_the_hub_once(net: FakeNet, hub: Hub) -> None:
    assert load_detector()[0] == "yunet"
    asked = hub.asked
    assert load_detector()[0] == "yunet"
    assert hub.asked == asked > 0


def test_a_wrong_file_on_the_hub_is_not_used(net: FakeNet, hub: Hub) -> None:
    hub.content = b"something else"
    assert load_detector()[0] == "mtcnn"
    with pytest.raises(FerError, match="its SHA-256 is"):
        yunet.load()


def test_a_missing_file_on_the_hub(net: FakeNet, hub: Hub) -> None:
    hub.status = 404
    assert load_detector()[0] == "mtcnn"


def test_a_silent_hub_costs_a_moment_once(net: FakeNet, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yunet, "PATIENCE", 0.3)
    hub.answer.clear()
    start = time.monotonic()
    for _ in range(5):
        assert load_detector()[0] == "mtcnn"
    assert time.monotonic() - start < 5  # of a server that answers after 20
    assert hub.asked <= 1


def test_a_refused_connection_falls_back(net: FakeNet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    point_at("http://127.0.0.1:9", monkeypatch, tmp_path)
    assert load_detector()[0] == "mtcnn"
    with pytest.raises(FerError, match="could not be fetched"):
        load_detector("yunet")
