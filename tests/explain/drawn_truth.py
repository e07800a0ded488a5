"""A network that can only know one thing: what the brows, the eyes or the mouth of a drawn face show."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fer_explain.emotions import LABELS
from fer_explain.faces.drawn import DrawnFace, draw_face
from fer_explain.faces.preprocess import to_batch
from fer_explain.models import Architecture
from fer_explain.models.layers.stn import SpatialTransformer
from fer_explain.types import InputSpec

SIZE = 48
SPEC = InputSpec(SIZE, 1, (0.5,), (0.25,))
CHOICES = {
    "mouth": ("happy", "surprise", "angry"),
    "brows": ("angry", "surprise", "sad"),
    "eyes": ("surprise", "happy", "disgust"),
}


class Reader(nn.Module):
    """stn -> three convolutions -> maps (N, 32, 12, 12) -> mean -> logits; the mean makes Grad-CAM exact."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.stn = SpatialTransformer(1, SIZE)
        layers = [(1, 16, 2), (16, 24, 2), (24, 32, 1)]
        self.features = nn.Sequential(
            *(
                nn.Sequential(nn.Conv2d(a, b, 3, stride, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU())
                for a, b, stride in layers
            )
        )
        self.fc = nn.Linear(32, classes)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.fc(self.features(self.stn(x)).mean((2, 3)))
        return logits


@dataclass(frozen=True)
class Truth:
    """A trained network, faces it was not trained on, and what they show."""

    region: str
    model: Reader
    architecture: Architecture
    faces: list[DrawnFace]
    labels: list[int]
    accuracy: float

    @property
    def x(self) -> Tensor:
        return inputs(self.faces)

    def inside(self, face: DrawnFace) -> np.ndarray:
        """The pixels (S, S) whose centre lies in the region that decides."""
        box = face.regions[self.region]
        centres = np.arange(SIZE) + 0.5
        rows, columns = (centres > box.y0) & (centres < box.y1), (centres > box.x0) & (centres < box.x1)
        return np.outer(rows, columns)


def inputs(faces: list[DrawnFace]) -> Tensor:
    return to_batch(np.stack([face.pixels for face in faces]), SPEC)


def draw(region: str, count: int, first: int) -> tuple[list[DrawnFace], list[int]]:
    """Faces whose ``region`` shows the label and whose other parts show anything."""
    rng = np.random.default_rng(first)
    choices, faces, labels = CHOICES[region], [], []
    for seed in range(first, first + count):
        label = int(rng.integers(len(choices)))
        parts = {part: str(rng.choice(LABELS)) for part in CHOICES} | {region: choices[label]}
        faces.append(draw_face("neutral", size=SIZE, seed=seed, **parts))
        labels.append(label)
    return faces, labels


def train(region: str, faces: int = 200, epochs: int = 20) -> Truth:
    """Trains a reader of one region within seconds, on faces drawn for it; the spatial transformer stays put."""
    torch.manual_seed(0)
    model = Reader(len(CHOICES[region]))
    model.stn.requires_grad_(False)
    drawn, labels = draw(region, faces, first=0)
    x, y = inputs(drawn), torch.tensor(labels)
    optimizer = torch.optim.AdamW([weight for weight in model.parameters() if weight.requires_grad], lr=0.01)
    for _ in range(epochs):
        for chunk in torch.randperm(len(x)).split(50):
            optimizer.zero_grad()
            F.cross_entropy(model(x[chunk]), y[chunk]).backward()
            optimizer.step()
    model.eval().requires_grad_(True)
    held_out, truth = draw(region, 24, first=10_000)
    with torch.no_grad():
        right = (model(inputs(held_out)).argmax(1) == torch.tensor(truth)).float().mean()
    entry = Architecture("reader", partial(Reader, 3), SPEC, "features", "reads one region", title="Reader")
    return Truth(region, model, entry, held_out, truth, float(right))
