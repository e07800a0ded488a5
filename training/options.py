"""How a run is carried out, beside its recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fer_explain.errors import FerError
from training.config import TrainConfig


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What ``training.run`` is told beside the recipe.

    Attributes:
        recipe: name of the recipe, for the record.
        pretrained: backbone weights, as in :func:`fer_explain.models.create_model`.
        resume: go on with the interrupted run in the output folder.
        starts: checkpoints of the same architecture; the run starts from their weights' mean.
        teachers: checkpoints to learn from.
        teacher_cache: folder of the teachers' answers.
        same_split: starts and teachers learned from the same split, though from other files of it.
        time_budget: minutes; fewer steps are taken where they do not fit. 0 = all of them.
        save_every: minutes between two saves of the state within an epoch.
        trackers: of :func:`training.trackers.list_trackers`.
        keep_state: write what a resumed run needs; without it an interrupted run starts anew.
        taught_by: names of teachers whose answers are handed in ready.
        note: about the data, for the provenance.
        renamed: names in the data that stand for others, for the provenance.
        detected: whether the faces were found in photos, for the provenance.
    """

    recipe: str = ""
    pretrained: bool | Path = False
    resume: bool = False
    starts: tuple[str, ...] = ()
    teachers: tuple[str, ...] = ()
    teacher_cache: Path = Path("teachers")
    same_split: bool = False
    time_budget: float = 0.0
    save_every: float = 10.0
    trackers: tuple[str, ...] = ()
    keep_state: bool = True
    taught_by: tuple[str, ...] = ()
    note: str = ""
    renamed: Mapping[str, str] = field(default_factory=dict)
    detected: bool = False

    def check(self, config: TrainConfig, *, has_answers: bool) -> None:
        """Refuses what does not go together; ``has_answers``: those of teachers are handed in ready.

        Raises:
            FerError: two options contradict each other or the recipe.
        """
        if self.starts and self.pretrained:
            raise FerError("--start and --pretrained both name weights to start from; give one of them.")
        if self.teachers and not config.distill:
            raise FerError("--teacher has no effect while --distill is 0; give it a share of the loss, such as 0.5.")
        if config.votes and not self.teachers:
            raise FerError(f"--votes {config.votes} weighs annotators among teachers; it needs at least one --teacher.")
        if config.distill and not self.teachers and not has_answers:
            raise FerError(f"--distill {config.distill} needs at least one --teacher.")
