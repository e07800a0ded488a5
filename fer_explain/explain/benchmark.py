"""Which explanation holds for which network? Tests every method on the same few hundred faces and ranks them.

::

    python -m fer_explain.explain.benchmark --checkpoint stn_se_efficientnet_lite0 --data DIR --n 300 --output OUT

writes into ``OUT/stn_se_efficientnet_lite0`` ``receipts.parquet`` (a line per face and method), ``ranking.parquet`` (a
line per method: mean share of checks passed and share of faces that pass each check, with 95 % bootstrap intervals over
faces) and ``ranking.html`` (the same as one self-contained page). ``receipts.jsonl`` keeps what is done: the same
command goes on from it. A method may come with settings: ``--methods gradcam scale_occlusion:reference=filled``.
Without ``--checkpoint`` all embedded ones have their turn. ``--write`` puts ``explanations.json`` into a checkpoint's
folder, from which the app takes the tested map. No picture is written.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_explain.errors import FerError
from fer_explain.explain.trials import CHECKS, Sample, make_explainer, receipts, write_explanations

if TYPE_CHECKING:
    import pandas as pd


def read_sample(folder: Path, split: str, count: int, seed: int, skip: int = 0) -> list[Sample]:
    """``count`` faces of a split, drawn without replacement; all of them where there are no more.

    Args:
        folder: holds parquet shards ``SPLIT-*.parquet`` with ``image`` (bytes of a picture), ``label`` and, if there
            is one, ``row``.
        split: e.g. ``"validation"``.
        count: how many.
        seed: of the draw.
        skip: how many of the draw to pass over, e.g. because settings were chosen on them.

    Raises:
        FerError: no such shards, or they lack a column.
    """
    import pyarrow.parquet as pq
    from PIL import Image

    shards = sorted(folder.glob(f"{split}-*.parquet"))
    if not shards:
        raise FerError(f"--data {folder}: there is no {split}-*.parquet in it.")
    lengths = [pq.ParquetFile(shard).metadata.num_rows for shard in shards]
    total = sum(lengths)
    wanted = np.sort(np.random.default_rng(seed).permutation(total)[skip : skip + count])
    samples, offset = [], 0
    for shard, length in zip(shards, lengths, strict=True):
        table = pq.read_table(shard)
        missing = {"image", "label"} - set(table.column_names)
        if missing:
            raise FerError(f"--data {shard}: it has no column '{sorted(missing)[0]}'.")
        chosen = wanted[(wanted >= offset) & (wanted < offset + length)]
        for index, line in zip(chosen, table.take(chosen - offset).to_pylist(), strict=True):
            with Image.open(io.BytesIO(line["image"]["bytes"])) as picture:
                pixels = np.array(picture.convert("RGB"))
            samples.append(Sample(int(line.get("row", index)), pixels, int(line["label"])))
        offset += length
    return samples


def rank(lines: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """A line per method, best first, with the mean share of checks passed and of faces that pass each check.

    Intervals are 95 % bootstrap intervals over faces (``_low``, ``_high``), from the same draws for every method.
    """
    import pandas as pd

    from fer_explain.benchmark.statistics import bootstrap_means, percentile_interval

    ranked = []
    for name, own in lines.groupby("method", sort=True):
        columns = {"score": own["passed"] / len(CHECKS), "ok": own["ok"]}
        columns |= {check: own[f"{check}_passed"] for check in CHECKS}
        rows = np.column_stack([column.to_numpy(np.float64) for column in columns.values()])
        draws = bootstrap_means(rows, seed=seed)
        line: dict[str, Any] = {"method": name, "faces": len(own)}
        for index, column in enumerate(columns):
            value = float(rows[:, index].mean())
            low, high = percentile_interval(draws[:, index], value)
            line |= {column: value, f"{column}_low": low, f"{column}_high": high}
        ranked.append(line)
    return pd.DataFrame(ranked).sort_values("score", ascending=False, ignore_index=True)


def write_page(ranking: pd.DataFrame, path: Path, title: str) -> None:
    """The ranking as a page that needs no network: a dot per method and measure, with its interval."""
    import plotly.graph_objects as go

    names = {"score": "mean share of checks passed", "ok": "faces that pass all"} | {
        check: f"faces that pass: {check}" for check in CHECKS
    }
    figure = go.Figure(
        [
            go.Scatter(
                x=100 * ranking[column],
                y=ranking["method"],
                name=name,
                mode="markers",
                visible=True if column == "score" else "legendonly",
                error_x={
                    "array": 100 * (ranking[f"{column}_high"] - ranking[column]),
                    "arrayminus": 100 * (ranking[column] - ranking[f"{column}_low"]),
                },
                hovertemplate=f"%{{y}}, {name}: %{{x:.0f}} %<extra></extra>",
            )
            for column, name in names.items()
        ]
    )
    figure.update_layout(
        title=title,
        template="plotly_white",
        height=220 + 36 * len(ranking),
        xaxis={"title": "per cent, with 95 % bootstrap interval", "range": [-2, 102]},
        yaxis={"autorange": "reversed"},
    )
    figure.write_html(path, include_plotlyjs=True)


def main(argv: Sequence[str] | None = None) -> None:
    """The command line."""
    from fer_explain.explain.registry import list_methods
    from fer_explain.hub.folder import list_checkpoints

    options = _parse(argv)
    try:
        methods = options.methods or list_methods()
        for name in methods:
            make_explainer(name)
        samples = read_sample(options.data, options.split, options.n, options.seed, options.skip)
        if not samples:
            raise FerError(f"--skip {options.skip}: the {options.split} split has no face left.")
        for checkpoint in options.checkpoint or list_checkpoints():
            ranking = _run(checkpoint, options, samples, methods)
            told = ranking[["method", "score", "score_low", "score_high", "ok", *CHECKS]].round(2)
            print(f"{checkpoint}\n{told.to_string(index=False)}", flush=True)
    except FerError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from None


def _run(
    checkpoint: str, options: argparse.Namespace, samples: Sequence[Sample], methods: Sequence[str]
) -> pd.DataFrame:
    import pandas as pd
    from tqdm import tqdm

    from fer_explain.hub.checkpoint import load_checkpoint

    loaded, name = load_checkpoint(checkpoint), Path(checkpoint).name
    output = options.output / name
    output.mkdir(parents=True, exist_ok=True)
    judged = receipts(loaded, samples, methods, output / "receipts.jsonl", options.jobs)
    lines = pd.DataFrame(tqdm(judged, name, total=len(samples) * len(methods), unit="map"))
    ranking = rank(lines, options.seed)
    lines.to_parquet(output / "receipts.parquet", index=False)
    ranking.to_parquet(output / "ranking.parquet", index=False)
    title = f"{name}: maps put to the test on {len(samples)} faces of the {options.split} split"
    write_page(ranking, output / "ranking.html", title)
    if options.write:
        write_explanations(loaded, ranking, samples, options.split, options.seed, options.skip)
    return ranking


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m fer_explain.explain.benchmark", description=__doc__.split("\n")[0])
    parser.add_argument(
        "--checkpoint", nargs="+", metavar="NAME", help="embedded names, folders or Hub ids: all that are embedded"
    )
    parser.add_argument("--data", required=True, type=Path, metavar="DIR", help="folder with SPLIT-*.parquet")
    parser.add_argument("--split", default="validation", help="which split: %(default)s")
    parser.add_argument("--n", type=_positive, default=300, help="how many faces: %(default)s")
    parser.add_argument(
        "--methods",
        nargs="+",
        metavar="METHOD",
        help="explanations to rank, as NAME or NAME:KEY=VALUE,KEY=VALUE: all of them",
    )
    parser.add_argument("--skip", type=int, default=0, help="pass over the first of the draw: %(default)s")
    parser.add_argument("--write", action="store_true", help="write explanations.json into the checkpoint's folder")
    parser.add_argument("--seed", type=int, default=0, help="of the draw of faces and of the bootstrap: %(default)s")
    parser.add_argument("--jobs", type=_positive, default=1, help="processes at work: %(default)s")
    parser.add_argument("--output", required=True, type=Path, metavar="DIR", help="a folder for each checkpoint in it")
    return parser.parse_args(argv)


def _positive(text: str) -> int:
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError(f"'{text}' is no count; expected a whole number above 0")


if __name__ == "__main__":
    main()
