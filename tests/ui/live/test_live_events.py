"""One camera frame through the live view, without a browser."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fer_explain.emotions import LABELS
from fer_explain.errors import FerError
from fer_explain.explain.tested import Explanations, Trial
from fer_explain.types import Box, Detection, Face, FaceAnalysis, Heatmap, Prediction
from fer_explain.ui.live import events
from fer_explain.ui.live.events import MAPS, PREFIX, Frame, see
from fer_explain.ui.live.tracks import Tracks
from fer_explain.ui.shell.texts import Texts

TO_PHOTO = np.array([[10, 0, 30], [0, 10, 20]], np.float32)


class OneFace:
    """Stands in for the analyzer: a face at a known place, happy at 0.4, or several of it."""

    def __init__(self, faces: int = 1) -> None:
        self.faces = faces
        self.asked: list[tuple[str | None, dict[str, Any]]] = []

    def folder(self, model: str | None) -> Path:
        return Path(model or "default")

    def detect(self, image: Image.Image, *, fast: bool) -> Detection:
        assert fast
        face = Face(np.zeros((20, 20, 3), np.uint8), Box(20, 10, 40, 30), TO_PHOTO)
        return Detection(np.asarray(image), [face] * self.faces, "stub")

    def explain(self, faces: list[Face], model: str | None, method: str | None, **settings: Any) -> list[FaceAnalysis]:
        self.asked.append((method, settings))
        shares = np.array([0.1, 0.1, 0.1, 0.4, 0.1, 0.1, 0.1], np.float32)
        heatmap = Heatmap(np.ones((8, 8), np.float32), "crop", "gradcam", 3) if method else None
        return [FaceAnalysis(face, Prediction(shares, shares, LABELS), None, heatmap=heatmap) for face in faces]


def message(**changes: Any) -> dict[str, Any]:
    buffer = io.BytesIO()
    Image.new("RGB", (60, 40), "gray").save(buffer, "jpeg")
    image = PREFIX + base64.b64encode(buffer.getvalue()).decode()
    return {"image": image, "model": "", "heat": True, "tracks": [], "time": 1.0} | changes


def test_a_frame_is_answered_in_fractions_of_itself() -> None:
    answer = see(OneFace(), Frame.from_json(message()), Texts())  # type: ignore[arg-type]
    (face,) = answer["faces"]
    assert face["box"] == pytest.approx([20 / 60, 10 / 40, 20 / 60, 20 / 40])
    assert {name: share for name, _, share in face["shares"]}["Happy"] == pytest.approx(0.4)
    assert face["heat"]["box"] == pytest.approx([20 / 60, 10 / 40, 20 / 60, 20 / 40])
    assert len(Tracks.from_json(answer["tracks"]).faces) == 1


def test_without_heat_there_is_no_map() -> None:
    answer = see(OneFace(), Frame.from_json(message(heat=False)), Texts())  # type: ignore[arg-type]
    assert answer["faces"][0]["heat"] is None
    assert not answer["map"]


@pytest.mark.parametrize(
    ("seconds", "faces", "title"),
    [(MAPS / 3, 1, "Occlusion"), (MAPS / 3, 4, "Grad-CAM"), (2 * MAPS, 1, "Grad-CAM"), (None, 1, "Grad-CAM")],
)
def test_the_tested_map_is_shown_where_there_is_time_for_it(
    seconds: float | None, faces: int, title: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def measured(folder: Path) -> Explanations | None:
        asked.append(folder)
        if seconds is None:
            return None
        trial = Trial("occlusion", {"window": 0.4}, 9, 0.5, 0.2, 0.8, {"curves": 0.6}, seconds)
        return Explanations("0" * 16, "validation", 0, 0, [trial])

    monkeypatch.setattr(events, "tested_map", measured)
    crowd = OneFace(faces)
    answer = see(crowd, Frame.from_json(message(model="small")), Texts())  # type: ignore[arg-type]
    assert asked == [Path("small")]
    assert answer["map"] == title
    assert crowd.asked == [("occlusion", {"window": 0.4}) if title == "Occlusion" else ("gradcam", {})]


@pytest.mark.parametrize(
    "junk",
    [
        None,
        "x",
        {},
        message(image="http://example.org/a.jpg"),
        message(time="now"),
        message(image=3),
        message(image=PREFIX * 200_000),
    ],
)
def test_anything_but_a_frame_is_refused(junk: Any) -> None:
    with pytest.raises(FerError, match="not a camera frame"):
        Frame.from_json(junk)


@pytest.mark.parametrize("data", ["!!!", base64.b64encode(b"no jpeg").decode()])
def test_a_frame_that_cannot_be_decoded_is_refused(data: str) -> None:
    with pytest.raises(FerError, match="cannot be decoded"):
        Frame.from_json(message(image=PREFIX + data)).picture()
