"""What the service says of faces and photos."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import fer_explain as fx
from fer_explain import Analyzer
from fer_explain.emotions import LABELS
from fer_explain.errors import FerError
from fer_explain.faces.detect import whole_image
from fer_explain.faces.drawn import draw_face
from fer_explain.hub import checkpoint as hub
from fer_explain.types import Analysis, Detection, Face
from tests.untrained import TEMPERATURE, THETA, assert_same, face

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def two_faces(monkeypatch: pytest.MonkeyPatch) -> list[Face]:
    """Makes the detector find two faces in every photo, without running one."""
    faces = [face(1), face(2)]
    monkeypatch.setattr(
        "fer_explain.faces.detect.detect", lambda photo, _which, search: Detection(photo, faces, "fake")
    )
    return faces


def test_importing_and_constructing_load_no_torch(tmp_path: Path) -> None:
    code = (
        "import sys, fer_explain as fx; names = fx.list_checkpoints(); analyzer = fx.Analyzer();"
        "assert analyzer.models == names and not analyzer.problems;"
        "heavy = {'torch', 'timm', 'gradio', 'cv2', 'pytorch_grad_cam'} & set(sys.modules); assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_public_names_are_there() -> None:
    for name in ("list_models", "list_checkpoints", "create_model", "load", "load_checkpoint", "Analyzer"):
        assert callable(getattr(fx, name))
        assert name in dir(fx)
    with pytest.raises(AttributeError, match="no attribute 'magic'"):
        fx.magic  # noqa: B018


def test_load_gives_a_network_ready_to_use(analyzer: Analyzer, shelf: Path) -> None:
    model = fx.load(shelf / "emonext_nano")
    assert not model.training
    assert model(torch.zeros(2, 3, 48, 48)).shape == (2, 7)


def test_one_face_gets_everything(analyzer: Analyzer) -> None:
    (told,) = analyzer.explain([face(0)])
    logits = told.prediction.logits.astype(np.float64) / TEMPERATURE
    np.testing.assert_allclose(told.prediction.probabilities, np.exp(logits) / np.exp(logits).sum(), rtol=1e-5)
    assert told.prediction.labels == LABELS
    assert told.warp is not None
    np.testing.assert_allclose(told.warp.theta, THETA, atol=1e-3)  # stored in half precision
    assert told.warp.aligned.shape == (48, 48, 3)
    assert told.warp.aligned.dtype == np.uint8
    assert [gate.weights.shape for gate in told.gates] == [(48,), (96,), (160,), (256,)]
    assert {gate.kind for gate in told.gates} == {"se"}
    assert told.heatmap is not None
    assert (told.heatmap.frame, told.heatmap.target) == ("warped", told.prediction.index)
    assert told.heatmap.values.shape == (48, 48)
    (plain,) = analyzer.explain([face(0)], "convnext_nano")
    assert plain.warp is None
    assert plain.gates == []
    assert plain.heatmap is not None
    assert plain.heatmap.frame == "crop"


def test_logits_are_those_of_the_network_alone(analyzer: Analyzer, shelf: Path) -> None:
    from fer_explain.faces.preprocess import preprocess

    checkpoint = hub.load_checkpoint(shelf / "emonext_nano")
    with torch.no_grad():
        expected = checkpoint.model(preprocess(face(4), checkpoint.config.input))[0].numpy()
    for method in ("gradcam", None):
        np.testing.assert_allclose(analyzer.explain([face(4)], method=method)[0].prediction.logits, expected, atol=1e-5)


def test_prediction_alone_runs_no_backward(analyzer: Analyzer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.autograd, "backward", lambda *_, **__: pytest.fail("a backward pass"))
    (prediction,) = analyzer.predict([face(0)])
    (told,) = analyzer.explain([face(0)], method=None)
    np.testing.assert_allclose(prediction.logits, told.prediction.logits, atol=1e-6)
    assert told.heatmap is None
    assert told.warp is not None
    assert len(told.gates) == 4


def test_several_faces_are_one_pass(analyzer: Analyzer) -> None:
    faces = [face(seed) for seed in range(3)]
    sizes: list[int] = []
    model = analyzer.checkpoint().model
    handle = model.register_forward_hook(lambda _m, inputs, _o: sizes.append(len(inputs[0])))
    together = analyzer.explain(faces)
    handle.remove()
    assert sizes == [3]
    assert [one.face for one in together] == faces
    for one, alone in zip(together, faces, strict=True):
        assert_same(one, analyzer.explain([alone])[0])
    assert analyzer.explain([]) == []


@pytest.mark.parametrize("target", [3, "happy", "Happiness", " HAPPY "])
def test_a_target_is_an_index_or_a_name(analyzer: Analyzer, target: int | str) -> None:
    (told,) = analyzer.explain([face(0)], target=target)
    assert told.heatmap is not None
    assert told.heatmap.target == 3


@pytest.mark.parametrize("target", [7, -1, "bored"])
def test_an_unknown_target_names_the_classes(analyzer: Analyzer, target: int | str) -> None:
    with pytest.raises(FerError, match=rf"'{target}' is no class.*angry, disgust, .*0 to 6"):
        analyzer.explain([face(0)], target=target)


def test_unknown_names_are_refused_with_what_is_accepted(analyzer: Analyzer) -> None:
    with pytest.raises(FerError, match=r"no checkpoint 'vgg'.*emonext_nano, convnext_nano"):
        analyzer.explain([face(0)], "vgg")
    with pytest.raises(FerError, match=r"no explanation 'magic'.*gradcam"):
        analyzer.explain([face(0)], method="magic")
    with pytest.raises(FerError, match="no parameter 'colour'; it has layer"):
        analyzer.explain([face(0)], colour="red")
    (told,) = analyzer.explain([face(0)], layer="backbone.stages.1")
    assert told.heatmap is not None
    assert told.heatmap.layer == "backbone.stages.1"


def test_a_photo_is_analysed_face_by_face(analyzer: Analyzer, two_faces: list[Face]) -> None:
    photo = np.full((80, 90, 3), 128, dtype=np.uint8)
    result = analyzer.analyze(photo, target="sad")
    assert isinstance(result, Analysis)
    assert (result.model, result.detector, result.photo.shape) == ("emonext_nano", "fake", (80, 90, 3))
    for told, alone in zip(result.faces, two_faces, strict=True):
        assert_same(told, analyzer.explain([alone], target="sad")[0])


def test_models_are_compared_on_the_same_faces(
    analyzer: Analyzer, two_faces: list[Face], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    monkeypatch.setattr(
        "fer_explain.faces.detect.detect",
        lambda photo, *_, **__: calls.append(1) or Detection(photo, two_faces, "fake"),
    )
    results = analyzer.compare(np.zeros((60, 60, 3), dtype=np.uint8), ["convnext_nano", "emonext_nano"])
    assert list(results) == ["convnext_nano", "emonext_nano"]
    assert calls == [1]
    for name, result in results.items():
        assert result.model == name
        assert_same(result.faces[1], analyzer.explain(two_faces[1:], name)[0])


def test_a_photo_without_a_face_has_no_faces_unless_it_is_taken_whole(
    analyzer: Analyzer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fer_explain.faces.detect.detect", lambda photo, which, search: Detection(photo, [], which))
    photo = np.random.default_rng(0).integers(0, 256, (100, 120, 3), dtype=np.uint8)
    assert analyzer.analyze(photo).faces == []
    assert analyzer.analyze(photo).detector == "auto"
    (told,) = analyzer.analyze(photo, whole_image=True).faces
    assert told.face.source == "whole image"
    assert told.heatmap is not None


@pytest.mark.parametrize("against", ["sad", 4, ["Sadness"], [4]])
def test_classes_in_settings_go_by_index_or_name(analyzer: Analyzer, against: Any) -> None:
    expected = analyzer.explain([face(0)], method="finer_cam", target="happy", against=(4,))[0]
    assert_same(analyzer.explain([face(0)], method="finer_cam", target="happy", against=against)[0], expected)
    with pytest.raises(FerError, match="'bored' is no class"):
        analyzer.explain([face(0)], method="finer_cam", against=["bored"])


def test_regions_follow_the_landmarks_of_each_face(analyzer: Analyzer) -> None:
    from dataclasses import replace

    lower = np.array([[15, 35], [45, 35], [30, 45], [20, 55], [40, 55]], dtype=np.float32)
    [usual, moved] = analyzer.explain([face(0), replace(face(0), landmarks=lower)], method="region_ablation", target=0)
    assert usual.heatmap is not None
    assert moved.heatmap is not None
    assert (usual.heatmap.frame, usual.heatmap.signed) == ("crop", True)
    assert not np.allclose(usual.heatmap.values, moved.heatmap.values)


def test_the_answer_is_weighed_under_ten_small_changes(analyzer: Analyzer) -> None:
    from fer_explain.explain.stability import SMALL

    side = analyzer.checkpoint().config.input.size
    face = whole_image(draw_face("happy", size=side).pixels)
    large = analyzer.stability(whole_image(draw_face("happy", size=2 * side).pixels))
    assert {change.face.pixels.shape for change in large.changes} == {(side, side, 3)}
    found = analyzer.stability(face)
    assert [change.name for change in found.changes] == list(SMALL)
    assert len(SMALL) == 10
    [alone] = analyzer.predict([face])
    np.testing.assert_allclose(found.prediction.logits, alone.logits, atol=1e-4)
    mirrored = next(change for change in found.changes if change.name == "mirrored")
    assert (mirrored.face.pixels == face.pixels[:, ::-1]).all()
    [answer] = analyzer.predict([mirrored.face])
    np.testing.assert_allclose(mirrored.prediction.logits, answer.logits, atol=1e-4)
    assert found.kept == sum(change.prediction.label == alone.label for change in found.changes)
