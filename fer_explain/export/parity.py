"""Whether exported checkpoints tell what PyTorch tells, over faces of FER2013's validation split.

    python -m fer_explain.export.parity [CHECKPOINT ...] [--data DIR] [--faces N] [--json FILE]

Needs ``onnx``, ``onnxscript`` and ``onnxruntime``. It ends with status 1 where a checkpoint is outside the limits.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np

from fer_explain.analyzer import Analyzer
from fer_explain.errors import FerError
from fer_explain.export.write import MODEL, export
from fer_explain.faces.dataset import read_faces
from fer_explain.faces.detect import whole_image
from fer_explain.faces.preprocess import preprocess
from fer_explain.hub.files import write_text
from fer_explain.types import Face, FaceAnalysis, Floats, Pixels

LIMITS: Final = {"probabilities": 1e-3, "theta": 1e-3, "heatmap": 1e-2, "gates": 1e-2}
FACES: Final = 500


@dataclass(frozen=True, slots=True)
class Parity:
    """Largest differences of one checkpoint over ``n`` faces.

    Attributes:
        name: of the checkpoint.
        n: faces.
        same: of them, those with the same answer.
        differences: the largest absolute difference, for each of :data:`LIMITS` that the network has.
    """

    name: str
    n: int
    same: int
    differences: dict[str, float]

    @property
    def holds(self) -> bool:
        """Whether all answers are the same and all differences within :data:`LIMITS`."""
        return self.same == self.n and all(value <= LIMITS[kind] for kind, value in self.differences.items())

    def __str__(self) -> str:
        told = ", ".join(f"{kind} {value:.1e}" for kind, value in self.differences.items())
        return f"{self.name}: {self.same} of {self.n} answers the same; {told}{'' if self.holds else ' OUTSIDE'}"


def measure(analyzer: Analyzer, name: str, faces: Sequence[Face]) -> Parity:
    """Exports a checkpoint and runs both forms of it on faces.

    Raises:
        FerError: it cannot be exported, or a package is missing.
    """
    try:
        from onnxruntime import InferenceSession
    except ImportError as error:
        raise FerError("The comparison needs one more package: pip install onnxruntime.") from error
    with TemporaryDirectory() as folder:
        told = export(name, Path(folder))
        session = InferenceSession(str(Path(folder) / MODEL), providers=["CPUExecutionProvider"])
    spec, same, largest = analyzer.checkpoint(name).config.input, 0, dict.fromkeys(LIMITS, 0.0)
    for face in faces:
        [wanted] = analyzer.explain([face], name)
        feeds = {"x": preprocess(face, spec).numpy(), "target": np.array([-1])}
        got = dict(zip(told["outputs"], session.run(None, feeds), strict=True))
        probabilities = _softmax(got["logits"][0] / told["temperature"])
        same += int(probabilities.argmax() == wanted.prediction.probabilities.argmax())
        for kind, value in _differences(got, probabilities, wanted).items():
            largest[kind] = max(largest[kind], value)
    lacking = {kind: kind not in told["outputs"] for kind in ("theta", "heatmap")} | {"gates": not told["gates"]}
    return Parity(name, len(faces), same, {key: value for key, value in largest.items() if not lacking.get(key)})


def _differences(got: Mapping[str, Floats], probabilities: Floats, wanted: FaceAnalysis) -> dict[str, float]:
    assert wanted.heatmap is not None, "a map was asked for"
    pairs: list[tuple[str, Floats, Floats]] = [("probabilities", probabilities, wanted.prediction.probabilities)]
    if "heatmap" in got:
        pairs.append(("heatmap", got["heatmap"][0], wanted.heatmap.values))
    if wanted.warp is not None:
        pairs.append(("theta", got["theta"][0], wanted.warp.theta))
    pairs += [("gates", got[f"gate.{gate.layer}"][0], gate.weights) for gate in wanted.gates]
    largest = dict.fromkeys(LIMITS, 0.0)
    for kind, one, other in pairs:
        largest[kind] = max(largest[kind], float(np.abs(one - other).max()))
    return largest


def _softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max())
    shares: Floats = powers / powers.sum()
    return shares


def _face(pixels: Pixels) -> Face:
    return whole_image(np.repeat(pixels[..., None], 3, axis=2) if pixels.ndim == 2 else pixels)


def main(argv: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m fer_explain.export.parity", description="Exports beside PyTorch.")
    parser.add_argument("checkpoints", nargs="*", help="names; all embedded ones without any")
    parser.add_argument("--data", default=os.environ.get("FER_EXPLAIN_DATA"), help="folder of FER2013")
    parser.add_argument("--faces", type=int, default=FACES, help=f"how many of the validation split ({FACES})")
    parser.add_argument("--json", type=Path, help="also write the numbers there")
    args = parser.parse_args(argv)
    if not args.data or args.faces < 1:
        parser.error("give --data, the folder of FER2013, and --faces of 1 or more.")
    done: list[Parity] = []
    try:
        faces = [_face(pixels) for pixels in read_faces(args.data, "validation", args.faces).images]
        analyzer = Analyzer()
        for name in args.checkpoints or analyzer.models:
            done.append(measure(analyzer, name, faces))
            print(done[-1], flush=True)
        if args.json:
            told: list[dict[str, Any]] = [asdict(one) for one in done]
            write_text(args.json, json.dumps(told, indent=2) + "\n")
    except (FerError, OSError) as error:
        parser.error(str(error))
    sys.exit(0 if all(one.holds for one in done) else 1)


if __name__ == "__main__":
    main()
