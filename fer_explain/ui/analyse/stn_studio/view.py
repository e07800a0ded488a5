"""The stage of the STN studio: the photo around the face, the window on it that can be dragged, the map."""

from __future__ import annotations

import json
from html import escape

import numpy as np
from PIL import Image

from fer_explain.figures.overlay import heat_layer
from fer_explain.types import CORNERS, Face, FaceAnalysis, Floats, Pixels, Pose, Warp, apply_affine
from fer_explain.ui.shell.photo import photo_uri, picture_uri
from fer_explain.ui.shell.texts import Texts

REACH = 1.7  # what the stage shows, in crop sides around the crop's centre
SIDE = 420  # pixels of the stage
MAP = 128  # pixels of the map on the crop


def stage(photo: Pixels, analysis: FaceAnalysis, pose: Pose, texts: Texts) -> str:
    """The part of the photo around the face, the crop's outline, the map, and the window with its handles.

    Coordinates of the drawing are the crop's normalised ones, so that the script can turn a drag into a pose without
    knowing where the face lies.
    """
    assert analysis.warp is not None, "only a network with a spatial transformer has a stage"
    half = REACH
    alt = escape(texts("studio.alt"))
    return (
        '<div class="fer-studio"><figure>'
        f'<svg viewBox="{-half} {-half} {2 * half} {2 * half}" role="img" aria-label="{alt}" '
        f'data-pose="{escape(json.dumps(as_json(pose)))}">'
        f'<image href="{photo_uri(_around(photo, analysis.face))}" x="{-half}" y="{-half}" width="{2 * half}" '
        f'height="{2 * half}"/>{_map(analysis)}'
        '<rect x="-1" y="-1" width="2" height="2" class="fer-outline"/>'
        f"{_window(analysis.warp.theta)}</svg>"
        f"<figcaption>{escape(texts('studio.stage'))}</figcaption></figure>"
        f'<figure><img src="{picture_uri(analysis.warp.aligned)}" alt="{escape(texts("stn.after"))}">'
        f"<figcaption>{escape(texts('stn.after'))}</figcaption></figure></div>"
    )


def as_json(pose: Pose) -> dict[str, float]:
    """A pose as the script knows it: degrees, factors, and shifts in fractions of the crop's side."""
    (width, height), (right, down) = pose.scale, pose.shift
    return {
        "rotation": pose.rotation, "width": width, "height": height, "shear": pose.shear, "right": right, "down": down,
    }  # fmt: skip


def from_json(message: object) -> Pose | None:
    """The pose in a message of the script; None for anything else."""
    try:
        values = {key: float(message[key]) for key in as_json(Pose())}  # type: ignore[index]
    except (TypeError, KeyError, ValueError):
        return None
    if not all(np.isfinite(value) and abs(value) <= 360 for value in values.values()):
        return None
    return Pose(
        values["rotation"], (values["width"], values["height"]), values["shear"], (values["right"], values["down"])
    )


def _around(photo: Pixels, face: Face) -> Pixels:
    """The photo around a face in the crop's own orientation; dark where the photo ends."""
    # Stage pixel -> crop (normalised) -> photo pixel: what PIL wants is the map from output to input.
    to_crop_position = np.array([[2 * REACH / SIDE, 0, -REACH], [0, 2 * REACH / SIDE, -REACH], [0, 0, 1]])
    matrix = face.to_photo.astype(np.float64) @ to_crop_position
    # A large face is reduced first, as sampling far apart would alias.
    step = max(1, int(np.hypot(*matrix[:, 0])))
    source = Image.fromarray(photo).reduce(step) if step > 1 else Image.fromarray(photo)
    coefficients = tuple((matrix / step).flatten())
    view = source.transform((SIDE, SIDE), Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR)
    return np.asarray(view)


def _map(analysis: FaceAnalysis) -> str:
    from fer_explain.explain.unwarp import to_crop  # imports torch

    heatmap = analysis.heatmap
    if heatmap is None:
        return ""
    values, mask = to_crop(heatmap.values, heatmap.frame, analysis.warp, (MAP, MAP))
    layer = heat_layer(values, mask, signed=heatmap.signed)
    if layer is None:
        return ""
    height, width = layer.pixels.shape[:2]
    unit = 2 / MAP
    place = f'x="{layer.x * unit - 1:.4f}" y="{layer.y * unit - 1:.4f}" width="{width * unit:.4f}"'
    return (
        f'<image class="fer-map" href="{picture_uri(layer.pixels)}" {place} height="{height * unit:.4f}" '
        'preserveAspectRatio="none"/>'
    )


def _window(theta: Floats) -> str:
    """The quadrilateral, a bold top edge, a handle at each corner to stretch it, one above the top to turn it."""
    corners = apply_affine(theta, CORNERS)
    handle, top = apply_affine(theta, np.array([[0, -1.22], [0, -1]], np.float32))
    points = " ".join(f"{x:.4f},{y:.4f}" for x, y in corners)
    (x0, y0), (x1, y1) = corners[:2]
    dots = "".join(f'<circle class="fer-corner" cx="{x:.4f}" cy="{y:.4f}" r="0.06"/>' for x, y in corners)
    return (
        f'<g class="fer-window"><polygon points="{points}"/>'
        f'<line class="fer-top" x1="{x0:.4f}" y1="{y0:.4f}" x2="{x1:.4f}" y2="{y1:.4f}"/>'
        f'<line class="fer-stem" x1="{top[0]:.4f}" y1="{top[1]:.4f}" x2="{handle[0]:.4f}" y2="{handle[1]:.4f}"/>{dots}'
        f'<circle class="fer-turn" cx="{handle[0]:.4f}" cy="{handle[1]:.4f}" r="0.08"/></g>'
    )


def own_pose(warp: Warp) -> Pose:
    """The network's own pose, rounded to the steps of the sliders."""
    pose = warp.pose
    return Pose(
        round(pose.rotation, 1),
        (round(pose.scale[0], 2), round(pose.scale[1], 2)),
        round(pose.shear, 1),
        pose.shift,
    )
