"""Checkpoints that are held: listed, loaded when asked for, added or refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from fer_explain import Analyzer
from fer_explain.errors import FerError
from fer_explain.hub import checkpoint as hub
from tests.untrained import face, save


def test_models_are_listed_default_first_and_loaded_when_asked_for(
    analyzer: Analyzer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert analyzer.models == ["emonext_nano", "convnext_nano"]
    loads: list[Path] = []
    real = hub.load_checkpoint
    monkeypatch.setattr(hub, "load_checkpoint", lambda ref: loads.append(ref) or real(ref))
    for _ in range(2):
        analyzer.predict([face(0)])
    assert [folder.name for folder in loads] == ["emonext_nano"]
    assert analyzer.checkpoint().name == "emonext_nano"
    assert analyzer.checkpoint("convnext_nano").config.architecture == "convnext_nano"
    assert analyzer.checkpoint().metrics == {}


def test_warming_up_leaves_nothing_to_load(analyzer: Analyzer, monkeypatch: pytest.MonkeyPatch) -> None:
    analyzer.warm_up()
    monkeypatch.setattr(hub, "load_checkpoint", lambda ref: pytest.fail("loaded again"))
    assert len(analyzer.predict([face(0)])) == 1


def test_layers_are_those_of_the_network(analyzer: Analyzer) -> None:
    layers = analyzer.layers()
    assert "backbone.stages.2.downsample.0" in layers
    told = [analyzer.explain([face(0)], layer=layer)[0].heatmap for layer in layers[:3]]
    assert [heatmap and heatmap.layer for heatmap in told] == layers[:3]
    assert analyzer.layers("convnext_nano") != layers


def test_checkpoints_from_outside_are_added_or_refused(analyzer: Analyzer, shelf: Path, tmp_path: Path) -> None:
    mine = save(tmp_path / "mine", "convnext_nano", 5)
    twin = save(tmp_path / "other" / "emonext_nano", "emonext_nano", 6)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.json").write_text("{", encoding="utf-8")
    nowhere = str(tmp_path / "nowhere")
    refs = [mine, twin, tmp_path / "broken", nowhere, "convnext_nano"]
    many = Analyzer([str(ref) for ref in refs])
    assert many.models == ["emonext_nano", "convnext_nano", "mine", str(twin)]
    assert list(many.problems) == [str(tmp_path / "broken"), nowhere]
    assert "config.json" in many.problems[str(tmp_path / "broken")]
    assert len(many.explain([face(0)], str(twin))) == 1


def test_damaged_weights_are_found_when_loaded_and_the_rest_goes_on(analyzer: Analyzer, tmp_path: Path) -> None:
    cut = save(tmp_path / "cut", "convnext_nano", 5)
    weights = cut / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    alien = save(tmp_path / "alien", "convnext_nano", 5)
    text = (alien / "config.json").read_text(encoding="utf-8").replace('"convnext_nano"', '"resnet9000"')
    (alien / "config.json").write_text(text, encoding="utf-8")
    many = Analyzer([cut, alien])
    assert not many.problems
    for _ in range(2):
        with pytest.raises(FerError, match=r"model.safetensors"):
            many.explain([face(0)], "cut")
    assert "alien" in many.models
    with pytest.raises(FerError, match="resnet9000"):
        many.checkpoint("alien")
    problems = many.problems
    assert set(problems) == {str(cut), str(alien)}
    assert "resnet9000" in problems[str(alien)]
    assert many.models == ["emonext_nano", "convnext_nano"]
    assert len(many.predict([face(0)])) == 1


def test_without_any_checkpoint_the_sentence_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fer_explain.hub.folder.EMBEDDED", tmp_path)
    with pytest.raises(FerError, match="--checkpoints"):
        Analyzer().predict([face(0)])
