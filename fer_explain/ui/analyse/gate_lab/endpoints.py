"""Tests of a map and interventions in a network, for the programming interface."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from fer_explain.analyzer import Analyzer
from fer_explain.errors import FerError
from fer_explain.types import ChannelGate, FaceAnalysis, Pose
from fer_explain.ui.shell import endpoints

if TYPE_CHECKING:
    from fer_explain.explain.flip import Flip
    from fer_explain.explain.intervene import GateChange

READINGS: Final = ("rotation", "width", "height", "shear", "right", "down")
USUAL: Final = "usual"  # in place of a factor: freeze the channel


def offer_intervene(analyzer: Analyzer) -> None:
    """Adds what the studio and the lab do."""
    _offer_changes(analyzer)
    _offer_flip_set(analyzer)


def _offer_changes(analyzer: Analyzer) -> None:

    def intervene(
        photo: str,
        model: str = "",
        window: dict[str, float] | None = None,
        gates: dict[str, dict[str, float | str]] | None = None,
        method: str = "gradcam",
        target: str = "",
    ) -> list[dict[str, Any]]:
        """Changes where a network looks, or which channels it uses, and says what it then reads from each face.

        Args:
            photo: the image file.
            model: name of a model, see list_models; empty for the default one.
            window: readings of the spatial transformer: rotation and shear in degrees, width and height as factors,
                right and down in fractions of the crop, e.g. {"rotation": 30}; what is left out stays the network's.
            gates: for a layer and the number of a channel in it the factor of its weight, 0 to knock it out, or "usual"
                to freeze it at its mean over validation faces of the expression that is read without the change,
                e.g. {"backbone.blocks.4.gated": {"12": 0, "7": "usual"}}; the names of layers are those of analyze's
                gates.
            method: name of an explanation, see list_methods.
            target: the expression to explain, e.g. happy; empty for what is predicted with the change.

        Returns:
            for each face what analyze tells, before and after the change.
        """
        faces = analyzer.detect(photo).faces
        question = model or None, method or "gradcam", target or None
        owns = analyzer.explain(faces, *question)
        changed = [_changed(analyzer, own, window or {}, gates or {}, *question) for own in owns]
        return [
            {"before": endpoints.to_json(own), "after": endpoints.to_json(after)}
            for own, after in zip(owns, changed, strict=True)
        ]

    endpoints.endpoint(
        intervene,
        [
            endpoints.photo(),
            endpoints.text("model"),
            endpoints.mapping("window"),
            endpoints.mapping("gates"),
            endpoints.text("method", "gradcam"),
            endpoints.text("target"),
        ],
    )


def _offer_flip_set(analyzer: Analyzer) -> None:
    def flip_set(photo: str, layer: str, model: str = "") -> list[dict[str, Any]]:
        """Searches a gate for the smallest set of channels whose removal changes what is read from a face.

        Args:
            photo: the image file.
            layer: the gate's layer, as in analyze's gates.
            model: name of a model, see list_models; empty for the default one.

        Returns:
            for each face the channels (none where no set was found), the expression read before and without them,
            whether every smaller set was tried (proven), and how many sets were.
        """
        from fer_explain.explain.flip import find_flip  # imports torch

        labels = analyzer.checkpoint(model or None).config.label_names
        lend = partial(analyzer.borrow, model or None)
        return [_told(find_flip(lend, face, layer), labels) for face in analyzer.detect(photo).faces]

    endpoints.endpoint(flip_set, [endpoints.photo(), endpoints.text("layer"), endpoints.text("model")])


def _told(flip: Flip, labels: Sequence[str]) -> dict[str, Any]:
    return {
        "layer": flip.layer,
        "channels": list(flip.channels),
        "before": labels[int(flip.before.argmax())],
        "after": labels[int(flip.after.argmax())],
        "proven": flip.proven,
        "runs": flip.runs,
    }


def _changed(
    analyzer: Analyzer,
    own: FaceAnalysis,
    window: Mapping[str, Any],
    gates: Mapping[str, Any],
    model: str | None,
    method: str,
    target: str | None,
) -> FaceAnalysis:
    from fer_explain.explain.inputs import class_index
    from fer_explain.explain.intervene import predict_with  # imports torch

    index = None if target is None else class_index(target, own.prediction.labels)
    theta = _pose(own, window).theta if window else None
    usual = partial(_usual, analyzer, model, own.prediction.label)
    changes = [_change(own.gates, layer, factors, usual) for layer, factors in _pairs("gates", gates)]
    return predict_with(
        partial(analyzer.borrow, model), own.face, theta=theta, gates=changes, method=method, target=index
    )


def _pose(own: FaceAnalysis, window: Mapping[str, Any]) -> Pose:
    """The network's own pose with some readings changed."""
    if own.warp is None:
        raise FerError("This network has no spatial transformer whose window could be changed.")
    wanted = {name: _number(f"window's {name}", value) for name, value in _pairs("window", window)}
    unknown = sorted(wanted.keys() - set(READINGS))
    if unknown:
        raise FerError(f"The window has no '{unknown[0]}'; it has {', '.join(READINGS)}.")
    pose = own.warp.pose
    (width, height), (right, down) = pose.scale, pose.shift
    return replace(
        pose,
        rotation=wanted.get("rotation", pose.rotation),
        shear=wanted.get("shear", pose.shear),
        scale=(wanted.get("width", width), wanted.get("height", height)),
        shift=(wanted.get("right", right), wanted.get("down", down)),
    )


def _change(
    gates: Sequence[ChannelGate], layer: str, factors: object, usual: Callable[[str], Sequence[float]]
) -> GateChange:
    """What is done to some channels of a gate; the others stay as they are."""
    import numpy as np

    from fer_explain.explain.intervene import GateChange

    sizes = {gate.layer: len(gate.weights) for gate in gates}
    if layer not in sizes:
        raise FerError(f"The network has no channel gate '{layer}'; it has {', '.join(sizes) or 'none'}.")
    weights, offsets = np.ones(sizes[layer], np.float32), np.zeros(sizes[layer], np.float32)
    for channel, factor in _pairs(layer, factors):
        if not channel.isdecimal() or int(channel) >= sizes[layer]:
            raise FerError(f"The gate '{layer}' has no channel '{channel}'; it has 0 to {sizes[layer] - 1}.")
        if factor == USUAL:
            weights[int(channel)], offsets[int(channel)] = 0, usual(layer)[int(channel)]
        else:
            weights[int(channel)] = _number(f"factor of channel {channel}", factor)
    return GateChange(layer, weights, offsets)


def _usual(analyzer: Analyzer, model: str | None, label: str, layer: str) -> Sequence[float]:
    """The mean weights (C,) of a gate over the validation faces that were read as ``label``."""
    from fer_explain.explain.profile import read_profile

    checkpoint = analyzer.checkpoint(model)
    profile = read_profile(checkpoint.folder)
    usual = None if profile is None else profile.usual(label, layer)
    if usual is None:
        raise FerError(f"It is not known what is usual for '{label}' in '{layer}' of {checkpoint.name}.")
    return usual.mean


def _pairs(what: str, mapping: object) -> list[tuple[str, Any]]:
    if not isinstance(mapping, Mapping):
        raise FerError(f"'{what}' must be an object of names and values, not {mapping!r}.")
    return [(str(name), value) for name, value in mapping.items()]


def _number(what: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise FerError(f"The {what} must be a number, not {value!r}.")
    return float(value)
