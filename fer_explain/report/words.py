"""The sentences of a report, in English."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fer_explain.figures.stn import reading
from fer_explain.types import Warp

if TYPE_CHECKING:
    from fer_explain.explain.region_audit import RegionAudit
    from fer_explain.explain.region_use import ClassProfile, RegionProfile

LIMITS: Final = (
    "An expression is not a feeling. The network reproduces the labels that people gave to photos of faces; it cannot "
    "know what a person feels, means or is like.",
    "Even people agree with those labels in only about two of three cases. Age, skin colour and gender are not "
    "annotated in the training data, so errors between groups are not known to be equal.",
    "A map that passes every check is not proven right; one failed check is a reason to doubt it. A map is as coarse "
    "as the layer it reads.",
    "The parts of the face are a layout worked out from five landmarks, and no segmentation: hair is where hair "
    "usually is. Hiding a part changes the picture in ways the network never saw in training.",
    "Do not decide anything about a person with this report. Inferring emotions at work and in education is "
    "prohibited in the European Union (AI Act, Article 5(1)(f)).",
    "This file holds the photo of a face, which is personal data: keep it, or pass it on, only if the person agrees.",
)

CHECKS: Final = {
    "curves": "insertion and deletion",
    "road": "remove and debias (ROAD)",
    "infidelity": "sums under squares (infidelity)",
    "randomisation": "weights forgotten",
    "sensitivity": "noise in the photo",
}
CURVES: Final = {
    "deletion": "Deletion: the brightest places go first; a good map makes the probability fall early.",
    "insertion": "Insertion: the brightest places come first; a good map makes it rise early.",
    "road": "ROAD: the brightest places are filled in from around them.",
}
FILLS: Final = {"blur": "a blur", "mean": "the mean colour"}

_AGREEMENT: Final = {
    "agrees": "Hiding the parts one by one confirms the map",
    "unclear": "Hiding the parts one by one neither confirms nor contradicts the map",
    "contradicts": "Hiding the parts one by one contradicts the map",
}


def regions_in_words(audit: RegionAudit, label: str) -> str:
    """What the map says about the parts of the face, and whether hiding them bears it out."""
    if audit.verdict == "empty":
        return f"Nothing in this face speaks for “{label}”: the map is empty, so there is nothing to check."
    brightest, decisive = audit.brightest, audit.decisive
    says = (
        f"The map puts {_percent(brightest.relevance)} of its evidence for “{label}” on the {brightest.name} "
        f"({_percent(brightest.area)} of the crop)."
    )
    if audit.verdict == "unmoved":
        return f"{says} But hiding no part moves the probability by even one point, so the map cannot be checked."
    does = (
        f"Hiding the {decisive.name} costs most: {100 * decisive.effect:.0f} of the {100 * audit.probability:.0f} "
        "points of probability."
        if decisive.effect > 0
        else "Hiding any part raises the probability."
    )
    chance = f"rank correlation {audit.agreement:.2f}, p = {audit.p_value:.2f}; area alone: {audit.by_area:.2f}"
    return f"{says} {does} {_AGREEMENT[audit.verdict]} ({chance})."


def layout_in_words(audit: RegionAudit) -> str:
    """Where the layout of the parts comes from."""
    if audit.source == "landmarks":
        return "The parts are laid out by the five landmarks that the detector found."
    return "No landmarks were found, so the parts lie where they usually do in a crop."


def profile_in_words(profile: RegionProfile, own: ClassProfile | None, label: str) -> str:
    """How the network usually uses the parts of a face for a class, and shortcuts."""
    where = f"{profile.n:,} faces of {profile.data} ({profile.split})"
    if own is None:
        return f"On {where}, the network never read “{label}”."
    name, use = max(own.regions.items(), key=lambda item: item[1].relevance.value)
    usual = (
        f"Of the {own.n} faces among {where} that the network read as “{label}”, the map put "
        f"{_percent(use.relevance.value)} (95 % interval {_percent(use.relevance.low)} to "
        f"{_percent(use.relevance.high)}) on the {name}."
    )
    found = own.shortcuts()
    return f"{usual} A shortcut: it also reads this class off the {' and the '.join(found)}." if found else usual


def stn_in_words(warp: Warp) -> str:
    """What a spatial transformer did to the face."""
    read = reading(warp, warp.aligned.shape[0])
    right, down = read.shift
    return (
        f"The window the network looks through is turned by {read.rotation:+.1f}°, magnifies {read.zoom:.2f} times, "
        f"is sheared by {read.shear:+.1f}° and shifted by {right:+.1f} px to the right and {down:+.1f} px down, in "
        f"pixels of its input of {warp.aligned.shape[0]} x {warp.aligned.shape[0]}."
    )


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
