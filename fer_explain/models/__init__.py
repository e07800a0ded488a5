"""Networks: a registry, one file per architecture, shared layers.

Importing this package registers every architecture and builds none.
"""

from fer_explain.models import (
    baselines,
    emonext,
    hybrid_cbam,
    resnet_unet_eca,
    sequential_cnn,
    stn_gated,
    swin_se_resnet,
    timm_any,
    vgg,
)
from fer_explain.models.registry import Architecture, architecture, create_model, list_models

__all__ = [
    "Architecture",
    "architecture",
    "baselines",
    "create_model",
    "emonext",
    "hybrid_cbam",
    "list_models",
    "resnet_unet_eca",
    "sequential_cnn",
    "stn_gated",
    "swin_se_resnet",
    "timm_any",
    "vgg",
]
