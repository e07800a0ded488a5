"""Pretrained weights: a whole fit with a report, or a clear refusal."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import save_file

from fer_explain.errors import FerError
from fer_explain.models import create_model, list_models
from fer_explain.models.backbone import pretrained_report, timm_backbone

NAME = "mobilenetv3_small_050"


def save_weights(path: Path, name: str, **args: object) -> dict[str, torch.Tensor]:
    torch.manual_seed(3)
    weights = timm.create_model(name, num_classes=10, **args).state_dict()
    save_file(weights, path)
    return weights


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "backbone.safetensors"
    save_weights(path, NAME)
    return path


def test_a_local_file_fills_all_but_the_head_and_the_report_says_so(weights: Path) -> None:
    torch.manual_seed(3)
    source = timm.create_model(NAME, num_classes=10)
    model = timm_backbone(NAME, 7, weights)
    for key, value in source.state_dict().items():
        assert key.startswith("classifier.") or torch.equal(model.state_dict()[key], value), key
    report = pretrained_report(model)
    assert report is not None
    assert report.source == "backbone.safetensors"
    assert set(report.fresh) == set(report.unused) == {"classifier.weight", "classifier.bias"}
    stored = {key for key in model.state_dict() if not key.endswith("num_batches_tracked")}
    assert report.matched + len(report.fresh) == len(stored)
    assert str(report) == (
        f"{report.matched} of {len(stored)} tensors are from backbone.safetensors; "
        "fresh: classifier (2); not used: classifier (2)."
    )


def test_what_is_built_around_a_backbone_is_fresh(weights: Path) -> None:
    report = pretrained_report(create_model(f"stn_cbam_{NAME}", pretrained=weights))
    assert report is not None
    assert {name.split(".")[0] for name in report.fresh} == {"stn", "backbone"}
    assert all(".gated." in name or name.startswith(("stn.", "backbone.classifier.")) for name in report.fresh)
    assert report.matched == pretrained_report(timm_backbone(NAME, 7, weights)).matched  # type: ignore[union-attr]
    assert "backbone.blocks.gated (" in str(report)
    assert "\n" not in str(report)


@pytest.mark.parametrize(
    ("name", "fresh"),
    [
        ("emonext_tiny", {"stn", "gates", "attention", "backbone.head"}),
        ("emonext_tiny_nosa", {"stn", "gates", "backbone.head"}),
        ("convnext_tiny", {"backbone.head"}),
        ("swin_tiny", {"head"}),
        ("resnet50", {"fc"}),
        ("vgg19", {"head"}),
        ("resnet34_unet_eca", {"masks", "backbone.fc"}),
        ("swin_se_resnet", {"se", "split", "fc"}),
        ("hybrid_cbam", {"cnn", "head"}),
    ],
)
def test_every_plan_reports_what_the_hub_filled(name: str, fresh: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without memory and without the Hub, whose real way tests/models/test_pretrained_hub.py goes."""
    create = timm.create_model

    def untouched(name: str, pretrained: bool = False, **args: Any) -> torch.nn.Module:
        return create(name, **args)

    monkeypatch.setattr("fer_explain.models.backbone.timm.create_model", untouched)
    with torch.device("meta"):
        model = create_model(name, pretrained=True)
    report = pretrained_report(model)
    assert report is not None
    assert {".".join(key.split(".")[: 2 if key.startswith("backbone.") else 1]) for key in report.fresh} == fresh
    assert report.source.count("timm/") == (2 if name in ("swin_se_resnet", "hybrid_cbam") else 1)
    assert len(report.unused) == 2 * report.source.count("timm/")
    tensors = [key for key in model.state_dict() if not key.endswith("num_batches_tracked")]
    assert report.matched + len(report.fresh) == len(tensors)


def test_a_random_start_has_no_report() -> None:
    assert pretrained_report(timm_backbone(NAME, 7)) is None
    assert pretrained_report(create_model("sequential_cnn_compact")) is None


def test_the_report_survives_a_move_and_a_copy(weights: Path) -> None:
    model = timm_backbone(NAME, 7, weights)
    assert pretrained_report(copy.deepcopy(model).to(torch.float64)) == pretrained_report(model)


def test_a_network_of_several_backbones_takes_a_folder_with_a_file_for_each(tmp_path: Path) -> None:
    save_weights(tmp_path / "resnet50.safetensors", "resnet50")
    with pytest.raises(FerError, match=r"a folder is expected .* there is no mobilenetv2_100\.safetensors"):
        create_model("hybrid_cbam", pretrained=tmp_path)
    mobile = save_weights(tmp_path / "mobilenetv2_100.safetensors", "mobilenetv2_100")
    model = create_model("hybrid_cbam", pretrained=tmp_path)
    assert torch.equal(model.backbones[1].conv_stem.weight, mobile["conv_stem.weight"])
    report = pretrained_report(model)
    assert report is not None
    assert report.source == "resnet50.safetensors + mobilenetv2_100.safetensors"
    assert {name.split(".")[0] for name in report.fresh} == {"cnn", "head"}
    assert set(report.unused) == {"fc.weight", "fc.bias", "classifier.weight", "classifier.bias"}


@pytest.mark.parametrize("name", ["swin_se_resnet", "hybrid_cbam"])
def test_one_file_of_weights_is_refused_for_several_backbones(name: str, weights: Path) -> None:
    with pytest.raises(FerError, match="several backbones, so a folder is expected"):
        create_model(name, pretrained=weights)


def test_networks_in_shapes_that_nobody_published_refuse_weights(weights: Path) -> None:
    refused = [name for name in list_models(compact=True) if not name.startswith("stn_")]
    for name in [*refused, "sequential_cnn"]:
        for pretrained in (True, weights):
            with pytest.raises(FerError, match=f"'{name}' has no pretrained weights"):
                create_model(name, pretrained=pretrained)


def test_weights_of_another_network_are_refused(weights: Path) -> None:
    with pytest.raises(FerError, match=r"tensors do not match this backbone, first '"):
        timm_backbone("resnet18", 7, weights)


@pytest.mark.parametrize("change", ["missing", "added", "reshaped"])
def test_one_wrong_tensor_is_enough_to_refuse(change: str, tmp_path: Path) -> None:
    path = tmp_path / "partial.safetensors"
    tensors = save_weights(path, NAME)
    if change == "missing":
        del tensors["conv_head.bias"]
    elif change == "added":
        tensors["conv_head.gain"] = torch.ones(3)
    else:
        tensors["conv_head.bias"] = torch.ones(3)
    save_file(tensors, path)
    with pytest.raises(FerError, match=r"1 of \d+ tensors do not match this backbone, first 'conv_head\.(bias|gain)'"):
        timm_backbone(NAME, 7, path)


def test_a_damaged_or_missing_file_is_refused(tmp_path: Path, weights: Path) -> None:
    damaged = tmp_path / "half.safetensors"
    damaged.write_bytes(weights.read_bytes()[:1000])
    for path in (damaged, tmp_path / "none.safetensors"):
        with pytest.raises(FerError, match="not a readable safetensors file"):
            timm_backbone(NAME, 7, path)


def test_offline_pretrained_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(FerError, match="--pretrained FILE"):
        timm_backbone("mobilenetv3_small_075", 7, True)


def test_a_model_without_published_weights_says_so() -> None:
    with pytest.raises(FerError, match="'mobilenetv2_035' cannot be used: No pretrained weights exist"):
        timm_backbone("mobilenetv2_035", 7, True)


@pytest.mark.parametrize("option", ["checkpoint_path", "pretrained_cfg"])
def test_options_that_open_files_are_refused(option: str) -> None:
    with pytest.raises(FerError, match=option):
        timm_backbone(NAME, 7, **{option: "/tmp/evil.pth"})
