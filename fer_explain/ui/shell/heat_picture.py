"""A heat map as a picture to lay over a photo."""

from __future__ import annotations

from typing import Any

from fer_explain.figures.overlay import Layer, heat_layer
from fer_explain.types import Face, FaceAnalysis, Heatmap
from fer_explain.ui.shell.photo import picture_uri


def heat_picture(analysis: FaceAnalysis, shape: tuple[int, int]) -> dict[str, Any] | None:
    """The map over a photo of that height and width: its ``uri``, and its ``box`` (left, top, width, height) in
    fractions of the photo; None without a map."""
    layer = map_layer(analysis.heatmap, analysis, analysis.face, shape) if analysis.heatmap else None
    if layer is None:
        return None
    (height, width), (rows, columns) = shape, layer.pixels.shape[:2]
    box = [layer.x / width, layer.y / height, columns / width, rows / height]
    return {"uri": picture_uri(layer.pixels), "box": box}


def map_layer(heatmap: Heatmap, analysis: FaceAnalysis, face: Face, shape: tuple[int, int]) -> Layer | None:
    """The coloured map in the coordinates of a photo (height, width) that holds the face; None for an empty one."""
    from fer_explain.explain.unwarp import to_photo  # imports torch

    values, mask = to_photo(heatmap.values, heatmap.frame, face, analysis.warp, shape)
    return heat_layer(values, mask, signed=heatmap.signed)
