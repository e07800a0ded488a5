"""The seconds of the tested map and its receipt."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from benchmarks.tested_map import main, rows
from fer_explain.faces.drawn import draw_face


def test_the_middle_counts_and_the_slow_tenth_is_said() -> None:
    shown, receipt = rows([0.5] * 9 + [9.0], [2.5] * 10)
    assert (shown.within, receipt.within) == (True, False)
    assert shown.measured.startswith("0.50 s, nine in ten within 8")


def test_a_table_of_real_seconds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pictures = []
    for seed in range(3):
        buffer = BytesIO()
        Image.fromarray(draw_face("happy", seed=seed).pixels).convert("L").save(buffer, "png")
        pictures.append({"bytes": buffer.getvalue(), "path": None})
    faces = pd.DataFrame({"image": pictures, "label": [3, 3, 3]})
    faces.to_parquet(tmp_path / "validation-00000-of-00001.parquet")
    main(["--data", str(tmp_path), "--faces", "2", "--model", "vgg_compact"])
    told = capsys.readouterr().out
    assert "tested map, n = 2" in told
    assert told.count(" s, nine in ten within ") == 2
