"""What teachers say of the training images, kept by source and row so that a student of a part of them can use it."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from fer_explain.hub.checkpoint import load_checkpoint
from fer_explain.hub.files import write_atomically
from training.data import FaceSet
from training.distill import ask

FILE: Final = "answers.npz"


def save_answers(folder: Path, train: FaceSet, device: torch.device) -> None:
    """Asks a finished checkpoint about its training images, plain and mirrored, and keeps it in its folder."""
    said = ask(load_checkpoint(folder), train, device)
    archive = BytesIO()
    np.savez(
        archive,
        probabilities=said.numpy().astype(np.float16),
        rows=train.rows.astype(np.int32),
        source=np.array([Path(name).name for name in train.sources])[train.source_of],
    )
    write_atomically(folder / FILE, lambda path: path.write_bytes(archive.getvalue()))


def mean_answers(folders: Sequence[Path], train: FaceSet) -> Tensor | None:
    """The mean of several teachers' answers (2, N, K) on ``train``; None when none has any.

    An image that a teacher was not asked about gets its label from that teacher.
    """
    found = [_aligned(folder / FILE, train) for folder in folders if (folder / FILE).exists()]
    return torch.from_numpy(np.mean(found, axis=0)).float() if found else None


def _aligned(path: Path, train: FaceSet) -> np.ndarray[tuple[int, int, int], np.dtype[np.float32]]:
    with np.load(path) as stored:
        places = {key: place for place, key in enumerate(zip(stored["source"], stored["rows"], strict=True))}
        probabilities = stored["probabilities"].astype(np.float32)
    names = np.array([Path(name).name for name in train.sources])[train.source_of]
    wanted = np.array([places.get(key, -1) for key in zip(names, train.rows, strict=True)])
    own = np.eye(len(train.label_names), dtype=np.float32)[train.labels]
    return np.where((wanted >= 0)[None, :, None], probabilities[:, wanted], own[None])
