"""Measures what a network usually looks at in each class: region audits over a validation set, summed up by class.

python -m fer_explain.explain.region_profile --checkpoint DIR_OR_NAME --data PATH [--n 700]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fer_explain.benchmark.statistics import bootstrap_means, percentile_interval
from fer_explain.errors import FerError
from fer_explain.explain.region_use import ClassProfile, Estimate, RegionProfile, RegionUse
from fer_explain.faces.regions import REGIONS
from fer_explain.hub.files import write_text
from fer_explain.hub.folder import REGION_PROFILE
from fer_explain.hub.reference import find_folder
from fer_explain.hub.weights import weights_fingerprint
from fer_explain.types import Face, Pixels

if TYPE_CHECKING:
    from fer_explain.explain.region_audit import RegionAudit
    from fer_explain.faces.dataset import LabelledFaces
    from fer_explain.hub.checkpoint import Checkpoint

_Doubles = NDArray[np.float64]


def profile_checkpoint(
    checkpoint: Checkpoint,
    faces: LabelledFaces,
    *,
    n: int = 700,
    method: str = "gradcam",
    seed: int = 0,
) -> RegionProfile:
    """Audits up to ``n`` faces, as many of each label as of any other, and sums them up by predicted class.

    Raises:
        FerError: there is no such method, or no face.
    """
    chosen = _balanced(faces.labels, n, seed)
    if not len(chosen):
        raise FerError(f"{faces.source} holds no labelled face in its {faces.split} split.")
    portraits = [_as_face(faces.images[index]) for index in chosen.tolist()]
    audits = list(_audit(checkpoint, portraits, method))
    return RegionProfile(
        weights=weights_fingerprint(checkpoint.folder),
        method=method,
        fill=audits[0].fill,
        data=faces.source,
        fingerprint=faces.fingerprint,
        split=faces.split,
        n=len(audits),
        seed=seed,
        with_landmarks=sum(face.landmarks is not None for face in portraits),
        agreement=_estimate(np.array([audit.agreement for audit in audits])),
        classes=_by_class(audits, checkpoint.config.label_names),
    )


def _audit(checkpoint: Checkpoint, faces: Sequence[Face], method: str) -> Iterator[RegionAudit]:
    """The audit of each face, for its predicted class."""
    from fer_explain.explain.region_audit import audit_map
    from fer_explain.explain.registry import explain
    from fer_explain.faces.preprocess import preprocess
    from fer_explain.faces.regions import face_regions, region_source
    from fer_explain.models import architecture

    config, entry = checkpoint.config, architecture(checkpoint.config.architecture)
    for face in faces:
        x = preprocess(face, config.input)
        regions = face_regions(face, config.input.size)
        [heatmap] = explain(checkpoint.model, entry, x, method=method).heatmaps
        yield audit_map(
            checkpoint.model, x, heatmap, regions, temperature=config.temperature, source=region_source(face)
        )


def _by_class(audits: Sequence[RegionAudit], labels: Sequence[str]) -> dict[str, ClassProfile]:
    classes = {}
    for index, label in enumerate(labels):
        own = [audit for audit in audits if audit.target == index]
        if own:
            uses = {name: _use(own, position) for position, name in enumerate(REGIONS)}
            classes[label] = ClassProfile(label, len(own), uses)
    return classes


def _use(audits: Sequence[RegionAudit], position: int) -> RegionUse:
    regions = [audit.regions[position] for audit in audits]
    return RegionUse(
        round(float(np.mean([region.area for region in regions])), 4),
        _estimate(np.array([region.relevance for region in regions])),
        _estimate(np.array([region.effect for region in regions])),
    )


def _estimate(values: _Doubles) -> Estimate:
    """Mean and interval of one number per face (N,)."""
    mean = float(values.mean())
    interval = percentile_interval(bootstrap_means(values[:, None])[:, 0], mean)
    return Estimate(round(mean, 4), round(interval.low, 4), round(interval.high, 4))


def _balanced(labels: NDArray[Any], n: int, seed: int) -> NDArray[np.intp]:
    """Indices of up to n faces, drawn at random: as many of each label, or all where there are fewer."""
    rng = np.random.default_rng(seed)
    classes = np.unique(labels)
    each = max(1, n // max(1, len(classes)))
    drawn = [rng.permutation(np.flatnonzero(labels == label))[:each] for label in classes]
    return np.sort(np.concatenate(drawn)) if drawn else np.empty(0, np.intp)


def _as_face(image: Pixels) -> Face:
    """A face of a data set (H, W) or (H, W, 3), with landmarks where a detector finds them."""
    from fer_explain.faces.detect import FACE_CROP, detect, whole_image

    photo = np.repeat(image[..., None], 3, axis=2) if image.ndim == 2 else image
    found = [face for face in detect(photo).faces if face.source == FACE_CROP]
    return found[0] if found else whole_image(photo)


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m fer_explain.explain.region_profile",
        description="Profiles which parts of a face a checkpoint uses for each class, on validation faces.",
    )
    parser.add_argument("--checkpoint", required=True, help="embedded name, folder, or Hub id")
    parser.add_argument(
        "--data", required=True, help="folder of parquet shards, Hub data set id, Kaggle CSV, or folder of images"
    )
    parser.add_argument("--split", default="validation", help="which faces (default: %(default)s)")
    parser.add_argument("--method", default="gradcam", help="explanation to audit (default: %(default)s)")
    parser.add_argument(
        "--n", type=int, default=700, help="faces, the same number of each label (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the draw of the faces (default: %(default)s)")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Writes region_profile.json into the checkpoint's folder and prints what stands out."""
    options = _options(argv)
    try:
        from fer_explain.faces.dataset import read_faces
        from fer_explain.hub.checkpoint import load_checkpoint

        folder = find_folder(options.checkpoint)
        checkpoint = load_checkpoint(folder)
        profile = profile_checkpoint(
            checkpoint,
            read_faces(options.data, options.split, label_names=checkpoint.config.label_names),
            n=options.n,
            method=options.method,
            seed=options.seed,
        )
        write_text(folder / REGION_PROFILE, profile.to_json())
    except FerError as error:
        print(f"region_profile: {error}", file=sys.stderr)
        sys.exit(2)
    print(summary(profile))


def summary(profile: RegionProfile) -> str:
    """A line for each class: where its map lies, what hiding costs, and shortcuts."""
    lines = [
        f"{profile.n} faces ({profile.with_landmarks} with landmarks); agreement {_spoken(profile.agreement, '.2f')}"
    ]
    for entry in profile.classes.values():
        uses = sorted(entry.regions.items(), key=lambda item: -item[1].relevance.value)
        parts = ", ".join(
            f"{name} {use.relevance.value:.0%} (area {use.area:.0%}, hiding {use.effect.value:+.2f})"
            for name, use in uses
        )
        lines.append(f"{entry.label} (n = {entry.n}): {parts}; shortcuts: {', '.join(entry.shortcuts()) or 'none'}")
    return "\n".join(lines)


def _spoken(estimate: Estimate, form: str) -> str:
    return f"{estimate.value:{form}} ({estimate.low:{form}} to {estimate.high:{form}})"


if __name__ == "__main__":
    main()
