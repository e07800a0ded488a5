"""What the gate lab remembers: the last experiment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_explain.types import FaceAnalysis

if TYPE_CHECKING:  # these import torch
    from fer_explain.explain.features import FeatureMaps
    from fer_explain.explain.flip import Flip


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """An experiment: ``of`` is the analysis it was made for, ``error`` a sentence in place of a result."""

    of: FaceAnalysis
    layer: str
    channels: tuple[int, ...]
    analysis: FaceAnalysis | None = None
    maps: FeatureMaps | None = None
    flip: Flip | None = None
    error: str = ""
