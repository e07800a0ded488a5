"""Frozen results that travel between the rooms. Numbers with their frame of reference; nothing here draws.

Frames and coordinates (one convention everywhere):

* **pixel** coordinates are continuous: (0, 0) is the top-left *corner* of the top-left pixel, so the centre of pixel
  (row i, column j) lies at x = j + 0.5, y = i + 0.5. x runs right, y runs down.
* **normalised** coordinates run from -1 to 1 over an image, edge to edge (``align_corners=False`` of
  :func:`torch.nn.functional.grid_sample`).
* An affine map is a (2, 3) float array ``M`` with ``p' = M @ (x, y, 1)``.
* the **photo** frame is the upright photo; the **crop** frame is the square the face was cut from; the **warped** frame
  is what the network behind a spatial transformer sees. ``Face.to_photo`` maps crop (normalised) -> photo (pixels) and
  ``Warp.theta`` maps warped (normalised) -> crop (normalised), so both compose in the direction of sampling.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Frame = Literal["photo", "crop", "warped"]
Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

CORNERS: Floats = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], dtype=np.float32)


def apply_affine(matrix: Floats, points: Floats) -> Floats:
    """Maps points (N, 2) through an affine map (2, 3)."""
    mapped: Floats = (points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
    return mapped


@dataclass(frozen=True, slots=True)
class InputSpec:
    """How a network wants its input: ``channels`` (1 gray or 3), square ``size`` in pixels, values in 0..1 minus
    ``mean`` over ``std`` per channel, resized with ``interpolation``; ``gray`` drops colour first (FER2013 has none).
    """

    size: int
    channels: int = 3
    mean: tuple[float, ...] = (0.5, 0.5, 0.5)
    std: tuple[float, ...] = (0.5, 0.5, 0.5)
    interpolation: Literal["bilinear", "bicubic"] = "bilinear"
    gray: bool = True

    def __post_init__(self) -> None:
        if self.channels not in (1, 3) or len(self.mean) != self.channels or len(self.std) != self.channels:
            raise ValueError(
                f"InputSpec: {self.channels} channels need as many means and stds, got {self.mean}, {self.std}"
            )
        if self.size < 8 or min(self.std) <= 0:
            raise ValueError(f"InputSpec: size {self.size} must be at least 8 and every std positive, got {self.std}")


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-parallel rectangle in photo pixels; may reach over the border."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        """Width in photo pixels."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """Height in photo pixels."""
        return self.y1 - self.y0


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face of a photo.

    Attributes:
        pixels: uint8 (H, W, 3) RGB, the square crop the network gets (before resizing).
        box: the detector's box in photo pixels.
        to_photo: (2, 3) crop (normalised) -> photo (pixels); carries margin, squareness and eye rotation.
        landmarks: (5, 2) photo pixels (the eye on the image's left, the eye on its right, nose tip, the mouth corner
            on the image's left, the one on its right), or None.
        score: the detector's confidence in 0..1; 1 when no detector was asked.
        source: what found it: a detector's name, ``"face crop"`` (the photo already is a face), ``"whole image"``.
    """

    pixels: Pixels
    box: Box
    to_photo: Floats
    landmarks: Floats | None = None
    score: float = 1.0
    source: str = "whole image"

    @property
    def corners(self) -> Floats:
        """The crop's corners (4, 2) in photo pixels, clockwise from the crop's top left."""
        return apply_affine(self.to_photo, CORNERS)


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """The upright photo as uint8 RGB (H, W, 3) and the faces found in it, largest first; no face is an empty list."""

    photo: Pixels
    faces: list[Face]
    detector: str


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """Logits (K,) as the network gave them and probabilities (K,) = softmax(logits / temperature)."""

    logits: Floats
    probabilities: Floats
    labels: tuple[str, ...]
    temperature: float = 1.0

    @property
    def index(self) -> int:
        """Index of the most probable class."""
        return int(self.probabilities.argmax())

    @property
    def label(self) -> str:
        """Name of the most probable class."""
        return self.labels[self.index]

    @property
    def confidence(self) -> float:
        """Probability (0..1) of the most probable class."""
        return float(self.probabilities.max())


@dataclass(frozen=True, slots=True)
class Pose:
    """The readings of a theta, see :class:`Warp`; without arguments they are the identity's.

    Attributes:
        rotation: degrees, clockwise on screen.
        scale: size of the sampled window along its two axes, 1 = the crop's.
        shear: degrees, strictly between -90 and 90 (beyond them for a mirrored window).
        shift: (right, down) in fractions of the crop's side.
    """

    rotation: float = 0.0
    scale: tuple[float, float] = (1.0, 1.0)
    shear: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)

    @property
    def theta(self) -> Floats:
        """The map (2, 3) with these readings: rotation * [[sx, sy tan(shear)], [0, sy]], then the shift."""
        (sx, sy), slant = self.scale, math.tan(math.radians(self.shear))
        cos, sin = math.cos(math.radians(self.rotation)), math.sin(math.radians(self.rotation))
        turned = np.array([[cos, -sin], [sin, cos]]) @ np.array([[sx, sy * slant], [0, sy]])
        return np.column_stack([turned, 2 * np.array(self.shift)]).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Warp:
    """What a spatial transformer did (Jaderberg et al. 2015, eq. 1).

    ``theta`` (2, 3) maps a point of the aligned output to the point of the crop that is sampled there, both
    normalised; ``aligned`` is the aligned face as uint8 (S, S, 3). The readings below describe theta as
    rotation * shear * scale (the QR-like split of its left 2x2 block), then shift.
    """

    theta: Floats
    aligned: Pixels

    @property
    def quadrilateral(self) -> Floats:
        """Where the aligned image's corners lie in the crop: (4, 2), normalised, clockwise from its top left."""
        return apply_affine(self.theta, CORNERS)

    @property
    def rotation(self) -> float:
        """Turn of the sampling frame in degrees, clockwise on screen."""
        return math.degrees(math.atan2(self.theta[1, 0], self.theta[0, 0]))

    @property
    def scale(self) -> tuple[float, float]:
        """Size of the sampled window along its two axes, 1 = the crop's; below 1 zooms in, negative mirrors."""
        (a, b), (c, d) = self.theta[:, :2].tolist()
        sx = math.hypot(a, c)
        return sx, (a * d - b * c) / sx if sx else 0.0

    @property
    def zoom(self) -> float:
        """Linear magnification of the face: 1 / sqrt(|area of the window| / area of the crop)."""
        area = abs(float(np.linalg.det(self.theta[:, :2])))
        return 1 / math.sqrt(area) if area else math.inf

    @property
    def shear(self) -> float:
        """Shear of the vertical against the horizontal axis in degrees; 0 keeps right angles."""
        (a, b), (c, d) = self.theta[:, :2].tolist()
        return math.degrees(math.atan2(a * b + c * d, a * d - b * c))

    @property
    def shift(self) -> tuple[float, float]:
        """Shift of the window's centre, (right, down), in fractions of the crop's side."""
        return float(self.theta[0, 2]) / 2, float(self.theta[1, 2]) / 2

    @property
    def pose(self) -> Pose:
        """All readings; ``pose.theta`` is ``theta`` again, unless the window is collapsed to a line."""
        return Pose(self.rotation, self.scale, self.shear, self.shift)


@dataclass(frozen=True, slots=True, eq=False)
class ChannelGate:
    """Weights (C,) in 0..1 that a gate gave the channels of one layer; kind: ``se`` | ``eca`` | ``cbam``."""

    layer: str
    kind: str
    weights: Floats


@dataclass(frozen=True, slots=True, eq=False)
class SpatialGate:
    """A map (h, w) in 0..1 that a network laid over its own features, in ``frame``; kind: ``cbam`` | ``unet``."""

    layer: str
    kind: str
    values: Floats
    frame: Frame


@dataclass(frozen=True, slots=True, eq=False)
class Heatmap:
    """An explanation of class ``target`` as a map over ``frame``.

    ``values`` (H, W) are in 0..1 (largest = 1; all 0 for an empty map), or in -1..1 for a signed method, and
    ``values * scale`` is the map on its raw scale, which alone may be compared between models. ``two_sided`` tells that
    the method also measures evidence against the class, whether or not there is any in this face.
    """

    values: Floats
    frame: Frame
    method: str
    target: int
    scale: float = 1.0
    layer: str | None = None
    two_sided: bool = False

    @property
    def signed(self) -> bool:
        """Whether the map must be read around zero: above it speaks for the class, below it against."""
        return self.two_sided or bool((self.values < 0).any())


@dataclass(frozen=True, slots=True, eq=False)
class FaceAnalysis:
    """Everything one pass tells about one face. ``warp`` is None without a spatial transformer."""

    face: Face
    prediction: Prediction
    warp: Warp | None
    gates: list[ChannelGate] = field(default_factory=list)
    spatial_gates: list[SpatialGate] = field(default_factory=list)
    heatmap: Heatmap | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """The analysed faces of one photo, in the order of ``Detection.faces``."""

    photo: Pixels
    faces: list[FaceAnalysis]
    model: str
    detector: str
