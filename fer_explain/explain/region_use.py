"""How each class uses the parts of a face, as measured over a validation set and kept beside the checkpoint.

A face's own audit says little alone. Beside the class's mean it shows whether the network did as usual, and the means
themselves show shortcuts: a class that is read off what is not the face.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from fer_explain.errors import FerError
from fer_explain.faces.regions import REGIONS
from fer_explain.hub.folder import REGION_PROFILE
from fer_explain.hub.weights import weights_fingerprint

OUTSIDE: Final = ("hair", "background")
FEWEST: Final = 20  # faces of a class: fewer say nothing about it
COSTLY: Final = 0.05  # of probability
FELT: Final = 0.01


class Estimate(NamedTuple):
    """A mean over faces with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class RegionUse:
    """How a class uses one part of the face; see :class:`fer_explain.explain.region_audit.RegionShare`."""

    area: float
    relevance: Estimate
    effect: Estimate


@dataclass(frozen=True, slots=True)
class ClassProfile:
    """The ``n`` faces that were predicted to be of one class, by region."""

    label: str
    n: int
    regions: dict[str, RegionUse]

    def shortcuts(self) -> list[str]:
        """The parts outside the face that the class is read off.

        The rule: hiding hair or background costs the class at least 5 points of probability on average; or at least one
        point, while they also hold more of the map than of the area. Each by the lower end of the 95 % interval, over
        20 faces or more. A map alone makes no shortcut: it may be wrong about the network.
        """
        if self.n < FEWEST:
            return []
        return [name for name in OUTSIDE if _is_shortcut(self.regions[name])]


@dataclass(frozen=True, slots=True)
class RegionProfile:
    """All classes of a checkpoint.

    Attributes:
        weights: fingerprint of the weights that were audited: a profile of others is not shown.
        method: the explanation.
        fill: what regions were hidden under.
        data: name of the data set.
        fingerprint: of its faces, see :class:`fer_explain.faces.dataset.LabelledFaces`.
        split: of the data set.
        n: faces, drawn at random with ``seed``.
        with_landmarks: those of them in which a detector found landmarks; the others got the canonical layout.
        agreement: mean Spearman correlation of relevance and effect within a face.
        classes: by predicted label; a class that was never predicted is absent.
    """

    weights: str
    method: str
    fill: str
    data: str
    fingerprint: str
    split: str
    n: int
    seed: int
    with_landmarks: int
    agreement: Estimate
    classes: dict[str, ClassProfile]

    def to_json(self) -> str:
        """The text of region_profile.json."""
        return json.dumps(asdict(self), indent=1) + "\n"


def read_profile(folder: Path) -> RegionProfile | None:
    """The profile in a checkpoint's folder; None where there is none, or one of other weights.

    Raises:
        FerError: the file is there and is no profile.
    """
    path = folder / REGION_PROFILE
    if not path.exists():
        return None
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        entries["agreement"] = Estimate(*entries["agreement"])
        entries["classes"] = {label: _class(entry) for label, entry in entries["classes"].items()}
        profile = RegionProfile(**entries)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise FerError(f"{path} is not a region profile: {type(error).__name__} {error}.") from error
    return profile if profile.weights == weights_fingerprint(folder) else None


def _is_shortcut(use: RegionUse) -> bool:
    return use.effect.low >= COSTLY or (use.effect.low >= FELT and use.relevance.low > use.area)


def _class(entry: dict[str, Any]) -> ClassProfile:
    uses = {
        name: RegionUse(use["area"], Estimate(*use["relevance"]), Estimate(*use["effect"]))
        for name, use in entry["regions"].items()
    }
    return ClassProfile(entry["label"], entry["n"], {name: uses[name] for name in REGIONS})
