"""What training asks its validation split, in a single view, of the whole face or of a random crop of it."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from fer_explain.faces.preprocess import to_batch
from fer_explain.types import InputSpec
from training.config import TrainConfig
from training.data import FaceSet
from training.state import seed_of
from training.views import MARGIN


@torch.inference_mode()
def predict(model: nn.Module, faces: FaceSet, spec: InputSpec, batch_size: int = 256) -> Tensor:
    """Logits (N, K) float32 on the CPU, through the one evaluation transform, in a single view."""
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    batches = [
        model(to_batch(faces.images[start : start + batch_size], spec, device).expand(-1, spec.channels, -1, -1))
        .float()
        .cpu()
        for start in range(0, len(faces), batch_size)
    ]
    model.train(was_training)
    return torch.cat(batches)


def accuracy(model: nn.Module, faces: FaceSet, spec: InputSpec) -> float:
    """Share (0..1) of the faces that a network is right about; :func:`predict`."""
    return float((predict(model, faces, spec).argmax(1).numpy() == faces.labels).mean())


def validation_logits(model: nn.Module, faces: FaceSet, spec: InputSpec, config: TrainConfig, epoch: int) -> Tensor:
    """Logits (N, K) that choose the epoch, by ``validation_crop``.

    A random crop is EmoNeXt's released validation (236 -> 224 px): it makes the choice of the epoch noisier. What a
    finished checkpoint is measured with does not depend on it.
    """
    if config.validation_crop == "centre":
        return predict(model, faces, spec)
    torch.manual_seed(seed_of(config.seed, 2, epoch))
    return predict(_RandomCrop(model, spec.size), faces, replace(spec, size=round(spec.size * MARGIN)))


class _RandomCrop(nn.Module):
    def __init__(self, model: nn.Module, size: int) -> None:
        super().__init__()
        self.model, self.size = model, size

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, K) of a random S x S part of each image (N, C, B, B)."""
        places = torch.randint(x.shape[-1] - self.size + 1, (len(x), 2)).tolist()
        crops = [
            image[:, y : y + self.size, left : left + self.size] for image, (y, left) in zip(x, places, strict=True)
        ]
        logits: Tensor = self.model(torch.stack(crops))
        return logits
