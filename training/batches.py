"""A split on the device, and how rows of it become a batch: cut, augmented, normalised, mixed."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from fer_explain.faces.preprocess import normalize, to_gray
from fer_explain.types import InputSpec
from training.augment import augment, is_flipped
from training.config import TrainConfig
from training.data import FaceSet
from training.loss import mix, smoothed, soft_targets


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """A split on the device.

    Attributes:
        images: uint8 (N, H, W) or (N, H, W, 3).
        labels: (N,).
        teachers: their distributions (2, N, K) of the plain and the mirrored images, or None.
        targets: distributions (N, K) that stand for the labels (:mod:`training.targets`); None: the labels do.
        classes: K.
    """

    images: Tensor
    labels: Tensor
    teachers: Tensor | None = None
    targets: Tensor | None = None
    classes: int = 7

    def __len__(self) -> int:
        return len(self.labels)


def on_device(
    faces: FaceSet, device: torch.device, teachers: Tensor | None = None, targets: Tensor | None = None
) -> Split:
    """A split as tensors that stay on the device."""
    images, labels = torch.from_numpy(faces.images).to(device), torch.from_numpy(faces.labels).to(device)
    said, meant = (None if each is None else each.to(device) for each in (teachers, targets))
    return Split(images, labels, said, meant, len(faces.label_names))


@torch.no_grad()
def make_batch(
    split: Split, rows: Tensor, draws: Tensor, spec: InputSpec, config: TrainConfig
) -> tuple[Tensor, Tensor]:
    """Inputs (N, C, S, S), channels_last, and targets (N, K), or (N, 2 K) with the teachers', of some rows.

    Args:
        split: the training split.
        rows: (N,) places in it.
        draws: of :func:`training.augment.draw`.
        spec: the network's input.
        config: the recipe.
    """
    views = augment(_to_unit(split.images[rows]), draws, spec, config)
    x = normalize(to_gray(views) if spec.gray else views, spec).expand(-1, spec.channels, -1, -1)
    if split.targets is None:
        targets = soft_targets(split.labels[rows], split.classes, config.label_smoothing)
    else:
        targets = smoothed(split.targets[rows], config.label_smoothing)
    if split.teachers is not None:
        flipped = is_flipped(draws, config).long().to(rows.device)
        targets = torch.cat([targets, split.teachers[flipped, rows]], dim=1)
    x, targets = mix(x, targets, config)
    return x.contiguous(memory_format=torch.channels_last), targets


def _to_unit(images: Tensor) -> Tensor:
    """uint8 (N, H, W) or (N, H, W, 3) -> float (N, c, H, W) in 0..1."""
    x = images.float() / 255
    return x[:, None] if x.ndim == 3 else x.permute(0, 3, 1, 2)
