"""Knowledge distillation (Hinton, Vinyals and Dean 2015): what an ensemble of teachers says of each training image.

The teachers see every training image *once*, plain and mirrored, before training starts. Their calibrated probabilities
are averaged, cached on the disk and only looked up while a student trains, so distillation costs a student no time, and
several students share one cache. The price: a student's view may be turned, shifted or lit otherwise than what its
teachers saw. For the mild augmentation of faces an expression survives, that is close; running the teachers on each
view ("consistent teaching", Beyer et al. 2022) would cost more than the student itself.

A student that is to say the same of a face in any light can learn from teachers who saw each face disturbed as well
(:data:`VIEWS`): their mean answer rests on what all views show, so less of it is lost when one of them is all there is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from fer_explain.benchmark.disturbances import SUITE, disturb
from fer_explain.emotions import key_of
from fer_explain.errors import FerError
from fer_explain.faces.preprocess import to_batch
from fer_explain.hub.checkpoint import Checkpoint, load_checkpoint
from fer_explain.hub.files import write_atomically
from fer_explain.hub.folder import CONFIG, WEIGHTS
from fer_explain.types import InputSpec
from training.data import FaceSet

VIEWS: Final = ("bright", "upper_hidden", "jpeg", "low_resolution")  # at their strongest: these change most answers
_TENSOR: Final = "probabilities"
_BATCH: Final = 256


def load_earlier(flag: str, refs: Sequence[str], train: FaceSet, *, same_split: bool = False) -> list[Checkpoint]:
    """Checkpoints that a student of ``train`` may learn from, or start from.

    Args:
        flag: that named them, for the errors.
        refs: folders, Hub ids or names of embedded checkpoints.
        train: the training split.
        same_split: its images may be other files than those the checkpoint learned from; the user vouches that the
            split is the same.

    Raises:
        FerError: one cannot be loaded, lacks a class, was trained on other data (which may hold the student's
            validation or test faces), or does not say that only validation data chose it.
    """
    earlier = [load_checkpoint(ref) for ref in refs]
    for each in earlier:
        provenance = each.config.provenance
        data = provenance.get("data", {}).get("train")
        missing = {*map(key_of, train.label_names)} - {*map(key_of, each.config.label_names)}
        if missing:
            raise FerError(f"{flag} {each.name}: it does not know {', '.join(sorted(missing))}.")
        if data != train.fingerprint and not same_split:
            raise FerError(
                f"{flag} {each.name}: it was trained on other data ({data or 'unknown'}) than this run "
                f"({train.fingerprint}), maybe on faces that are to judge its student. "
                "If only the files differ, not the split, say --same-split."
            )
        if provenance.get("selected_on") != "validation":
            raise FerError(
                f"{flag} {each.name}: it was selected on '{provenance.get('selected_on', 'unknown')}', "
                "not on validation alone."
            )
    return earlier


def fingerprint(teacher: Checkpoint) -> str:
    """SHA-256 over a checkpoint's weights and configuration; the first 16 hex digits."""
    digest = hashlib.sha256()
    for name in (WEIGHTS, CONFIG):
        digest.update((teacher.folder / name).read_bytes())
    return digest.hexdigest()[:16]


def teach(
    teachers: Sequence[Checkpoint], train: FaceSet, cache: Path, device: torch.device, *, disturbed: bool = False
) -> Tensor:
    """Mean calibrated probabilities (2, N, K) of the plain [0] and the mirrored [1] images, from the cache if there.

    Args:
        teachers: of :func:`load_earlier`.
        train: the N training images.
        cache: the folder of cached answers, a file or two per teacher and data.
        device: where the teachers run.
        disturbed: both are the mean over all views instead: the plain and the mirrored one count half, :data:`VIEWS`
            the other half.

    Raises:
        FerError: the cache cannot be written.
    """
    answers = torch.stack(
        [_cached(teacher, train, cache, partial(ask, teacher, train, device)) for teacher in teachers]
    )
    if not disturbed:
        return answers.mean(0)
    others = [
        _cached(teacher, train, cache, partial(_ask_disturbed, teacher, train, device), "/".join(VIEWS))
        for teacher in teachers
    ]
    both = (answers.mean((0, 1)) + torch.stack(others).mean((0, 1))) / 2
    return both.expand(2, -1, -1).clone()


def _cached(teacher: Checkpoint, train: FaceSet, cache: Path, make: Callable[[], Tensor], views: str = "") -> Tensor:
    """One teacher's calibrated probabilities (V, N, K), from its own file in the cache if that is there."""
    asked = "/".join(filter(None, (fingerprint(teacher), train.fingerprint, views)))
    path = cache / f"teachers-{hashlib.sha256(asked.encode()).hexdigest()[:16]}.safetensors"
    try:
        cached: Tensor = load_file(path)[_TENSOR]
        return cached
    except (OSError, SafetensorError, KeyError):  # not there yet, or damaged: made anew
        answers = make()
        write_atomically(path, lambda temporary: save_file({_TENSOR: answers}, temporary))
        return answers


def ask(teacher: Checkpoint, train: FaceSet, device: torch.device) -> Tensor:
    """One teacher's calibrated probabilities (2, N, K) of the plain [0] and the mirrored [1] images."""
    return torch.stack([_probabilities(teacher, train, device, mirrored=side) for side in (False, True)])


def _ask_disturbed(teacher: Checkpoint, train: FaceSet, device: torch.device) -> Tensor:
    """One teacher's calibrated probabilities (V, N, K) of the images under each of :data:`VIEWS`."""
    return torch.stack([_probabilities(teacher, train, device, view=view) for view in VIEWS])


def soften(probabilities: Tensor, temperature: float) -> Tensor:
    """Distributions (..., K) at a higher temperature: p^(1/T), normalised.

    For a single teacher this is the softmax of its logits over T; an ensemble's mean has no logits of its own.
    """
    return (probabilities.clamp(min=1e-12).log() / temperature).softmax(-1)


@torch.inference_mode()
def _probabilities(
    teacher: Checkpoint, train: FaceSet, device: torch.device, *, mirrored: bool = False, view: str = ""
) -> Tensor:
    """One teacher's calibrated probabilities (N, K) in the order of the data's classes."""
    model, spec = teacher.model.to(device), teacher.config.input
    batches = [
        (model(_inputs(train, start, spec, device, mirrored, view)).float() / teacher.config.temperature).softmax(-1)
        for start in range(0, len(train), _BATCH)
    ]
    own = [key_of(name) for name in teacher.config.label_names]
    known = torch.cat(batches).cpu()[:, [own.index(key_of(label)) for label in train.label_names]]
    return known / known.sum(1, keepdim=True)  # a teacher may know further classes


def _inputs(train: FaceSet, start: int, spec: InputSpec, device: torch.device, mirrored: bool, view: str) -> Tensor:
    images = train.images[start : start + _BATCH]
    if view:
        images = disturb(images, view, len(SUITE[view].amounts), range(start, start + len(images)))
    x = to_batch(images, spec, device).expand(-1, spec.channels, -1, -1)
    return x.flip(-1) if mirrored else x
