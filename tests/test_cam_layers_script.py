"""The benchmark of layers for Grad-CAM: its candidates exist, its receipts are the library's, its table tells them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from benchmarks import cam_layers
from benchmarks.cam_layers import CAUSES, CHECKS, LAYERS, SIDE, receipt, table, told, truths
from benchmarks.map_truth import draw
from fer_explain.explain.faithfulness import examine
from fer_explain.explain.registry import explainer
from fer_explain.explain.trials import Sample
from fer_explain.faces.drawn import draw_face
from fer_explain.faces.preprocess import to_batch
from fer_explain.hub.checkpoint import load_checkpoint
from fer_explain.hub.folder import list_checkpoints
from fer_explain.models import architecture, create_model

CHECKPOINT = "sequential_cnn_compact"


def face() -> Sample:
    return Sample(3, draw_face("happy", size=SIDE, seed=5).pixels, 0)


def test_every_embedded_checkpoint_has_candidates_with_the_registrys_among_them() -> None:
    networks = {load_checkpoint(name).config.architecture for name in list_checkpoints()}
    assert networks == LAYERS.keys()
    assert all(architecture(name).cam_layer in layers for name, layers in LAYERS.items())


@pytest.mark.parametrize("name", LAYERS)
def test_candidates_come_in_the_order_in_which_they_run_and_have_places(name: str) -> None:
    seen: dict[str, None] = {}
    with torch.device("meta"):
        model, spec = create_model(name).eval(), architecture(name).input
        for path in LAYERS[name]:
            model.get_submodule(path).register_forward_hook(lambda _m, _i, _o, path=path: seen.update({path: None}))
        model(torch.empty(1, spec.channels, spec.size, spec.size))
    assert list(seen) == list(LAYERS[name])


def test_a_face_is_judged_as_in_its_full_receipt() -> None:
    loaded, sample = load_checkpoint(CHECKPOINT), face()
    entry = architecture(CHECKPOINT)
    for layer, side in (("blocks.3.act", 6), ("blocks.2.act", 12)):
        found = receipt(loaded, sample, layer, {})
        x = to_batch(sample.pixels[None], loaded.config.input)
        method = explainer("gradcam", layer=layer)
        whole = examine(loaded.model, entry, x, method, temperature=loaded.config.temperature, verdict_only=True)
        assert found == {"side": side} | {check.name: check.passed for check in whole.checks if check.name in CHECKS}


class SpotFinder(nn.Module):
    """Says 1 where there is a spot, of which ``fine`` keeps the place and ``blind`` does not."""

    def __init__(self) -> None:
        super().__init__()
        self.fine, self.blind = nn.Identity(), nn.Identity()
        self.bar = nn.Parameter(torch.tensor(0.1))
        self.cheek = torch.zeros(SIDE, SIDE)
        self.cheek[24:32, 11:19] = 1

    def forward(self, x: Tensor) -> Tensor:
        dark = self.fine(torch.relu(-x[:, :1]) * self.cheek)
        evidence = self.blind(torch.ones_like(dark) * dark.sum((2, 3), keepdim=True)).mean((1, 2, 3))
        return torch.stack([self.bar.expand_as(evidence), evidence], 1)


def test_truth_prefers_the_layer_that_sees_the_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    model, faces = SpotFinder(), draw(24, 3)
    monkeypatch.setattr(cam_layers, "train", lambda *_: model)
    monkeypatch.setattr(cam_layers, "_drawings", lambda _: (faces, faces))
    monkeypatch.setitem(cam_layers.LAYERS, "resnet_compact", ["fine", "blind"])
    lines = pd.DataFrame(truths("resnet_compact", "spot", 4))
    assert set(lines["face"]) <= set(np.flatnonzero(faces.labels["spot"]))
    assert lines.groupby("layer").size().to_dict() == {"fine": 4, "blind": 4}
    assert set(lines["side"]) == {SIDE}
    mass = lines.groupby("layer")["mass"].mean()
    assert mass["fine"] > 0.8
    assert mass["blind"] == pytest.approx(faces.places["spot"][0].mean())


def test_the_table_has_a_line_per_layer_and_marks_the_registrys() -> None:
    layers = LAYERS[CHECKPOINT]
    kept = architecture(CHECKPOINT).cam_layer
    lines = [
        {"of": CHECKPOINT, "layer": layer, "face": number, "side": 6}
        | {"curves": True, "road": number < 3, "infidelity": number < 2 and layer == kept}
        for layer in layers
        for number in range(4)
    ]
    plain = table(CHECKPOINT, pd.DataFrame(lines))
    assert "mass" not in plain
    lines += [
        {"of": CHECKPOINT, "layer": layer, "cause": cause, "face": number, "side": 6}
        | {"mass": 0.25 if layer == kept else 0.125, "pointed": 1.0, "accuracy": 0.98}
        for layer in layers
        for cause in CAUSES
        for number in range(2)
    ]
    lines += [line | {"cause": "spot", "mass": 1.0, "accuracy": 0.5} for line in lines[-2:]]  # has not learned it
    rows = table(CHECKPOINT, pd.DataFrame(json.loads(json.dumps(lines)))).splitlines()
    assert "4 faces of FER2013, 4 drawn ones; the weakest network is right on 98 %." in rows
    [own] = [row for row in rows if row.startswith("| **")]
    assert (
        own == f"| **`{kept}`** | 6 | 100 % | 75 % | 50 % | 50 % (15 to 85) | 25 % (25 to 25) | 100 % | 25 % | 25 % |"
    )
    assert sum(row.startswith("| `") for row in rows) == len(layers) - 1


def test_the_map_is_the_explanations_own() -> None:
    loaded, method = load_checkpoint(CHECKPOINT), explainer("gradcam", layer="blocks.3.act")
    x = to_batch(face().pixels[None], loaded.config.input)
    own, target, side = told(loaded.model, architecture(CHECKPOINT), x, method)
    [heatmap] = method.attribute(loaded.model, architecture(CHECKPOINT), x).heatmaps
    assert (target, side) == (heatmap.target, 6)
    np.testing.assert_allclose(own, heatmap.values * heatmap.scale, rtol=1e-4, atol=1e-6)


def test_the_page_is_written_and_nothing_is_asked_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cam_layers, "read_sample", lambda *_: [face()])
    given = ["--data", str(tmp_path), "--lines", str(tmp_path / "lines.jsonl"), "--output", str(tmp_path / "page.md")]
    given += ["--checkpoints", CHECKPOINT, "--causes", "--faces", "1", "--drawn", "1"]
    cam_layers.main(given)
    page, lines = (tmp_path / "page.md").read_text(), (tmp_path / "lines.jsonl").read_text()
    assert f"## `{CHECKPOINT}`\n\n1 faces of FER2013.\n" in page
    assert len(lines.splitlines()) == len(LAYERS[CHECKPOINT])
    monkeypatch.setattr(cam_layers, "receipt", lambda *_: pytest.fail("asked again"))
    cam_layers.main(given)
    assert (tmp_path / "page.md").read_text() == page
