"""Fits the limits behind the warnings under a photo (``fer_explain.faces.quality``) on validation faces.

    python -m training.quality --data PATH --output docs/photo_warnings.md

Faces of FER2013's validation split, judged by FER+'s voters, are made smaller, blurred, darker, brighter and hidden
step by step. All forms of a kind are sorted by the measure and cut into equal bins; the loss begins where the bins
beyond all lose ten points against the faces as they were. A turned head cannot be made from one that is not, so that
limit is measured on the heads of the split as the detector finds them. The limits in use are set by hand beside the
fit.
"""

from __future__ import annotations

import argparse
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_explain.analyzer import Analyzer
from fer_explain.benchmark.disturbed import Share, share
from fer_explain.faces.detect import whole_image
from fer_explain.faces.quality import LIMITS, SIDE, Limit
from fer_explain.hub.files import write_text
from fer_explain.types import Face, Pixels
from training.data import FaceSet, ImageForm, load_split
from training.disturbed import some
from training.manners import command
from training.occluders import cover
from training.targets import as_ferplus

BINS: Final = 24
LOSS: Final = 0.10  # of accuracy
BATCH: Final = 64
FEW: Final = 20  # faces

Bools = NDArray[np.bool_]
Spoil = Callable[[Pixels, float], Pixels]


@dataclass(frozen=True, slots=True)
class Fit:
    """What was found for one limit: where the loss begins, and accuracy on both sides of the limit in use."""

    limit: Limit
    begins: float | None
    plain: Share
    within: tuple[Share, int]
    beyond: tuple[Share, int] | None
    flagged: float


def _smaller(image: Pixels, side: float) -> Pixels:
    return np.asarray(cv2.resize(image, (int(side), int(side)), interpolation=cv2.INTER_AREA), np.uint8)


def _blurred(image: Pixels, sigma: float) -> Pixels:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)


def _lit(image: Pixels, by: float) -> Pixels:
    return np.asarray(np.clip(image.astype(np.float32) * by, 0, 255).round(), np.uint8)


def _hidden(image: Pixels, share: float) -> Pixels:
    """Covered from one border on; the picture itself draws from which one, and the look of the cover."""
    chance = np.random.default_rng(zlib.crc32(image.tobytes()))
    band = np.zeros(image.shape, np.float32)
    band[: round(share * len(band))] = 1
    behind = cover(image.astype(np.float32), np.rot90(band, int(chance.integers(4))), image[None], chance)
    return np.asarray(behind.clip(0, 255).round(), np.uint8)


# How a FER2013 face (48 px) is spoilt for each warning.
SPOILT: Final[dict[str, tuple[Spoil, tuple[float, ...]]]] = {
    "small": (_smaller, (40, 36, 32, 28, 24, 20, 16, 12, 10, 8)),
    "blurred": (_blurred, (0.5, 0.8, 1.1, 1.5, 2, 2.5, 3, 4)),
    "dark": (_lit, (0.5, 0.3, 0.2, 0.12, 0.08, 0.05, 0.03)),
    "burnt": (_lit, (1.3, 1.6, 2, 2.5, 3, 4, 6)),
    "hidden": (_hidden, (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)),
}


def fit(limit: Limit, values: NDArray[np.float64], right: Bools, plain: NDArray[np.float64], said: Bools) -> Fit:
    """The fit of a limit from measures and outcomes of all forms; ``plain``, ``said``: of the faces as they are."""
    order = np.argsort(values if limit.above else -values, kind="stable")
    bins = np.array_split(order, BINS)
    target = said.mean() - LOSS
    first = len(bins)
    while first and right[bins[first - 1]].mean() <= target:
        first -= 1
    begins = float(values[bins[first][0]]) if first < len(bins) else None
    over = values > limit.value if limit.above else values < limit.value
    flagged = plain > limit.value if limit.above else plain < limit.value
    beyond = (share(right[over]), int(over.sum())) if over.sum() >= FEW else None
    return Fit(limit, begins, share(said), (share(right[~over]), int((~over).sum())), beyond, float(flagged.mean()))


def fits(data: str, n: int, model: str | None, report: Callable[[str], None]) -> Iterator[Fit]:
    """The fit of each limit."""
    analyzer = Analyzer()
    faces = some(as_ferplus(load_split(data, "validation", ImageForm(True, 48))), n)
    clean = [_face(image) for image in faces.images]
    said = _right(analyzer, clean, faces.labels, model)
    for limit in LIMITS:
        if limit.name not in SPOILT:
            found, labels = _found(analyzer, load_split(data, "validation", ImageForm(True, 48)))
            measured, answers = (
                np.array([limit.measure(face) for face in found]),
                _right(analyzer, found, labels, model),
            )
            made = fit(limit, measured, answers, measured, answers)
            report(str(made))
            yield made
            continue
        spoil, steps = SPOILT[limit.name]
        values, right = [np.array([limit.measure(face) for face in clean])], [said]
        for step in steps:
            spoilt = [_face(spoil(image, step)) for image in faces.images]
            values.append(np.array([limit.measure(face) for face in spoilt]))
            right.append(_right(analyzer, spoilt, faces.labels, model))
            report(f"{limit.name} {step:g}: {np.median(values[-1]):.3f} {100 * right[-1].mean():.1f} %")
        made = fit(limit, np.concatenate(values), np.concatenate(right), values[0], said)
        report(str(made))
        yield made


def _face(gray: Pixels) -> Face:
    return whole_image(np.repeat(gray[..., None], 3, axis=2))


def _found(analyzer: Analyzer, faces: FaceSet) -> tuple[list[Face], NDArray[np.int64]]:
    """The faces of a split that the detector finds, each enlarged and with a rim, as in a photo; and their labels."""
    faces, found = as_ferplus(faces), []
    for place, image in enumerate(faces.images):
        large = cv2.resize(image, (4 * SIDE, 4 * SIDE), interpolation=cv2.INTER_CUBIC)
        photo = cv2.copyMakeBorder(large, SIDE, SIDE, SIDE, SIDE, cv2.BORDER_CONSTANT, value=float(image.mean()))
        heads = analyzer.detect(np.repeat(photo[..., None], 3, axis=2)).faces
        found += [(place, max(heads, key=lambda face: face.score))] if heads else []
    return [face for _, face in found], faces.labels[[place for place, _ in found]]


def _right(analyzer: Analyzer, faces: Sequence[Face], labels: NDArray[np.int64], model: str | None) -> Bools:
    said = [
        answer.index
        for start in range(0, len(faces), BATCH)
        for answer in analyzer.predict(faces[start : start + BATCH], model)
    ]
    return np.asarray(np.array(said) == labels)


def page(found: Sequence[Fit], n: int, model: str, called: str) -> str:
    """The Markdown page."""
    rows = [
        f"| {one.limit.name} | {one.limit.measure.__name__} {'>' if one.limit.above else '<'} {one.limit.value:.3g} "
        f"| {'-' if one.begins is None else f'{one.begins:.3g}'} | {one.within[0]} (n = {one.within[1]:,}) "
        f"| {'-' if one.beyond is None else f'{one.beyond[0]} (n = {one.beyond[1]:,})'} | {100 * one.flagged:.1f} % |"
        for one in found
    ]
    return _PAGE.format(n=f"{n:,}", model=model, called=called, rows="\n".join(rows))


_PAGE: Final = """# When a photo does not allow a reading

Under an answer stands one sentence where the face is too small, blurred, dark, burnt out, turned to a side
or hidden.
The limits are those of `fer_explain/faces/quality.py`; this page is written by

```bash
{called}
```

`{model}` on {n} seeded faces of FER2013's validation split that FER+'s voters agree is a face, judged by their
majority, as they are and spoilt step by step (`training/quality.py` has the steps). Accuracies with 95 % bootstrap
intervals over pictures; a FER2013 face is there in all its forms, so they are a little narrow. *Loss of ten points
from* is the fit: beyond it, every bin of pictures loses at least ten points against the faces as they were (`-`: no
such place). *small* is set to 24 px, stricter than the fit, which knows clean reductions only. *Warned of as they
are* is the share of unspoilt faces beyond the limit. Limits were chosen on the faces that they are measured on here,
so on other faces they will tell a little less. *turned* is measured on all heads of the split that the detector finds,
as they are: there are few in profile, so its loss is uncertain, and the limit is where the nose tip leaves the space
between the eyes.

| warning | limit | loss of ten points from | accuracy within | accuracy beyond | warned of as they are |
| --- | --- | --- | --- | --- | --- |
{rows}

What the measures are: *size*, pixels of the photo from brow to chin, taken as 0.76 of the crop's side; *sharpness*, the
standard deviation of the Laplacian over that of the gray values at 48 px; *light*, where the brightest twentieth of the
face begins (1 is white); *burnt*, the share of white; *turn*, how far the nose tip is from the middle between the eyes,
along the line through them (0.5 is at an eye); *hidden*, the share of the face that something covers, as the small
network of `fer_explain/faces/occlusion.py` sees it.
"""


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m training.quality", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", required=True, metavar="PATH_OR_HUB_ID", help="FER2013 with FER+'s votes")
    parser.add_argument("--checkpoint", metavar="NAME", help="embedded checkpoint [the default one]")
    parser.add_argument("--faces", type=int, default=600, metavar="N", help="of FER2013's validation split [600]")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE.md")
    options = parser.parse_args(arguments)
    found = list(fits(options.data, options.faces, options.checkpoint, print))
    called = f"python -m training.quality --data PATH --faces {options.faces} --output docs/{options.output.name}"
    told = page(found, options.faces, options.checkpoint or Analyzer().models[0], called)
    write_text(options.output, told)


if __name__ == "__main__":
    main()
