from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import timm
import torch

from fer_explain.errors import FerError
from fer_explain.models import architecture, create_model, list_models
from fer_explain.models import registry as registry_module

# Every network of the papers, at its published size and compact.
PAPERS = {
    *(f"emonext_{size}{variant}" for size in ("tiny", "small", "base", "large", "xlarge") for variant in ("", "_nosa")),
    *(f"convnext_{size}" for size in ("tiny", "small", "base", "large", "xlarge")),
    *("resnet34_unet_eca", "swin_se_resnet", "swin_tiny", "resnet50", "vgg19", "sequential_cnn", "hybrid_cbam"),
}
COMPACT = {
    *(f"emonext_{size}{variant}" for size in ("atto", "nano") for variant in ("", "_nosa")),
    *("convnext_atto", "convnext_nano", "resnet_unet_eca_compact", "swin_se_resnet_compact", "swin_compact"),
    *("resnet_compact", "vgg_compact", "sequential_cnn_compact", "hybrid_cbam_compact"),
    *("stn_se_efficientnet_lite0", "stn_se_mobilenetv1_vggface2"),
}


def test_every_network_of_the_papers_is_there_in_both_sizes() -> None:
    assert set(list_models(compact=False)) >= PAPERS
    assert set(list_models(compact=True)) >= COMPACT


def test_registering_the_networks_builds_none() -> None:
    script = (
        "import torch, timm\n"
        "def refuse(*_): raise AssertionError('a module was built')\n"
        "torch.nn.Module.__init__ = refuse\n"
        "import fer_explain.models\n"
        "print(len(fer_explain.models.list_models()))\n"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == len(list_models())


@pytest.mark.parametrize(
    ("name", "backbones"),
    [
        ("emonext_nano", ["convnext_atto"]),
        ("swin_se_resnet_compact", ["swin_tiny_patch4_window7_224", "resnet18"]),
        ("stn_se_efficientnet_lite0", ["tf_efficientnet_lite0"]),
        ("sequential_cnn", []),
    ],
)
def test_creating_one_network_builds_no_other(name: str, backbones: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[str] = []
    create = timm.create_model

    def counting(name: str, *args: Any, **options: Any) -> torch.nn.Module:
        built.append(name)
        return create(name, *args, **options)

    monkeypatch.setattr(timm, "create_model", counting)
    create_model(name)
    assert built == backbones


def test_the_list_is_sorted_and_filters() -> None:
    names = list_models()
    assert names == sorted(names)
    assert {"emonext_tiny", "emonext_atto", "convnext_atto", "stn_se_efficientnet_lite0"} <= set(names)
    assert list_models("convnext_*", compact=True) == ["convnext_atto", "convnext_nano"]


def test_an_unknown_name_offers_near_ones() -> None:
    with pytest.raises(FerError, match="emonext_tiny"):
        create_model("emonext_tyni")


def test_an_unknown_option_is_named() -> None:
    with pytest.raises(FerError, match="se_place"):
        create_model("emonext_nano", se_place="stage")


def test_names_are_registered_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        registry_module.register(architecture("emonext_tiny"))


@pytest.mark.parametrize("name", ["stn_foo_resnet18", "stn_se_nosuchnet", "resnet18"])
def test_names_outside_the_family_are_refused(name: str) -> None:
    with pytest.raises(FerError, match="no architecture"):
        architecture(name)


def test_num_classes_is_respected() -> None:
    model = create_model("emonext_nano", num_classes=5)
    assert model.backbone.head.fc.out_features == 5
