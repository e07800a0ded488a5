"""What the Compare tab remembers: one face and what each model said about it. Immutable, and free of Gradio."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from fer_explain.types import Detection, Face, FaceAnalysis, Pixels
from fer_explain.ui.shell.photo import Shown, show

if TYPE_CHECKING:
    from fer_explain.explain.tested import Trial


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """What one model said.

    Attributes:
        analysis: prediction, spatial transformer, gates, and the map if one was asked for.
        milliseconds: how long that took.
        seen: the face as the network gets it, uint8 (S, S, 3): behind its spatial transformer if it has one.
        unit: what the map's raw values are in; "" without a map.
        settled: whether the tested map was asked for and this is what there is.
        trial: how the tested map did when it was tested; None where it is not measured, or not the one shown.
    """

    analysis: FaceAnalysis
    milliseconds: float
    seen: Pixels
    unit: str = ""
    settled: bool = False
    trial: Trial | None = None


class Turns:
    """The questions of one open page, which Gradio answers side by side: only the newest one is wanted."""

    def __init__(self) -> None:
        self._begun: list[int] = []

    def begin(self, order: int) -> Callable[[], bool]:
        """Starts the question that came as number ``order``; what it returns says whether no newer one has begun."""
        self._begun.append(order)  # several threads may do so at once
        return lambda: order == max(self._begun)


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """One face through several models.

    Attributes:
        detection: the photo and its faces; None before the first photo.
        shown: the photo as the page shows it.
        chosen: index of the face.
        asked: the method and the target the maps answer.
        said: by model, of all that were ever asked about this face with this question.
        turns: whose question is the newest; Gradio copies the first state for every page.
    """

    detection: Detection | None = None
    shown: Shown | None = None
    chosen: int = 0
    asked: tuple[str, str] | None = None
    said: Mapping[str, Said] = field(default_factory=dict)
    turns: Turns = field(default_factory=Turns)

    @property
    def face(self) -> Face | None:
        """The compared face; None where there is none."""
        return self.detection.faces[self.chosen] if self.detection and self.detection.faces else None

    def on(self, detection: Detection, chosen: int = 0) -> Compared:
        """Another face: nothing is known about it yet."""
        return Compared(detection, show(detection.photo), chosen, turns=self.turns)

    def asking(self, method: str, target: str) -> Compared:
        """The same face under a question; what answers another one is forgotten."""
        if self.asked == (method, target):
            return self
        return replace(self, asked=(method, target), said={})

    def told(self, model: str, said: Said) -> Compared:
        """One more model has spoken."""
        return replace(self, said={**self.said, model: said})

    def missing(self, models: Sequence[str]) -> list[str]:
        """The models, of those asked, that have not spoken yet."""
        return [model for model in models if model not in self.said]

    def unsettled(self, models: Sequence[str]) -> list[str]:
        """The models that have spoken and whose tested map was not worked out yet."""
        return [model for model, said in self.of(models).items() if not said.settled]

    def of(self, models: Sequence[str]) -> dict[str, Said]:
        """What the asked models said, in their order, as far as they have spoken."""
        return {model: self.said[model] for model in models if model in self.said}
