"""How long a visitor waits for the tested map, and for its receipt.

::

    OMP_NUM_THREADS=2 python -m benchmarks.tested_map --data PATH     # the budgets are for two cores

Validation faces, as the page explains and tests them: the receipt is that of the map that is shown already.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Final

import numpy as np

from benchmarks.speed import Row, as_markdown
from fer_explain.analyzer import Analyzer
from fer_explain.explain.benchmark import read_sample
from fer_explain.explain.faithfulness import make_receipt
from fer_explain.explain.tested import named_or_tested
from fer_explain.types import Box, Face
from fer_explain.ui.shell.allocator import settle

SEED: Final = 0
MAP: Final = 0.8  # seconds
RECEIPT: Final = 2.0


def measure(data: Path, count: int, model: str | None = None) -> tuple[list[float], list[float]]:
    """Seconds for the tested map of each face, and for its receipt."""
    analyzer = Analyzer()
    method, settings = named_or_tested("tested", {}, analyzer.checkpoint(model).folder)
    maps, receipts = [], []
    for sample in read_sample(data, "validation", count + 1, SEED):
        height, width = sample.pixels.shape[:2]
        face = Face(sample.pixels, Box(0, 0, width, height), np.eye(2, 3, dtype=np.float32))
        start = time.perf_counter()
        [analysis] = analyzer.explain([face], model, method, **settings)
        shown = time.perf_counter()
        make_receipt(analyzer, face, model, method, analysis=analysis, **settings)
        maps.append(shown - start)
        receipts.append(time.perf_counter() - shown)
    return maps[1:], receipts[1:]  # the first face also loads libraries


def rows(maps: Sequence[float], receipts: Sequence[float]) -> list[Row]:
    """Medians against the budgets, and what nine faces in ten stay below."""

    def row(what: str, seconds: Sequence[float], budget: float) -> Row:
        middle, most = median(seconds), quantiles(seconds, n=10)[-1]
        return Row(what, f"{middle:.2f} s, nine in ten within {most:.2f} s", f"<= {budget} s", middle <= budget)

    return [row(f"tested map, n = {len(maps)}", maps, MAP), row("its receipt", receipts, RECEIPT)]


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tested_map", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="FER2013 as parquet shards")
    parser.add_argument("--faces", type=int, default=20, metavar="N", help="validation faces [20]")
    parser.add_argument("--model", metavar="NAME", help="one of the checkpoints [the default]")
    options = parser.parse_args(arguments)
    settle()  # as the app does
    print(as_markdown(rows(*measure(options.data, options.faces, options.model))))


if __name__ == "__main__":
    main()
