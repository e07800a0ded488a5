"""Pretrained weights: a whole fit or a clear refusal."""

from __future__ import annotations

from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file

from fer_explain.errors import FerError
from fer_explain.models.backbone import timm_backbone

NAME = "mobilenetv3_small_050"


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "backbone.safetensors"
    torch.manual_seed(3)
    save_file(timm.create_model(NAME, num_classes=10).state_dict(), path)
    return path


def test_a_local_file_fills_all_but_the_head(weights: Path) -> None:
    torch.manual_seed(3)
    source = timm.create_model(NAME, num_classes=10)
    model = timm_backbone(NAME, 7, weights)
    assert torch.equal(model.conv_stem.weight, source.conv_stem.weight)
    assert torch.equal(model.conv_head.weight, source.conv_head.weight)
    assert model.classifier.out_features == 7


def test_weights_of_another_network_are_refused(weights: Path) -> None:
    with pytest.raises(FerError, match=r"tensors do not match this backbone, first '"):
        timm_backbone("resnet18", 7, weights)


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


@pytest.mark.parametrize("option", ["checkpoint_path", "pretrained_cfg"])
def test_options_that_open_files_are_refused(option: str) -> None:
    with pytest.raises(FerError, match=option):
        timm_backbone(NAME, 7, **{option: "/tmp/evil.pth"})
