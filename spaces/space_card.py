"""README.md of a Space: its settings, and which checkpoints it shows, as their own folders and cards tell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import ModelCard, SpaceCard

from fer_explain.errors import FerError
from fer_explain.hub.config import read_config
from fer_explain.hub.folder import CARD, EMBEDDED, list_checkpoints
from fer_explain.hub.remote import download

TEMPLATE = Path(__file__).with_name("README.md")
MARK = "<!-- checkpoints -->"
HUB_ID = re.compile(r"[\w.-]+/[\w.-]+(@[\w./-]+)?")
OURS = (
    "The checkpoints in `checkpoints/` were trained on the FER2013 training split; their folders hold the model cards "
    "and the test scores."
)


@dataclass(frozen=True, slots=True)
class Pinned:
    """A checkpoint on the Hub at one commit, with the copy of it that lies here."""

    repo: str
    commit: str
    folder: Path

    @property
    def ref(self) -> str:
        """What ``--checkpoints`` takes."""
        return f"{self.repo}@{self.commit}"

    @property
    def preload(self) -> str:
        """What a Space downloads while it is built: repository, files, commit."""
        files = sorted(path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file())
        return f"{self.repo} {','.join(files)} {self.commit}"


def pin(ref: str) -> Pinned:
    """The checkpoint ``org/name[@revision]`` at the commit that its revision, "main" without one, is now.

    Raises:
        FerError: that is no Hub id, the Hub has no such checkpoint, or it is damaged.
    """
    if not HUB_ID.fullmatch(ref) or ref.startswith("."):
        raise FerError(f"--checkpoints: '{ref}' is no Hub id such as org/name@revision; publish a folder first.")
    folder = download(ref)
    read_config(folder)
    return Pinned(ref.partition("@")[0], folder.name, folder)


def write_space_card(path: Path, pinned: Sequence[Pinned], *, embedded: bool) -> None:
    """Writes the Space's README.md.

    Args:
        path: where to.
        pinned: what it loads from the Hub.
        embedded: whether it holds the embedded checkpoints.

    Raises:
        FerError: it would hold no checkpoint at all.
    """
    if not (pinned or embedded):
        raise FerError("--no-embedded leaves no checkpoint; name some with --checkpoints ORG/NAME[@REVISION].")
    card = SpaceCard.load(TEMPLATE)
    folders = [*(EMBEDDED / name for name in list_checkpoints() if embedded), *(one.folder for one in pinned)]
    models = dict.fromkeys([*(one.repo for one in pinned), *(base for folder in folders for base in bases(folder))])
    if models:
        card.data.models = list(models)
    if pinned:
        card.data["preload_from_hub"] = [one.preload for one in pinned]
    told = [OURS] if embedded else []
    told += [f"Loaded from the Hub: `{one.repo}` at commit `{one.commit[:12]}`." for one in pinned]
    card.text = card.text.replace(MARK, "\n\n".join(told))
    path.write_text(str(card), encoding="utf-8")


def bases(folder: Path) -> list[str]:
    """The Hub ids of the weights that a checkpoint was made from, by its model card; none without a card."""
    if not (folder / CARD).is_file():
        return []
    found = ModelCard.load(folder / CARD, ignore_metadata_errors=True).data.get("base_model") or []
    return [found] if isinstance(found, str) else list(found)
