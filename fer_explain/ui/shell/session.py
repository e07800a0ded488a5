"""What one visitor's page remembers between two clicks. Immutable, and free of Gradio."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from fer_explain.errors import FerError
from fer_explain.types import ChannelGate, Detection, Face, FaceAnalysis, SpatialGate
from fer_explain.ui.shell.photo import Shown, show
from fer_explain.ui.shell.visit import Visit

Gate = ChannelGate | SpatialGate
Settings = tuple[tuple[str, Any], ...]  # names and values, in alphabetical order
PREDICTED: Final = "predicted"  # as a target: the class the network predicts


class Question(NamedTuple):
    """What a visitor wants to know about the chosen face; ``settings`` are those of the method, where not default."""

    model: str | None
    method: str
    target: str
    settings: Settings = ()

    @property
    def label(self) -> str | None:
        """The class to explain; None means the predicted one."""
        return None if self.target == PREDICTED else self.target

    @property
    def parameters(self) -> dict[str, Any]:
        """The settings by name."""
        return dict(self.settings)


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """The photo on the page, the face that was chosen in it, and what is known about that face.

    Attributes:
        detection: the photo and its faces; None before the first photo.
        shown: the photo as the page shows it.
        chosen: index of the chosen face.
        analysis: of the chosen face; None until it is ready.
        question: what the analysis answers; None until it is ready.
        tested: the same face with the tested map, beside the analysis; None until it is ready, or where there is none.
        layer: the gate that is looked at; None means the last one.
        ranked: whether the most probable class comes first.
        settings: by model and method, as a layer of one network is none of another.
        visit: what all events of the page share; the same in all of its sessions.
    """

    detection: Detection | None = None
    shown: Shown | None = None
    chosen: int = 0
    analysis: FaceAnalysis | None = None
    question: Question | None = None
    tested: FaceAnalysis | None = None
    layer: str | None = None
    ranked: bool = True
    settings: dict[tuple[str | None, str], Settings] = field(default_factory=dict)
    visit: Visit[Session] = field(default_factory=Visit, repr=False)

    @property
    def faces(self) -> list[Face]:
        """The faces of the photo."""
        return self.detection.faces if self.detection else []

    @property
    def face(self) -> Face | None:
        """The chosen face; None where there is none."""
        return self.faces[self.chosen] if self.faces else None

    @property
    def gates(self) -> list[Gate]:
        """All gates of the network: channels first, then places."""
        return [*self.analysis.gates, *self.analysis.spatial_gates] if self.analysis else []

    @property
    def gate(self) -> Gate | None:
        """The gate that is looked at: the chosen layer's, else the last one over channels, else the last one."""
        chosen = [gate for gate in self.gates if gate.layer == self.layer]
        channels = [gate for gate in self.gates if isinstance(gate, ChannelGate)]
        return next(iter(chosen or channels[-1:] or self.gates[-1:]), None)

    def found(self, detection: Detection) -> Session:
        """A new photo: its largest face is chosen and nothing is known about it yet."""
        return replace(self, detection=detection, shown=show(detection.photo), chosen=0)._unexplained()

    def choose(self, index: int) -> Session:
        """Another face of the photo.

        Raises:
            FerError: the photo has no such face.
        """
        if not 0 <= index < len(self.faces):
            raise FerError(f"There is no face {index + 1} in this photo; it has {len(self.faces)}.")
        return replace(self, chosen=index)._unexplained()

    def explained(self, analysis: FaceAnalysis, question: Question) -> Session:
        """The chosen face's analysis is ready, as the answer to a question."""
        return replace(self, analysis=analysis, question=question, tested=None)

    def beside(self, analysis: FaceAnalysis | None, tested: FaceAnalysis) -> Session:
        """The tested map of the face of an analysis is ready; nothing changes where that is not what is known now."""
        return replace(self, tested=tested) if self.analysis is analysis else self

    def ask(self, model: str | None, method: str, target: str) -> Question:
        """A question about the chosen face, with the settings this visitor gave the method."""
        return Question(model, method, target, self.settings.get((model, method), ()))

    def adjust(self, model: str | None, method: str, changes: Mapping[str, Any]) -> Session:
        """Settings of a method were changed."""
        frozen = {name: tuple(value) if isinstance(value, list) else value for name, value in changes.items()}
        changed = {**dict(self.settings.get((model, method), ())), **frozen}
        return replace(self, settings={**self.settings, (model, method): tuple(sorted(changed.items()))})

    def _unexplained(self) -> Session:
        return replace(self, analysis=None, question=None, tested=None)

    def look_at(self, layer: str) -> Session:
        """Another gate is looked at."""
        return replace(self, layer=layer)

    def ordered(self, ranked: bool) -> Session:
        """The bars are in another order."""
        return replace(self, ranked=ranked)
