"""Single faces of a data set by row id, with the votes of FER+ where it has them; nothing is decoded in advance."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from fer_explain.errors import FerError
from fer_explain.faces.dataset import Integers, decoded, shards
from fer_explain.types import Pixels

# The order of FER+'s columns (Barsoum et al. 2016), in this project's words.
VOTES: Final = (
    "neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt", "unknown", "no face",
)  # fmt: skip
_COLUMN: Final = "ferplus_votes"
_UNSURE: Final = (1, 2)  # of ferplus_aligned: FER+'s list could not be laid beside this row for certain
_HUB_ID: Final = re.compile(r"[\w.-]+/[\w.-]+")


class FaceRows:
    """The faces of one split.

    Args:
        table: columns image and row, and ferplus_votes where known.
        split: of the data set.
    """

    def __init__(self, table: Any, split: str) -> None:
        self.split = split
        self._images = table["image"].tolist()
        rows = table.get("row", table.index)
        self._place = {int(row): place for place, row in enumerate(rows)}
        self._votes = _votes(table)

    def __len__(self) -> int:
        return len(self._images)

    def __contains__(self, row: int) -> bool:
        return row in self._place

    def image(self, row: int) -> Pixels:
        """The face as RGB, uint8 (H, W, 3).

        Raises:
            FerError: there is no such row, or its image cannot be read.
        """
        if row not in self._place:
            raise FerError(f"The data set's {self.split} split has no row {row}.")
        pixels = decoded(self._images[self._place[row]], f"{self.split} row {row}")
        return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)

    def votes(self, row: int) -> Mapping[str, int]:
        """How many of FER+'s ten voters said what, most first; {} where that is not known."""
        place = self._place.get(row)
        if self._votes is None or place is None:
            return {}
        counts = dict(zip(VOTES, self._votes[place].tolist(), strict=True))
        return {name: n for name, n in sorted(counts.items(), key=lambda item: -item[1]) if n}

    def disputed(self, labels: Mapping[int, str]) -> Integers:
        """Row ids, of those given with their label, whose label fewer than half of FER+'s voters chose."""
        rows = [row for row, label in labels.items() if self._disputed(row, label)]
        return np.array(sorted(rows), np.int64)

    @property
    def voted(self) -> bool:
        """Whether the data set carries FER+'s votes."""
        return self._votes is not None

    def _disputed(self, row: int, label: str) -> bool:
        votes = self.votes(row)
        return bool(votes) and 2 * votes.get(label, 0) < sum(votes.values())


def read_rows(source: str | Path, split: str) -> FaceRows:
    """The faces of a split, from a folder of parquet shards or a Hub data set id ``org/name``; kept while unchanged.

    Raises:
        FerError: there is no such data set or split, a column is missing, or the Hub does not give it.
    """
    folder = Path(source) if Path(source).is_dir() else _downloaded(str(source), split)
    files = shards(folder, split)
    return _read(tuple(files), tuple(path.stat().st_mtime_ns for path in files), split)


@lru_cache(maxsize=4)
def _read(files: tuple[Path, ...], _written: tuple[int, ...], split: str) -> FaceRows:
    import pandas as pd

    try:
        table = pd.concat([pd.read_parquet(path) for path in files], ignore_index=True)
    except (OSError, ValueError) as error:
        raise FerError(f"{files[0].parent}: the {split} split is not readable parquet ({error}).") from error
    if "image" not in table:
        raise FerError(f"{files[0].parent}: the {split} split has no column 'image'.")
    return FaceRows(table, split)


def _downloaded(source: str, split: str) -> Path:
    if not _HUB_ID.fullmatch(source) or Path(source).exists():
        raise FerError(f"There is no data set '{source}': give a folder of parquet shards, or a Hub id org/name.")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    wanted = [f"{split}-*.parquet", f"data/{split}-*.parquet"]
    try:
        return Path(snapshot_download(source, repo_type="dataset", allow_patterns=wanted))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FerError(f"The Hub does not give the data set '{source}': {reason}") from None


def _votes(table: Any) -> Integers | None:
    """(N, 10) counts; zeros where it is unsure that they belong to the face."""
    if _COLUMN not in table:
        return None
    counts = np.stack([np.asarray(entry, np.int64) for entry in table[_COLUMN]])
    if "ferplus_aligned" in table:
        counts[table["ferplus_aligned"].isin(_UNSURE).to_numpy()] = 0
    return counts
