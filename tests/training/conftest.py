"""A small data set in FER2013's form: each class is a bright square at its own place, so that it can be learned."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fer_explain.emotions import LABELS
from fer_explain.types import Pixels

USAGES = {"Training": 6, "PublicTest": 2, "PrivateTest": 2}


def draw(label: int, rng: np.random.Generator) -> Pixels:
    image = rng.integers(0, 60, (48, 48), dtype=np.uint8)
    row, column = divmod(label, 3)
    image[row * 16 + 2 : row * 16 + 14, column * 16 + 2 : column * 16 + 14] = 220
    return image


@pytest.fixture(scope="session")
def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {"emotion": label, "pixels": " ".join(map(str, draw(label, rng).ravel())), "Usage": usage}
        for usage, count in USAGES.items()
        for _ in range(count)
        for label in range(len(LABELS))
    )


@pytest.fixture(scope="session")
def csv_file(table: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "fer2013.csv"
    table.to_csv(path, index=False)
    return path
