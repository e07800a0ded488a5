"""Facial emotion recognition that shows its work.

Example::

    import fer_explain as fx

    result = fx.Analyzer().analyze("photo.jpg")
    result.faces[0].prediction.label, result.faces[0].heatmap.values

The names below are imported when first used, so that ``import fer_explain`` loads no torch.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

    from fer_explain.analyzer import Analyzer
    from fer_explain.hub.checkpoint import load_checkpoint
    from fer_explain.hub.folder import list_checkpoints
    from fer_explain.models import create_model, list_models

__all__ = ["Analyzer", "__version__", "create_model", "list_checkpoints", "list_models", "load", "load_checkpoint"]

__version__ = "0.1.0"  # pyproject.toml reads it here

_HOMES = {
    "Analyzer": "fer_explain.analyzer",
    "create_model": "fer_explain.models",
    "list_checkpoints": "fer_explain.hub.folder",
    "list_models": "fer_explain.models",
    "load_checkpoint": "fer_explain.hub.checkpoint",
}


def load(ref: str | Path) -> nn.Module:
    """The network of a checkpoint in evaluation mode: float (N, C, S, S) in, logits (N, K) out.

    Args:
        ref: name of an embedded checkpoint, a folder, or a Hub id ``org/repo[@revision]``.

    Raises:
        FerError: there is none, or it is damaged.
    """
    from fer_explain.hub.checkpoint import load_checkpoint

    return load_checkpoint(ref).model


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
