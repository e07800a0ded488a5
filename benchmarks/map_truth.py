"""Do heat maps find a cause that is known? Networks are trained on drawn faces whose label depends on one part alone.

::

    python -m benchmarks.map_truth --output docs/map_truth.md        # half an hour on two cores

The same run goes as numbers into the package (``--json``), whose Benchmark tab shows them.

Brows, eyes, mouth, a spot on the cheek and a mark in the corner are drawn in one of two forms each, independently; so
one set of faces has five labels, one for each cause. For each cause and seed a small network learns its label. Every
explanation is then scored by the share of its positive mass that lies on the cause and by whether its maximum does
(the pointing game, Zhang et al. 2018, "Top-down neural attention by excitation backprop", sec. 4.2). Some faces also
get their receipts, which says which check of a receipt goes with the truth.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation
from torch import Tensor, nn

from fer_explain.explain.faithfulness import examine
from fer_explain.explain.faithfulness.probe import on_crop, theta_of
from fer_explain.explain.registry import list_methods
from fer_explain.explain.tested import tested_map
from fer_explain.explain.trials import make_explainer, way_of
from fer_explain.explain.truth import SOURCE, Truth, Truths
from fer_explain.faces.drawn import draw_face
from fer_explain.faces.preprocess import to_batch
from fer_explain.faces.regions import canonical_regions
from fer_explain.hub.files import write_text
from fer_explain.hub.folder import EMBEDDED, list_checkpoints
from fer_explain.models import architecture, create_model
from fer_explain.types import Box, Pixels

MODEL: Final = "resnet_compact"
SIDE: Final = 48  # of a drawing and of the network's input, in pixels
TRAIN: Final = 1500
EPOCHS: Final = 4
BATCH: Final = 64
NEAR: Final = 1 / 16  # of the side: how far off a maximum may lie, less than a cell of most maps
# The two forms of each cause: what the part shows, or whether the thing is there.
PARTS: Final = {"mouth": ("happy", "sad"), "brows": ("angry", "surprise"), "eyes": ("happy", "surprise")}
ADDED: Final = {"spot": Box(12, 25, 18, 31), "corner": Box(1, 41, 9, 47)}  # on the left cheek; at the border
CAUSES: Final = (*PARTS, *ADDED)
CHECKS: Final = ("curves", "road", "infidelity", "randomisation", "sensitivity")

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Faces (N, SIDE, SIDE, 3); by cause their labels (N,) in 0..1 and where it lies (N, SIDE, SIDE)."""

    pixels: Pixels
    labels: dict[str, NDArray[np.int64]]
    places: dict[str, Mask]


def draw(count: int, seed: int) -> Drawn:
    """Faces of different people, a little turned, each cause in one of its two forms at random."""
    rng = np.random.default_rng(seed)
    labels = {cause: rng.integers(0, 2, count) for cause in CAUSES}
    drawn = [_one({cause: int(labels[cause][place]) for cause in CAUSES}, rng) for place in range(count)]
    places = {cause: np.stack([boxes[cause] for _, boxes in drawn]) for cause in CAUSES}
    return Drawn(np.stack([pixels for pixels, _ in drawn]), labels, places)


def _one(forms: dict[str, int], rng: np.random.Generator) -> tuple[Pixels, dict[str, Mask]]:
    shown = {part: names[forms[part]] for part, names in PARTS.items()}
    person, turned = int(rng.integers(1 << 30)), float(rng.uniform(-8, 8))
    face = draw_face("neutral", size=SIDE, seed=person, rotation=turned, **shown)
    pixels = face.pixels.copy()
    if forms["spot"]:
        pixels[26:30, 13:17] = (70, 40, 30)
    if forms["corner"]:
        pixels[43:46, 2:8] = (20, 20, 60)
    return pixels, {cause: _inside(box) for cause, box in ({**face.regions} | ADDED).items()}


def _inside(box: Box) -> Mask:
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5
    return np.asarray((x >= box.x0) & (x < box.x1) & (y >= box.y0) & (y < box.y1))


def train(pixels: Pixels, labels: NDArray[np.int64], seed: int, name: str = MODEL) -> nn.Module:
    """A network of two classes; plain AdamW, as nothing here depends on the last point of accuracy."""
    torch.manual_seed(seed)
    model = create_model(name, num_classes=2).train()
    x, wanted = to_batch(pixels, architecture(name).input), torch.from_numpy(labels)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.02)
    steps = len(x) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=EPOCHS * steps)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(x)).split(BATCH)[:steps]:
            loss = nn.functional.cross_entropy(model(x[rows]), wanted[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return model.eval()


def scores(values: NDArray[np.float64], cause: Mask) -> tuple[float, float]:
    """Share (0..1) of a map's positive mass on the cause, and whether its maximum lies there (0 or 1).

    Args:
        values: the map (S, S), on any scale.
        cause: (S, S).
    """
    positive = np.clip(values, 0, None)
    mass = float(positive[cause].sum() / positive.sum()) if positive.any() else 0.0
    around = binary_dilation(cause, iterations=max(1, round(NEAR * len(cause))))
    return mass, float(positive.any() and around.flat[int(values.argmax())])


def judge(
    model: nn.Module, test: Drawn, cause: str, count: int, receipts: int, methods: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """One line per face and explanation, of ``count`` faces that the network gets right; the first get receipts."""
    x, labels = to_batch(test.pixels, architecture(MODEL).input), test.labels[cause]
    with torch.no_grad():
        right = model(x).argmax(1).numpy() == labels
    present = labels == 1 if cause in ADDED else np.ones(len(right), bool)  # what is absent cannot be pointed at
    for number, place in enumerate(np.flatnonzero(right & present)[:count]):
        for name in methods:
            told = _judged(model, x[place : place + 1], test.places[cause][place], name, receipt=number < receipts)
            yield {"face": int(place), "accuracy": float(right.mean())} | told


def _judged(model: nn.Module, x: Tensor, cause: Mask, name: str, *, receipt: bool) -> dict[str, Any]:
    entry, method = architecture(MODEL), make_explainer(name)
    regions = torch.from_numpy(canonical_regions(SIDE))[None] if method.needs_regions else None
    told = method.attribute(model, entry, x, None, regions=regions)
    mass, pointed = scores(on_crop(told.heatmaps[0], theta_of(told), SIDE), cause)
    line: dict[str, Any] = {"method": name, "mass": mass, "pointed": pointed, "area": float(cause.mean())}
    if receipt:
        found = examine(model, entry, x, method, regions=regions)
        line |= {check.name: check.passed for check in found.checks} | {"passed": found.passed}
    return line


def ways() -> list[str]:
    """Every explanation, and the settings under which one is the tested map of an embedded checkpoint."""
    found = [tested_map(EMBEDDED / name) for name in list_checkpoints()]
    return list(dict.fromkeys([*list_methods(), *(way_of(one.best.method, one.best.settings) for one in found if one)]))


def table(lines: pd.DataFrame) -> str:
    """A line per explanation, best first: mass and pointing game over all causes, and the mass for each cause."""
    ranked = lines.groupby("method").agg(mass=("mass", "mean"), pointed=("pointed", "mean"))
    by_cause = lines.pivot_table(index="method", columns="cause", values="mass")
    area = lines.groupby("cause")["area"].mean()
    head = ["explanation", "mass on the cause", "maximum on it", *(f"{cause}" for cause in CAUSES)]
    body = [
        [name, _told(lines, name, "mass"), _told(lines, name, "pointed")]
        + [f"{100 * by_cause.loc[name, cause]:.0f} %" for cause in CAUSES]
        for name in ranked.sort_values("mass", ascending=False).index
    ]
    body.append(["*chance*", f"{100 * lines['area'].mean():.0f} %", "", *(f"{100 * area[c]:.0f} %" for c in CAUSES)])
    return _markdown(head, body)


def _told(lines: pd.DataFrame, name: str, column: str) -> str:
    mean, low, high = (round(100 * value) for value in _interval(lines, name, column))
    return f"{mean} % ({low} to {high})"


def _interval(lines: pd.DataFrame, name: str, column: str) -> tuple[float, float, float]:
    """Mean with a 95 % bootstrap interval over networks (cause and seed), which scatter more than their faces."""
    own = lines[lines["method"] == name].groupby(["cause", "seed"])[column].mean().to_numpy()
    drawn = np.random.default_rng(0).choice(own, (2000, len(own))).mean(1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(own.mean()), float(low), float(high)


def numbers(lines: pd.DataFrame, called: str) -> Truths:
    """The first table's numbers, to the per cent that it shows."""
    measured = []
    for name in lines.groupby("method")["mass"].mean().sort_values(ascending=False).index:
        mass, low, high = (round(value, 2) for value in _interval(lines, name, "mass"))
        pointed = round(_interval(lines, name, "pointed")[0], 2)
        method = make_explainer(name)
        measured.append(Truth(method.name, asdict(method), mass, low, high, pointed))
    networks, faces = (len(lines.groupby(by)) for by in (["cause", "seed"], ["cause", "seed", "face"]))
    return Truths(called, networks, faces, measured)


def checks_table(lines: pd.DataFrame) -> str:
    """For each check of a receipt: the mass on the cause where a map passes it and where it fails it."""
    tested = lines.dropna(subset=["passed"])
    body = []
    for check in CHECKS:
        passed = tested[check].astype(bool)
        parts = [tested.loc[kept, "mass"] for kept in (passed, ~passed)]
        told = [f"{100 * part.mean():.0f} % (n = {len(part)})" if len(part) else "-" for part in parts]
        rank = tested["mass"].corr(passed.astype(float), method="spearman") if 0 < passed.sum() < len(passed) else None
        body.append([check, *told, "-" if rank is None else f"{rank:+.2f}"])
    overall = tested["mass"].corr(tested["passed"].astype(float), method="spearman")
    body.append(["*checks passed*", "", "", f"{overall:+.2f}"])
    return _markdown(["check", "mass where passed", "mass where failed", "rank correlation"], body)


def _markdown(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def page(lines: pd.DataFrame, called: str) -> str:
    """The Markdown page."""
    networks = lines.groupby(["cause", "seed"])["accuracy"].first()
    return _PAGE.format(
        called=called,
        model=MODEL,
        train=f"{TRAIN:,}",
        networks=len(networks),
        accuracy=f"{100 * networks.min():.1f}",
        faces=len(lines.groupby(["cause", "seed", "face"])),
        table=table(lines),
        tested=int(lines["passed"].notna().sum()) if "passed" in lines else 0,
        checks=checks_table(lines) if "passed" in lines else "",
    )


_PAGE: Final = """# Do the maps find a known cause?

```bash
{called}
```

{networks} networks (`{model}`), each trained on the same {train} drawn faces to tell one thing: which of two forms
the mouth has, or the brows, or the eyes, whether there is a dark spot on the cheek, or a mark in the corner of the
picture. The five vary independently of each other. The weakest network is right on {accuracy} % of new faces. Every
explanation, as it is and with the settings of an embedded tested map, was asked about {faces} new faces that the
networks get right.

*Mass on the cause* is the share of the map's positive part that lies on the part that decides; *maximum on it* how
often the brightest place does (the pointing game). In brackets 95 % bootstrap intervals over networks. The last
columns are the mass for each cause.

{table}

## Which check of a receipt goes with the truth?

{tested} of these maps also got their receipt. A check that means something passes maps with more of their mass on the
cause.

{checks}
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.map_truth", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--faces", type=int, default=12, help="per network [12]")
    parser.add_argument("--receipts", type=int, default=3, help="faces of each network that also get receipts [3]")
    parser.add_argument("--seeds", type=int, default=2, help="networks per cause [2]")
    parser.add_argument(
        "--methods", nargs="+", default=ways(), metavar="METHOD[:KEY=VALUE,...]", help="explanations [all, and tested]"
    )
    parser.add_argument("--lines", type=Path, metavar="FILE.jsonl", help="keeps every line; networks in it are skipped")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE.md")
    parser.add_argument("--json", type=Path, default=SOURCE, metavar="FILE.json", help="the numbers [the package's]")
    options = parser.parse_args(arguments)
    lines = _kept(options.lines)
    done = {(line["cause"], line["seed"]) for line in lines}
    faces, test = draw(TRAIN, 0), draw(6 * options.faces, 1)
    for cause, seed in product(CAUSES, range(options.seeds)):
        if (cause, seed) in done:
            continue
        model = train(faces.pixels, faces.labels[cause], seed)
        told = judge(model, test, cause, options.faces, options.receipts, options.methods)
        lines += [{"cause": cause, "seed": seed} | line for line in told]
        print(f"{cause}, seed {seed}: accuracy {lines[-1]['accuracy']:.3f}", flush=True)
        if options.lines:
            write_text(options.lines, "".join(json.dumps(line) + "\n" for line in lines))
    counts = f"--faces {options.faces} --receipts {options.receipts} --seeds {options.seeds}"
    called = f"python -m benchmarks.map_truth {counts} --output docs/{options.output.name}"
    write_text(options.output, page(pd.DataFrame(lines), called))
    numbers(pd.DataFrame(lines), called).write(options.json)


def _kept(path: Path | None) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path and path.exists() else []


if __name__ == "__main__":
    main()
