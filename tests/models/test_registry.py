from __future__ import annotations

import pytest

from fer_explain.errors import FerError
from fer_explain.models import architecture, create_model, list_models
from fer_explain.models import registry as registry_module


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
        registry_module.register("emonext_tiny", lambda: None, cam_layer="", summary="")


@pytest.mark.parametrize("name", ["stn_foo_resnet18", "stn_se_nosuchnet", "resnet18"])
def test_names_outside_the_family_are_refused(name: str) -> None:
    with pytest.raises(FerError, match="no architecture"):
        architecture(name)


def test_num_classes_is_respected() -> None:
    model = create_model("emonext_nano", num_classes=5)
    assert model.backbone.head.fc.out_features == 5
