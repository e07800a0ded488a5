"""The exported file tells what Python tells, for a network of every kind of head."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from fer_explain.analyzer import Analyzer
from fer_explain.errors import FerError
from fer_explain.export import network, parity
from fer_explain.export.__main__ import main
from fer_explain.export.weights import in_eight_bits
from fer_explain.export.write import export
from fer_explain.faces.detect import whole_image
from fer_explain.faces.drawn import draw_face
from fer_explain.faces.preprocess import preprocess

DEFAULT = "field_stn_se_mobilenetv1"


@pytest.mark.parametrize(
    "name",
    [
        DEFAULT,
        "stn_se_efficientnet_lite0",
        "sequential_cnn_compact",
        "swin_compact",
        "swin_se_resnet_compact",
        "vgg_compact",
        "emonext_nano",
    ],
)
def test_numbers_are_those_of_python(name: str, tmp_path: Path):
    told = export(name, tmp_path)
    assert told["file"]["bytes"] < 6e6 or name != DEFAULT
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
    analyzer = Analyzer()
    for target, emotion in [(None, "happy"), (None, "angry"), (4, "fear")]:
        face = whole_image(draw_face(emotion, seed=3).pixels)
        wanted = analyzer.explain([face], name, target=target)[0]
        x = preprocess(face, analyzer.checkpoint(name).config.input).numpy()
        outputs = session.run(None, {"x": x, "target": np.array([-1 if target is None else target])})
        got = dict(zip(told["outputs"], outputs, strict=True))
        probabilities = torch.softmax(torch.from_numpy(got["logits"][0]) / told["temperature"], 0).numpy()
        np.testing.assert_allclose(probabilities, wanted.prediction.probabilities, atol=1e-3)
        np.testing.assert_allclose(got["heatmap"][0], wanted.heatmap.values, atol=1e-2)
        if wanted.warp:
            np.testing.assert_allclose(got["theta"][0], wanted.warp.theta, atol=1e-3)
        for gate in wanted.gates:
            np.testing.assert_allclose(got[f"gate.{gate.layer}"][0], gate.weights, atol=1e-2)


def test_a_network_whose_map_cannot_be_exported_keeps_the_rest(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    def refuse(*_: object) -> None:
        raise RuntimeError("no operator for this gradient")

    monkeypatch.setattr(network, "_heat_map", refuse)
    main(["sequential_cnn_compact", str(tmp_path)])
    assert "without one" in capsys.readouterr().out
    told = json.loads((tmp_path / "manifest.json").read_text())
    assert told["heatmap"] is None
    assert "heatmap" not in told["outputs"]
    face, analyzer = whole_image(draw_face("happy", seed=3).pixels), Analyzer()
    x = preprocess(face, analyzer.checkpoint("sequential_cnn_compact").config.input).numpy()
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
    (logits,) = session.run(["logits"], {"x": x, "target": np.array([-1])})
    probabilities = torch.softmax(torch.from_numpy(logits[0]) / told["temperature"], 0).numpy()
    wanted = analyzer.predict([face], "sequential_cnn_compact")[0].probabilities
    np.testing.assert_allclose(probabilities, wanted, atol=1e-3)


def test_the_comparison_holds_and_tells_what_does_not(monkeypatch: pytest.MonkeyPatch):
    faces = [whole_image(draw_face(emotion, size=64, seed=6).pixels) for emotion in ("happy", "sad")]
    done = parity.measure(Analyzer(), DEFAULT, faces)
    assert done.holds
    assert set(done.differences) == {"probabilities", "theta", "heatmap", "gates"}
    monkeypatch.setitem(parity.LIMITS, "probabilities", 0.0)
    assert "OUTSIDE" in str(done)


def test_eight_bits_are_used_only_where_nothing_is_lost():
    rng = np.random.default_rng(0)
    steps = rng.integers(-127, 128, (8, 64)).astype(np.float32)
    steps[:, 0] = 127
    scale = rng.random((8, 1), np.float32) + 0.1
    for values in (steps * scale, (steps * scale).T.copy()):
        integers, found = in_eight_bits(values)
        np.testing.assert_allclose(integers * found, values, rtol=1e-5)
    assert in_eight_bits(rng.normal(size=(8, 64)).astype(np.float32)) is None


def test_bad_names_end_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "file").touch()
    with pytest.raises(FerError, match="is a file; name a folder"):
        export(DEFAULT, tmp_path / "file")
    with pytest.raises(SystemExit):
        main(["no_such_checkpoint", str(tmp_path / "out")])
    assert "no_such_checkpoint" in capsys.readouterr().err
