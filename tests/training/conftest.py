"""A small data set in FER2013's form: each class is a bright square at its own place, so that it can be learned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from accelerate.state import AcceleratorState

from fer_explain.emotions import LABELS
from fer_explain.types import Pixels
from training.study import __main__ as study
from training.study import worker
from training.study.crew import Job

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


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of a study's runs that were carried out: in this process, so that the imports are paid for once."""
    names: list[str] = []

    def in_process(jobs: Sequence[Job], at_a_time: int, logs: Path, report: Callable[[Job, str | None], None]) -> None:
        for job in jobs:
            AcceleratorState._reset_state(reset_partial_state=True)
            names.append(job.name)
            try:
                worker.main(job.arguments)
                report(job, None)
            except SystemExit as stop:
                report(job, f"exit status {stop.code}")

    monkeypatch.setattr(study, "carry_out", in_process)
    monkeypatch.setattr(worker, "stop_with", lambda stream: None)
    return names
