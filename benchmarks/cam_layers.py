"""At which layer does Grad-CAM hold best? Each embedded checkpoint's candidates, by receipts and by a known truth.

::

    python -m benchmarks.cam_layers --data DIR --output docs/cam_layers.md    # most of an hour on two busy cores

*Receipts*: Grad-CAM of the predicted class on faces of FER2013, put through the three checks that tell good maps from
bad ones (docs/map_truth.md). *Truth*: a network of the same architecture learns to tell drawn faces by one part alone,
as in :mod:`benchmarks.map_truth`, and the map is scored by the share of its mass that lies on that part.
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections.abc import Iterator, Sequence
from functools import cache
from math import isqrt
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from benchmarks.map_truth import ADDED, SIDE, Drawn, _kept, _markdown, draw, scores, train
from fer_explain.benchmark.published import wilson_interval
from fer_explain.explain.base import Explainer
from fer_explain.explain.benchmark import read_sample
from fer_explain.explain.faithfulness.baselines import Doubles, ranks, rivals
from fer_explain.explain.faithfulness.curves import check_curves
from fer_explain.explain.faithfulness.infidelity import check_infidelity
from fer_explain.explain.faithfulness.probe import Answers, Probe, on_crop, theta_of
from fer_explain.explain.faithfulness.road import check_road
from fer_explain.explain.registry import explainer
from fer_explain.explain.trials import Sample
from fer_explain.faces.preprocess import to_batch
from fer_explain.hub.checkpoint import Checkpoint, load_checkpoint
from fer_explain.hub.files import write_text
from fer_explain.hub.folder import list_checkpoints
from fer_explain.models import Architecture, architecture

CAUSES: Final = ("mouth", "brows")
CHECKS: Final = ("curves", "road", "infidelity")
TRAIN: Final = 768  # drawn faces; half of map_truth's teach these networks as well
LEARNED: Final = 0.9  # a network that is right less often has not found the cause, so its maps cannot either
SEED: Final = 41  # of the draw of faces
_EMONEXT: Final = (
    "gates.0 gates.1 backbone.stages.2.downsample.0 backbone.stages.2.blocks.1 gates.2 backbone.stages.3.downsample.0 "
    "backbone.stages.3.blocks.0 features"
)
_SWIN: Final = (
    "layers.0 layers.1.blocks.1 layers.1 layers.2.downsample.norm layers.2.blocks.0 layers.2.blocks.1.norm1 "
    "layers.2.blocks.1.norm2 layers.2 norm"
)
# In the order in which they run. What ends in "norm", "norm1", "norm2" or "downsample.0" lies behind a normalisation.
_PATHS: Final = {
    "convnext_nano": _EMONEXT.replace("gates", "backbone.stages"),
    "emonext_nano": _EMONEXT,
    "emonext_nano_nosa": _EMONEXT,
    "swin_compact": _SWIN,
    "swin_se_resnet_compact": "swin.layers.1 swin.layers.2 swin.norm split resnet.layer3 features",
    "resnet_compact": "layer2 layer3.0 layer3 layer4.0 layer4",
    "resnet_unet_eca_compact": "backbone.layer2 backbone.layer3 backbone.layer4.0 features",
    "vgg_compact": "blocks.2.11 blocks.2 blocks.3.11 blocks.3 features",
    "sequential_cnn_compact": "blocks.1 blocks.2.act blocks.2 blocks.3.act blocks.3",
    "hybrid_cbam_compact": "backbones.0.layer3 backbones.0.layer4 backbones.1.bn2 cnn.3 features",
    "stn_se_efficientnet_lite0": "backbone.blocks.2 backbone.blocks.4 backbone.blocks.6 backbone.bn2",
    "stn_se_mobilenetv1_vggface2": "backbone.blocks.2 backbone.blocks.3 backbone.blocks.4",
}
LAYERS: Final = {name: paths.split() for name, paths in _PATHS.items()}


def told(model: nn.Module, entry: Architecture, x: Tensor, method: Explainer) -> tuple[Doubles, int, int]:
    """The map of one face over the crop (S, S), its target, and the side of the layer's own map."""
    shapes: list[tuple[int, ...]] = []
    layer = model.get_submodule(method.layer)  # type: ignore[attr-defined]
    with layer.register_forward_hook(lambda _module, _inputs, output: shapes.append(output.shape)):
        answer = method.attribute(model, entry, x)
    [heatmap], [shape] = answer.heatmaps, shapes
    side = isqrt(shape[1]) if len(shape) == 3 else shape[2]
    return on_crop(heatmap, theta_of(answer), x.shape[-1]), heatmap.target, side


def receipt(loaded: Checkpoint, sample: Sample, layer: str, known: Answers) -> dict[str, Any]:
    """Which of the three checks a face's map passes; the draws are those of the full receipt."""
    entry, config = architecture(loaded.config.architecture), loaded.config
    x, method = to_batch(sample.pixels[None], config.input), explainer("gradcam", layer=layer)
    own, target, side = told(loaded.model, entry, x, method)
    probe = Probe(loaded.model, entry, method, target, temperature=config.temperature, known=known)
    for_maps, for_road, for_squares = np.random.default_rng([0, zlib.crc32(x.numpy().tobytes())]).spawn(3)
    maps = rivals(own, for_maps)
    places = ranks(maps.maps, for_maps)
    by_curves, lines = check_curves(probe, x, maps, places)
    by_road, _ = check_road(probe, x, maps, places, lines["deletion"].values[0], for_road)
    found = (by_curves, by_road, check_infidelity(probe, x, maps, for_squares))
    return {"side": side} | {check.name: check.passed for check in found}


def truths(name: str, cause: str, count: int) -> Iterator[dict[str, Any]]:
    """One line per face and layer, of ``count`` faces that a network trained on the cause gets right."""
    faces, test = _drawings(count)
    model, entry = train(faces.pixels, faces.labels[cause], 0, name), architecture(name)
    x, labels = to_batch(test.pixels, entry.input), test.labels[cause]
    with torch.no_grad():
        right = model(x).argmax(1).numpy() == labels
    present = labels == 1 if cause in ADDED else np.ones(len(right), bool)
    for place in np.flatnonzero(right & present)[:count]:
        for layer in LAYERS[name]:
            own, _, side = told(model, entry, x[place : place + 1], explainer("gradcam", layer=layer))
            mass, pointed = scores(own, test.places[cause][place])
            key = {"of": name, "layer": layer, "cause": cause, "face": int(place), "side": side}
            yield key | {"mass": mass, "pointed": pointed, "accuracy": float(right.mean())}


@cache
def _drawings(count: int) -> tuple[Drawn, Drawn]:
    """Faces to learn from, and enough new ones that ``count`` of them show any cause."""
    return draw(TRAIN, 0), draw(6 * count, 1)


def table(name: str, lines: pd.DataFrame) -> str:
    """A line per layer of a checkpoint, in the order in which they run; the registry's is bold."""
    network = load_checkpoint(name).config.architecture
    lines = lines.reindex(columns=lines.columns.union(["accuracy", "road"], sort=False))
    mine = lines[(lines["of"] == name) & lines["road"].notna()]
    drawn = lines[(lines["of"] == network.removesuffix("_nosa")) & (lines["accuracy"] >= LEARNED)]
    head = ["layer", "side", *CHECKS, "all three"]
    head += ["mass on the cause", "maximum on it", *CAUSES] if len(drawn) else []
    body = []
    for layer in LAYERS[network]:
        own, known = mine[mine["layer"] == layer], drawn[drawn["layer"] == layer]
        bold = "**" if layer == architecture(network).cam_layer else ""
        passed = own[list(CHECKS)].astype(bool).assign(all=lambda checks: checks.all(axis=1)).mean()
        low, high = wilson_interval(float(passed["all"]), len(own))
        shares = [f"{100 * share:.0f} %" for share in passed]
        shares[-1] += f" ({100 * low:.0f} to {100 * high:.0f})"
        if len(drawn):
            shares += [_mean(known["mass"]), f"{100 * known['pointed'].mean():.0f} %"]
            by_cause = known.groupby("cause")["mass"].mean()
            shares += [f"{100 * by_cause[cause]:.0f} %" if cause in by_cause else "-" for cause in CAUSES]
        body.append([f"{bold}`{layer}`{bold}", f"{own['side'].iloc[0]:.0f}", *shares])
    faces = f"{mine['face'].nunique()} faces of FER2013"
    if len(drawn):
        weakest = 100 * drawn["accuracy"].min()
        count = len(drawn.groupby(["cause", "face"]))
        faces += f", {count} drawn ones; the weakest network is right on {weakest:.0f} %"
    return f"## `{name}`\n\n{faces}.\n\n{_markdown(head, body)}"


def _mean(values: pd.Series[float]) -> str:
    """The mean with a 95 % bootstrap interval over faces."""
    drawn = np.random.default_rng(0).choice(values.to_numpy(), (2000, len(values))).mean(1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return f"{100 * values.mean():.0f} % ({100 * low:.0f} to {100 * high:.0f})"


_PAGE: Final = """# Where does Grad-CAM hold best?

```bash
{called}
```

Grad-CAM of the predicted class reads one layer. For each embedded checkpoint the candidates are listed in the order in
which they run, each with the side of its map; the registry's choice is bold.

*curves*, *road*, *infidelity*: faces of FER2013's validation split (seed {seed}) whose map passes that check of the
receipt; *all three* with Wilson's 95 % interval. *Mass on the cause*: share of the map's positive part on the part of a
drawn face that alone decides, with a 95 % bootstrap interval over faces; *maximum on it*: how often the brightest place
lies there. For that a network of the same architecture learned from {train} drawn faces, one for each cause, as in
[map_truth.md](map_truth.md). EmoNeXt without its regulariser shares EmoNeXt's, as this training has none. Networks
of larger inputs have receipts only.

{tables}
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cam_layers", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="holds validation-*.parquet")
    parser.add_argument("--faces", type=int, default=24, help="of the validation split [24]")
    parser.add_argument("--drawn", type=int, default=12, help="drawn faces per cause [12]")
    parser.add_argument("--checkpoints", nargs="+", default=list_checkpoints(), metavar="NAME", help="which [all]")
    parser.add_argument("--causes", nargs="*", choices=CAUSES, default=CAUSES, help="of the drawn faces' labels [all]")
    parser.add_argument("--lines", type=Path, metavar="FILE.jsonl", help="keeps every line; what is in it is skipped")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE.md")
    options = parser.parse_args(arguments)
    lines = _kept(options.lines)
    for name in options.checkpoints:
        loaded = load_checkpoint(name)
        network = loaded.config.architecture.removesuffix("_nosa")
        for cause in options.causes if loaded.config.input.size == SIDE else ():
            if not any(line["of"] == network and line.get("cause") == cause for line in lines):
                lines += truths(network, cause, options.drawn)
                _keep(options.lines, lines)
        done = {(line["of"], line["layer"], line["face"]) for line in lines if "road" in line}
        for sample in read_sample(options.data, "validation", options.faces, SEED):
            known: Answers = {}
            for layer in LAYERS[loaded.config.architecture]:
                if (name, layer, sample.row) not in done:
                    key = {"of": name, "layer": layer, "face": sample.row}
                    lines.append(key | receipt(loaded, sample, layer, known))
            _keep(options.lines, lines)
        print(table(name, pd.DataFrame(lines)), flush=True)
    tables = "\n\n".join(table(name, pd.DataFrame(lines)) for name in options.checkpoints)
    counts = f"--faces {options.faces} --drawn {options.drawn}"
    called = f"python -m benchmarks.cam_layers --data DIR {counts} --output docs/{options.output.name}"
    write_text(options.output, _PAGE.format(called=called, seed=SEED, train=TRAIN, tables=tables))


def _keep(path: Path | None, lines: Sequence[dict[str, Any]]) -> None:
    if path:
        write_text(path, "".join(json.dumps(line) + "\n" for line in lines))


if __name__ == "__main__":
    main()
