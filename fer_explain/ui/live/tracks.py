"""Probabilities of the faces in a stream, averaged over time face by face. Immutable, and free of Gradio."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from fer_explain.types import Box

HALF_LIFE: Final = 0.35  # seconds after which an old frame counts half as much as the newest
FORGOTTEN: Final = 2.0  # seconds after which a face that was not seen starts anew
SAME: Final = 0.3  # intersection over union from which two boxes are the same face


@dataclass(frozen=True, slots=True)
class Track:
    """A face of the stream: its last box, its averaged probabilities, and when it was last seen in seconds."""

    box: Box
    probabilities: tuple[float, ...]
    seen: float


@dataclass(frozen=True, slots=True)
class Tracks:
    """The faces of a stream. It travels to the page and back with every frame, so that the server keeps nothing."""

    faces: tuple[Track, ...] = ()

    def update(self, boxes: Sequence[Box], probabilities: Sequence[Sequence[float]], now: float) -> Tracks:
        """The faces after another frame, in the order of ``boxes``; then those that are out of sight for a moment.

        Args:
            boxes: of the faces in the frame, in any unit that does not change.
            probabilities: (N, K) of the same faces.
            now: seconds on any clock that runs forward.
        """
        left = [track for track in self.faces if 0 <= now - track.seen <= FORGOTTEN]
        current = []
        for box, raw in zip(boxes, probabilities, strict=True):
            before = max(left, key=lambda track: overlap(track.box, box), default=None)
            if before is None or overlap(before.box, box) < SAME or len(before.probabilities) != len(raw):
                current.append(Track(box, tuple(map(float, raw)), now))
                continue
            left.remove(before)
            weight = 1 - 0.5 ** ((now - before.seen) / HALF_LIFE)
            mixed = tuple(old + weight * (float(new) - old) for old, new in zip(before.probabilities, raw, strict=True))
            current.append(Track(box, mixed, now))
        return Tracks((*current, *left))

    def to_json(self) -> list[list[Any]]:
        """Plain lists for the page."""
        return [
            [[track.box.x0, track.box.y0, track.box.x1, track.box.y1], list(track.probabilities), track.seen]
            for track in self.faces
        ]

    @classmethod
    def from_json(cls, entries: Any) -> Tracks:
        """What :meth:`to_json` gave; no faces when the page sent anything else."""
        try:
            tracks = tuple(
                Track(Box(*map(float, box)), tuple(map(float, probabilities)), float(seen))
                for box, probabilities, seen in entries
            )
        except (TypeError, ValueError):
            return cls()
        return cls(tracks if all(_finite(track) for track in tracks) else ())


def overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes, 0..1."""
    width = min(a.x1, b.x1) - max(a.x0, b.x0)
    height = min(a.y1, b.y1) - max(a.y0, b.y0)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (a.width * a.height + b.width * b.height - shared)


def _finite(track: Track) -> bool:
    numbers = (track.box.x0, track.box.y0, track.box.x1, track.box.y1, track.seen, *track.probabilities)
    return all(math.isfinite(number) for number in numbers)
