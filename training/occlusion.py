"""Trains the network that sees how much of a face is hidden (``fer_explain.faces.occlusion``).

    python -m training.occlusion --data PATH_OR_HUB_ID --output fer_explain/faces/occlusion.safetensors

FER2013's training faces are turned, shifted and scaled a little; three in five get an occluder
(``training.occluders``), and all what a camera does to them (``training.capture``). What is learned is which share of
each of 12 x 12 places is hidden. A quarter of an hour on one core. ``python -m training.quality`` fits the limit of the
warning.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from fer_explain.faces.occlusion import CELLS, SIDE, OcclusionNet
from fer_explain.hub.files import write_atomically
from fer_explain.types import Pixels
from training.capture import CAPTURE_DRAWS, capture
from training.config import TrainConfig
from training.data import ImageForm, load_split
from training.manners import command
from training.occluders import Chance, Plane, occlude

BATCH: Final = 64
RATE: Final = 3e-3  # largest learning rate
SHARE: Final = 0.6  # of the faces that get an occluder
CAMERA: Final = TrainConfig(
    capture=0.3, gamma=0.8, uneven=0.7, defocus=0.03, low_resolution=20, noise=0.06, jpeg=15, hide=0.0
)


def train(faces: Pixels, steps: int, seed: int = 0) -> OcclusionNet:
    """The network after ``steps`` updates on faces (N, 48, 48), uint8."""
    torch.manual_seed(seed)
    network, chance = OcclusionNet(), np.random.default_rng(seed)
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps)
    lately = 0.0
    for step in range(steps):
        images, hidden = batch(faces[chance.integers(len(faces), size=BATCH)], faces, chance)
        loss = F.binary_cross_entropy_with_logits(network(images), hidden)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        lately = loss.item() if step == 0 else 0.98 * lately + 0.02 * loss.item()
        if (step + 1) % 200 == 0:
            print(f"step {step + 1} of {steps}: loss {lately:.3f} of late", flush=True)
    return network.eval()


def batch(faces: Pixels, others: Pixels, chance: Chance) -> tuple[Tensor, Tensor]:
    """Faces as they reach the network (N, 1, 48, 48) and how much of each place is hidden (N, 1, 12, 12)."""
    pairs = [_moved(*_maybe_occluded(face, others, chance), chance) for face in faces]
    images, hidden = (torch.from_numpy(np.stack(planes))[:, None] for planes in zip(*pairs, strict=True))
    draws = torch.from_numpy(chance.random((len(images), CAPTURE_DRAWS), np.float32))
    light = torch.from_numpy(np.exp(chance.uniform(-0.5, 0.4, (len(images), 1, 1, 1))).astype(np.float32))
    seen = 255 * capture((images / 255 * light).clamp(0, 1), draws, CAMERA)
    return seen, F.adaptive_avg_pool2d(hidden, CELLS).clamp(0, 1)


def _maybe_occluded(face: Pixels, others: Pixels, chance: Chance) -> tuple[Plane, Plane]:
    plane = face.astype(np.float32)
    return occlude(plane, others, chance) if chance.random() < SHARE else (plane, np.zeros_like(plane))


def _moved(face: Plane, hidden: Plane, chance: Chance) -> tuple[Plane, Plane]:
    """Both, framed a little differently and maybe mirrored."""
    middle = (SIDE / 2 - 0.5, SIDE / 2 - 0.5)
    matrix = cv2.getRotationMatrix2D(middle, chance.normal(0, 8), float(np.exp(chance.uniform(-0.25, 0.25))))
    matrix[:, 2] += chance.uniform(-4, 4, 2)
    flip = slice(None, None, -1 if chance.random() < 0.5 else 1)
    face, hidden = (
        np.asarray(cv2.warpAffine(plane, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REFLECT_101), np.float32)
        for plane in (face, hidden)
    )
    return np.ascontiguousarray(face[:, flip]), np.ascontiguousarray(hidden[:, flip])


@command
def main(arguments: list[str] | None = None) -> None:
    """The command line; see the module's docstring."""
    from safetensors.torch import save

    parser = argparse.ArgumentParser(prog="python -m training.occlusion", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", required=True, metavar="PATH_OR_HUB_ID", help="FER2013")
    parser.add_argument("--steps", type=int, default=4000, metavar="N", help="updates of 64 faces [4000]")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of weights and occluders [0]")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE.safetensors")
    options = parser.parse_args(arguments)
    images = load_split(options.data, "train", ImageForm(True, SIDE)).images
    weights = train(np.asarray(images), options.steps, options.seed).state_dict()
    halves = {name: weight.half() if weight.is_floating_point() else weight for name, weight in weights.items()}
    write_atomically(options.output, lambda path: path.write_bytes(save(halves)))


if __name__ == "__main__":
    main()
