"""Takes an explained batch apart: one frozen result for each face, in numpy and with calibrated probabilities."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from fer_explain.benchmark.calibration import softmax
from fer_explain.explain.base import Attribution
from fer_explain.faces.preprocess import to_image
from fer_explain.types import ChannelGate, Face, FaceAnalysis, Floats, InputSpec, Prediction, SpatialGate, Warp


def per_face(
    told: Attribution, faces: Sequence[Face], *, spec: InputSpec, labels: tuple[str, ...], temperature: float
) -> list[FaceAnalysis]:
    """What a batch of N faces told, face by face.

    Args:
        told: the outcome for the whole batch.
        faces: the N faces, in the order of the batch.
        spec: the input of the network, to turn its aligned input back into a picture.
        labels: the class of each of the K logits.
        temperature: logits are divided by it before the softmax.
    """
    predictions = _predictions(_numpy(told.logits), labels, temperature)
    warps = _warps(told, spec) or [None] * len(faces)
    channels = [(gate, _numpy(gate.values)) for gate in told.trace.channel_gates.values()]
    places = [(gate, _numpy(gate.values)) for gate in told.trace.spatial_gates.values()]
    return [
        FaceAnalysis(
            face,
            predictions[i],
            warps[i],
            [ChannelGate(gate.layer, gate.kind, weights[i]) for gate, weights in channels],
            [SpatialGate(gate.layer, gate.kind, maps[i], told.trace.frame(gate.layer)) for gate, maps in places],
            told.heatmaps[i] if told.heatmaps else None,
        )
        for i, face in enumerate(faces)
    ]


def _predictions(logits: Floats, labels: tuple[str, ...], temperature: float) -> list[Prediction]:
    probabilities = softmax(logits, temperature).astype("float32")
    return [Prediction(own, p, labels, temperature) for own, p in zip(logits, probabilities, strict=True)]


def _warps(told: Attribution, spec: InputSpec) -> list[Warp | None]:
    if told.trace.theta is None or told.trace.warped is None:
        return []
    aligned = to_image(told.trace.warped, spec)
    return [Warp(theta, image) for theta, image in zip(_numpy(told.trace.theta), aligned, strict=True)]


def _numpy(tensor: Tensor) -> Floats:
    array: Floats = tensor.float().cpu().numpy()
    return array
