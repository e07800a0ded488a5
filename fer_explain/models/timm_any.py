"""Any classifier of timm, as it is: ``timm:<name>``, for example ``timm:seresnet50`` or ``timm:inception_v3``.

Size, normalisation and interpolation are those of timm's own configuration of the weights, the map for Grad-CAM is the
last one of its ``feature_info``; the network is built on the meta device, without memory, to find that out.

Decisions: a Swin is read in front of its last normalisation, where the compact one's map holds better
(:mod:`~fer_explain.models.baselines`); a ViT in front of its last block's attention (``norm1``), since behind it a
class token takes no notice of the places. Images are made gray, as FER2013 is.
"""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import timm
import torch
from torch import nn

from fer_explain.errors import FerError
from fer_explain.models.backbone import timm_backbone
from fer_explain.models.registry import Architecture, register_family
from fer_explain.types import InputSpec

PREFIX = "timm:"


@register_family
@cache
def _any_timm_model(name: str) -> Architecture | None:
    """``timm:resnet18`` -> timm's resnet18 with a fresh head.

    Raises:
        FerError: timm does not say which layer puts out the last map, or the network does not take square RGB images.
    """
    timm_name = name.removeprefix(PREFIX)
    if not name.startswith(PREFIX) or not timm.is_model(timm_name):
        return None
    with torch.device("meta"):
        model = timm.create_model(timm_name)
    return Architecture(
        name=name,
        build=partial(timm_backbone, timm_name),
        input=_input_spec(timm_name, model.pretrained_cfg),
        cam_layer=_cam_layer(timm_name, model),
        cam_nhwc=getattr(model, "output_fmt", "NCHW") == "NHWC",
        summary=f"timm's {timm_name}",
        title=timm_name,
        recipe="finetune",
    )


def _input_spec(timm_name: str, config: dict[str, Any]) -> InputSpec:
    channels, height, width = config["input_size"]
    if channels != 3 or height != width:
        raise FerError(
            f"'{timm_name}' takes {channels} x {height} x {width} inputs; here they must be square RGB images."
        )
    smooth = "bicubic" if config.get("interpolation") == "bicubic" else "bilinear"
    return InputSpec(height, 3, tuple(config["mean"]), tuple(config["std"]), smooth)  # type: ignore[arg-type]


def _cam_layer(timm_name: str, model: nn.Module) -> str:
    """Path of the layer whose map is read."""
    stages: Any = getattr(model, "feature_info", None)
    if not stages:
        raise FerError(f"timm does not tell the feature maps of '{timm_name}', so it cannot be explained.")
    last = str(stages[-1]["module"])
    paths = {path for path, _ in model.named_modules()}
    return f"{last}.norm1" if getattr(model, "num_prefix_tokens", 0) and f"{last}.norm1" in paths else last
