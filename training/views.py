"""Test-time augmentation: the named ways to look at each image more than once and average the logits.

PROTOCOL: a setting shown beside the number, never the silent default, which is one view.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from torch import Tensor, nn
from torchvision.transforms.v2 import functional as tv

from fer_explain.errors import FerError
from fer_explain.types import InputSpec

ONE: Final = "one"
MARGIN: Final = 236 / 224  # EmoNeXt's ten crops of 224 are cut from 236 pixels; other sizes in proportion

Cut = Callable[[Tensor, int], Sequence[Tensor]]

# From a batch (N, C, B, B) the views (N, C, S, S); B = S but for crops.
_CUTS: Final[Mapping[str, Cut]] = MappingProxyType(
    {
        ONE: lambda x, _: (x,),
        "flip": lambda x, _: (x, tv.horizontal_flip(x)),
        "ten_crop": lambda x, size: tv.ten_crop(x, [size, size]),  # corners and centre, and their mirror images
    }
)


def list_views() -> list[str]:
    """What ``--views`` takes, the plain one first."""
    return list(_CUTS)


def with_views(model: nn.Module, spec: InputSpec, views: str) -> tuple[nn.Module, InputSpec]:
    """A network that averages the logits of several views, and the input that *it* wants.

    Args:
        model: forward gives logits (N, K) for inputs of ``spec``.
        spec: the input of ``model``, side S.
        views: one of :func:`list_views`.

    Raises:
        FerError: there are no views of that name.
    """
    if views not in _CUTS:
        raise FerError(f"--views {views}: there is no such setting; choose {', '.join(_CUTS)}.")
    if views == ONE:
        return model, spec
    side = round(spec.size * MARGIN) if views == "ten_crop" else spec.size
    return _Averaged(model, _CUTS[views], spec.size), replace(spec, size=side)


class _Averaged(nn.Module):
    def __init__(self, model: nn.Module, cut: Cut, size: int) -> None:
        super().__init__()
        self.model, self.cut, self.size = model, cut, size

    def forward(self, x: Tensor) -> Tensor:
        """Mean logits (N, K) of the views of x (N, C, B, B)."""
        views = self.cut(x, self.size)
        total: Tensor = sum((self.model(view.contiguous()) for view in views[1:]), self.model(views[0].contiguous()))
        return total / len(views)
