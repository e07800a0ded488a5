"""The panels as HTML, without Gradio and without a network."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from fer_explain.emotions import LABELS
from fer_explain.faces.quality import LIMITS, Limit
from fer_explain.types import (
    Box,
    ChannelGate,
    Detection,
    Face,
    FaceAnalysis,
    Heatmap,
    Prediction,
    SpatialGate,
    Warp,
)
from fer_explain.ui.about.view import card_text, errors_by_class
from fer_explain.ui.analyse.alignment.view import stn
from fer_explain.ui.analyse.answer.view import verdict
from fer_explain.ui.analyse.gates.view import gate_summary
from fer_explain.ui.analyse.heat_map.view import heat
from fer_explain.ui.analyse.photo.view import face_picker, faces_found
from fer_explain.ui.shell.heat_picture import heat_picture
from fer_explain.ui.shell.photo import LONGEST, show
from fer_explain.ui.shell.session import Session
from fer_explain.ui.shell.status import status
from fer_explain.ui.shell.texts import LANGUAGES, Texts

TEXTS = Texts()
SHARES = np.array([0.02, 0.02, 0.02, 0.9, 0.01, 0.01, 0.02], np.float32)
PREDICTION = Prediction(np.log(SHARES), SHARES, LABELS)


def face(left: float = 50, top: float = 20, side: float = 40, source: str = "mtcnn") -> Face:
    half = side / 2
    to_photo = np.array([[half, 0, left + half], [0, half, top + half]], np.float32)
    box = Box(left, top, left + side, top + side)
    return Face(np.full((40, 40, 3), 90, np.uint8), box, to_photo, score=0.987, source=source)


def analysis(warp: Warp | None = None, heatmap: Heatmap | None = None) -> FaceAnalysis:
    return FaceAnalysis(face(), PREDICTION, warp, [], [], heatmap)


def constant(value: float = 1.0, scale: float = 1.0, frame: str = "crop") -> Heatmap:
    return Heatmap(np.full((8, 8), value, np.float32), frame, "gradcam", 4, scale)  # type: ignore[arg-type]


def test_a_large_photo_is_reduced_and_its_faces_with_it() -> None:
    shown = show(np.zeros((1000, 2048, 3), np.uint8))
    assert (shown.width, shown.height) == (LONGEST, 500)
    placed = shown.place(face(left=400, side=200))
    assert (placed.box.x0, placed.box.x1) == (200, 300)
    np.testing.assert_allclose(placed.corners[0], (200, 10))


def test_a_small_photo_stays_as_it_is() -> None:
    shown = show(np.zeros((100, 160, 3), np.uint8))
    assert (shown.width, shown.height, shown.scale) == (160, 100, 1.0)
    assert shown.uri.startswith("data:image/jpeg;base64,")


def test_each_face_is_a_button_where_it_lies_cut_off_at_the_border() -> None:
    shown = show(np.zeros((100, 200, 3), np.uint8))
    page = face_picker(shown, [face(), face(left=-20)], 1, TEXTS)
    assert re.findall(r'data-face="(\d)" aria-pressed="(\w+)"', page) == [("0", "false"), ("1", "true")]
    assert "left:25.000%;top:20.000%;width:20.000%;height:40.000%" in page
    assert "left:0.000%;top:20.000%;width:10.000%" in page
    assert "Face 2 of 2, found with 99 % certainty" in page


def test_what_comes_from_outside_is_escaped() -> None:
    assert "&lt;b&gt;" in status("<b>'x'.png</b> is broken", error=True)
    assert "<script>" not in verdict(PREDICTION, "<script>", trained=True, texts=TEXTS)


def test_an_error_is_announced_at_once() -> None:
    assert 'role="alert"' in status("broken", error=True)
    assert 'role="status"' in status("fine")


@pytest.mark.parametrize(
    ("faces", "sentence"),
    [
        ([], "No face was found"),
        ([face()], "One face found."),
        ([face(source="whole image")], "The whole image is taken for one face."),
        ([face(source="face crop")], "already is one face"),
        ([face(), face()], "2 faces found, showing number 1."),
    ],
)
def test_the_status_tells_what_was_found(faces: list[Face], sentence: str) -> None:
    session = Session().found(Detection(np.zeros((100, 200, 3), np.uint8), faces, "mtcnn"))
    assert sentence in faces_found(session, TEXTS)


def test_the_verdict_is_the_label_and_its_probability() -> None:
    trained = verdict(PREDICTION, "emonext_nano", trained=True, texts=TEXTS)
    assert "Happy <b>90 %</b>" in trained
    assert "untrained" not in trained
    assert "untrained" in verdict(PREDICTION, "emonext_nano", trained=False, texts=TEXTS)


def test_the_map_lies_on_the_crop_of_the_face() -> None:
    shown = show(np.zeros((100, 200, 3), np.uint8))
    page = heat(shown, analysis(heatmap=constant()), "Grad-CAM", TEXTS)
    assert re.search(r'class="fer-map" href="[^"]+" x="50" y="20" width="40" height="40"', page)
    assert 'data-whole="0 0 200 100"' in page
    assert "Grad-CAM for “Sad”" in page
    near = re.search(r'data-near="(\d+) (\d+) (\d+) (\d+)"', page)
    assert near is not None
    assert [int(number) for number in near.groups()] == [36, 6, 68, 68]


def test_a_map_behind_a_warp_follows_it() -> None:
    half = np.array([[0.5, 0, 0.5], [0, 0.5, 0]], np.float32)  # the window is the middle of the crop's right half
    warped = analysis(Warp(half, np.zeros((8, 8, 3), np.uint8)), constant(frame="warped"))
    picture = heat_picture(warped, (100, 200))
    assert picture is not None
    assert picture["box"] == [70 / 200, 30 / 100, 20 / 200, 20 / 100]


def test_an_empty_map_says_so_and_a_signed_one_has_two_ends() -> None:
    shown = show(np.zeros((100, 200, 3), np.uint8))
    assert "the map is empty" in heat(shown, analysis(heatmap=constant(0.0, scale=0.0)), "Grad-CAM", TEXTS)
    signed = heat(shown, analysis(heatmap=constant(-0.5)), "Saliency", TEXTS)
    assert "against" in signed
    assert heat(shown, analysis(), "Grad-CAM", TEXTS) == ""


def test_the_transformer_is_read_out_in_words() -> None:
    turn = np.array([[0, -0.5, 0.2], [0.5, 0, -0.4]], np.float32)
    page = stn(analysis(Warp(turn, np.zeros((48, 48, 3), np.uint8))), "EmoNeXt-Tiny", TEXTS)
    assert "+90.0°" in page
    assert "2.00 ×" in page
    assert "4.8 px right, 9.6 px up" in page
    assert page.count("<img") == 2
    assert "VGG19 has no spatial transformer" in stn(analysis(), "VGG19", TEXTS)


def test_a_gate_names_its_kind_and_its_extremes() -> None:
    gate = ChannelGate("gates.0", "eca", np.array([0.5, 0.9, 0.1, 0.8, 0.2, 0.7], np.float32))
    page = gate_summary(gate, analysis(), "a network", TEXTS)
    assert "efficient channel attention" in page
    assert "6 channels" in page
    assert re.findall(r"#(\d)", page) == ["1", "3", "5", "2", "4", "0"]
    assert "VGG19 has no gates" in gate_summary(None, analysis(), "VGG19", TEXTS)


def opaque(page: str) -> NDArray[np.bool_]:
    """Where the map of a page is not transparent."""
    found = re.search(r'class="fer-map" href="data:image/png;base64,([^"]+)"', page)
    assert found is not None
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(found[1]))))[..., 3] > 0


def test_a_gate_over_places_lies_on_the_face_in_its_own_frame() -> None:
    values = np.linspace(0.01, 0.03, 36, dtype=np.float32).reshape(6, 6)
    right = np.array([[0.5, 0, 0.5], [0, 1, 0]], np.float32)  # the network saw the right half of the crop
    told = analysis(Warp(right, np.zeros((48, 48, 3), np.uint8)))
    warped = gate_summary(SpatialGate("masks.0", "unet", values, "warped"), told, "a network", TEXTS)
    plain = gate_summary(SpatialGate("masks.0", "unet", values, "crop"), told, "a network", TEXTS)
    assert opaque(plain).all()
    half = opaque(warped).shape[1] // 2
    assert opaque(warped)[:, half + 1 :].all()
    assert not opaque(warped)[:, : half - 1].any()
    assert 'role="img" aria-label="The face with a map over it' in warped
    assert "U-Net mask" in warped
    assert "Largest weight of any channel" in warped
    assert re.findall(r"<span>([\d.]+)</span>", warped) == ["0.01", "0.03"]


def test_a_spatial_gate_of_cbam_is_called_that() -> None:
    spatial = SpatialGate("attention.spatial", "cbam", np.full((3, 3), 0.5, np.float32), "crop")
    page = gate_summary(spatial, analysis(), "a network", TEXTS)
    assert "CBAM, places" in page
    assert "Weight of each place" in page
    assert opaque(page).all()


def test_a_card_is_shown_without_what_only_the_hub_reads() -> None:
    assert card_text("---\nlicense: apache-2.0\n---\n\n# Model\n\ntext --- text\n") == "# Model\n\ntext --- text"
    assert card_text("# No front matter") == "# No front matter"
    assert card_text("# Model\n\n![Counts](confusion.png)\n\n## Use\n") == "# Model\n\n## Use"


def test_the_training_options_of_a_card_are_folded_up() -> None:
    folded = card_text("# Model\n\n## Training\n\n| a | b |\n\n## Licence\n\ntext\n")
    assert folded == (
        '# Model\n\n<details><summary>Training</summary>\n\n<div class="fer-frame" tabindex="0">\n\n| a | b |\n\n</div>'
        "\n\n</details>\n\n## Licence\n\ntext"
    )


def test_errors_by_class_come_from_the_test_split() -> None:
    from fer_explain.benchmark.metrics import evaluate

    truth = np.repeat(np.arange(7), 4)
    logits = np.eye(7)[truth] * 3
    logits[:2] = np.eye(7)[6] * 3  # half of the angry faces are called neutral
    scores = evaluate(logits, truth, LABELS, bootstrap=20)
    page = errors_by_class({"splits": {"test": scores.to_dict()}}, TEXTS)
    assert re.findall(r"Angry</td>.*?(\d+) %</td>.*?(\d+) %</td><td>(\d+)", page) == [("50", "100", "4")]
    assert re.findall(r"Neutral</td>.*?(\d+) %</td>.*?(\d+) %</td><td>(\d+)", page) == [("100", "67", "4")]
    assert "92.9 %" in page
    assert "Nothing has been measured" in errors_by_class({}, TEXTS)
    assert "Nothing has been measured" in errors_by_class({"splits": 3}, TEXTS)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_every_warning_is_told_in_every_language(limit: Limit, language: str) -> None:
    assert LANGUAGES[language][f"stability.warn.{limit.name}"].strip()
