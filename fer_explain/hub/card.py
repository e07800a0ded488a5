"""The model card of a checkpoint folder: README.md as the Hub reads it, from its configuration and metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from huggingface_hub import EvalResult, ModelCardData

from fer_explain.benchmark.disturbed import Disturbed
from fer_explain.benchmark.metrics import Metrics, headline, read_splits
from fer_explain.errors import FerError
from fer_explain.hub.card_tables import SCORES, by_class, further, results, shown_split, table, under_disturbances
from fer_explain.hub.config import CheckpointConfig, read_config, read_metrics
from fer_explain.hub.confusion import draw_confusion
from fer_explain.hub.disturbed import read_disturbed
from fer_explain.hub.files import write_text
from fer_explain.hub.folder import CARD, CONFUSION
from fer_explain.models import architecture

# Those of them that the Hub shows, with their type there.
MODEL_INDEX: Final = {"accuracy": "accuracy", "macro_f1": "f1", "ece": "ece"}

_USE = """\
```python
import fer_explain as fx

analyzer = fx.Analyzer(checkpoints=["{ref}"])
result = analyzer.analyze("photo.jpg", model="{ref}")
print(result.faces[0].prediction.label)
```

The weights are safetensors; nothing in this folder is executed when it is loaded."""

_LIMITS = """\
- **An expression is not a feeling.** The network reproduces the labels that people gave to photos of faces; it cannot
  know what a person feels.
- The labels are noisy and some classes are rare; read the table by class before relying on one of them. Age, skin
  colour and gender are not annotated in the training data, so errors between groups are **not** known to be equal.
- The input is one cropped, roughly frontal face, reduced to {side} x {side} pixels{gray}.
- Do not decide anything about a person with it. Inferring emotions at work and in education is prohibited in the
  European Union (AI Act, Article 5(1)(f))."""

_LICENCE = """\
The weights are under Apache-2.0. The training images are not part of this folder and keep their own terms (FER2013:
research use)."""


def write_card(folder: Path, ref: str | None = None) -> Path:
    """Writes README.md and confusion.png of a checkpoint folder from its config.json and metrics.json.

    Args:
        folder: the checkpoint.
        ref: its Hub id, when it is to be found there; otherwise it is called after its folder.

    Returns:
        The path of README.md.

    Raises:
        FerError: a file is missing or damaged, or the model was not selected on validation data alone.
    """
    metrics = read_metrics(folder)
    text = model_card(ref or folder.resolve().name, read_config(folder), metrics, read_disturbed(folder))
    splits = read_splits(metrics)
    if splits:
        split = shown_split(splits)
        draw_confusion(folder / CONFUSION, splits[split], f"{split} split, n = {splits[split].n:,}")
    write_text(folder / CARD, text)
    return folder / CARD


def model_card(
    name: str, config: CheckpointConfig, metrics: Mapping[str, Any], disturbed: Disturbed | None = None
) -> str:
    """The text of a model card: YAML front matter, then Markdown.

    Args:
        name: of the checkpoint: its folder's name, or its Hub id.
        config: its configuration; ``provenance["selected_on"]`` must say "validation" for a trained model.
        metrics: the content of its metrics.json; {} when nothing was measured.
        disturbed: the content of its disturbed.json; None when that was not measured.

    Raises:
        FerError: the test split, or nobody knows which, took part in choosing the model.
    """
    if config.trained:
        _refuse_selection_on_test(name, config.provenance)
    splits = read_splits(metrics)
    entry = architecture(config.architecture)
    sections = {
        f"# {name.rpartition('/')[2]}": _summary(config, metrics, entry.summary),
        "## Results": results(splits, metrics),
        "## By class": by_class(splits),
        "## Further measurements": further(metrics),
        "## Disturbed": under_disturbances(disturbed),
        "## Use": _USE.format(ref=name),
        "## Training": _training(config, entry.paper),
        "## Limits and responsible use": _LIMITS.format(
            side=config.input.size, gray=", colours dropped" if config.input.gray else ""
        ),
        "## Licence": _LICENCE,
    }
    body = "\n\n".join(f"{title}\n\n{text}" for title, text in sections.items() if text)
    return f"---\n{_front_matter(name, config, splits).to_yaml()}\n---\n\n{body}\n"


def _refuse_selection_on_test(name: str, provenance: Mapping[str, Any]) -> None:
    selected_on = provenance.get("selected_on") or "an unknown split"
    if selected_on != "validation":
        raise FerError(
            f"No model card for '{name}': it was selected on {selected_on}, and only a model that was selected on the "
            "validation split alone can be given a test score."
        )


def _front_matter(name: str, config: CheckpointConfig, splits: Mapping[str, Metrics]) -> ModelCardData:
    data = _data_name(config)
    scored = [
        EvalResult(
            task_type="image-classification",
            task_name="Facial expression recognition",
            dataset_type=data.lower(),
            dataset_name=data,
            dataset_split=split,
            metric_type=kind,
            metric_name=SCORES[field][0],
            metric_value=getattr(scores, field),
            metric_args={"n": scores.n, "interval_95": list(scores.intervals[field])},
        )
        for split, scores in splits.items()
        for field, kind in MODEL_INDEX.items()
    ]
    return ModelCardData(
        model_name=name.rpartition("/")[2],
        eval_results=scored or None,
        license="apache-2.0",
        library_name="fer-explain",
        pipeline_tag="image-classification",
        tags=["facial-expression-recognition", "emotion-recognition", "explainability", config.architecture],
        base_model=_base_model(backbone_weights(config.provenance)),
    )


def backbone_weights(provenance: Mapping[str, Any]) -> str | None:
    """The file of backbone weights that a checkpoint, or what it goes on from, started from; None from scratch."""
    found = [each.get("pretrained") for each in (provenance, *provenance.get("starts", ()))]
    return next((name for name in found if isinstance(name, str)), None)


def _base_model(pretrained: str | None) -> str | None:
    """The Hub id of the weights it was fine-tuned from, where their file is called as timm calls them."""
    if pretrained is None:
        return None
    import timm

    name = pretrained.removesuffix(".safetensors")
    known = timm.get_pretrained_cfg(name) if timm.models.is_model_pretrained(name) else None
    home = known.hf_hub_id if known else None
    return home + name if home and home.endswith("/") else home


def _summary(config: CheckpointConfig, metrics: Mapping[str, Any], summary: str) -> str:
    what = (
        f"`{config.architecture}`: {summary.rstrip('.')}. It sorts a cropped face into {', '.join(config.label_names)}."
    )
    found = headline(metrics)
    fitted = config.provenance.get("calibration")
    if fitted:
        what += (
            " Made for photos and webcams: it learned from the votes of FER+'s annotators and from press photos, under "
            f"the disturbances a camera brings. Its balance and temperature were fitted on the validation splits of "
            f"{' and '.join(fitted['data'])}, so its score on FER2013's own labels says little about it."
        )
    if not config.trained:
        return f"{what}\n\n**Untrained**: the weights are random and its answers mean nothing."
    return f"{what}\n\n**Accuracy {found}**" if found else f"{what}\n\n**Not yet evaluated on a test split.**"


def _training(config: CheckpointConfig, paper: str) -> str:
    facts = {
        "input": f"{config.input.size} x {config.input.size} x {config.input.channels}, {config.input.interpolation}",
        "calibration temperature": f"{config.temperature:.3f}",
    }
    facts |= dict(_flat({"model_args": config.model_args} | config.provenance))
    if paper:
        facts["paper"] = paper
    return f"{_origin(config.provenance)}\n\n{table(['what', 'value'], facts.items())}".lstrip()


def _origin(provenance: Mapping[str, Any]) -> str:
    """What the weights come from, in sentences; the table below them has every option."""
    if "recipe" not in provenance:
        return ""
    options, pretrained = provenance.get("config", {}), provenance.get("pretrained")
    starts, teachers = ([one["name"] for one in provenance.get(key, ())] for key in ("starts", "teachers"))
    text = "Trained from scratch"
    if pretrained:
        text = "Fine-tuned from " + ("timm's pretrained weights" if pretrained is True else f"`{pretrained}`")
    elif starts:
        text = f"Trained on from {mean_of(starts)}"
    text += f" by recipe `{provenance['recipe']}`"
    if teachers:
        taught_by = " and ".join(f"`{name}`" for name in teachers)
        text += f", distilled from {taught_by} (share of the loss: {options.get('distill', '?')})"
    if options.get("votes"):
        text += f", with the votes of FER+'s annotators beside the teachers (weight {options['votes']})"
    if "interpolation" in provenance:
        text += f"; {100 * provenance['interpolation']['share']:.0f} % of its weights are those"
        others = [f"`{one['name']}`" for one in provenance["interpolation"].get("with", ())]
        if others:
            text += f" (their mean with those of {' and '.join(others)}, made in the same way)"
        text += ", the rest is what it started from"
    return text + (". Stored in eight bits, one scale per output channel." if "stored" in provenance else ".")


def mean_of(names: Sequence[str]) -> str:
    """The weights that a run started from, in words; a checkpoint that is named twice counts twice."""
    counted = [f"`{name}`{f' ({times} x)' if times > 1 else ''}" for name, times in Counter(names).items()]
    return f"the mean of {', '.join(counted)}" if counted[1:] else counted[0]


def _flat(entries: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Nested entries as ("a.b", "text") pairs."""
    for key, value in entries.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", ", ".join(map(_word, value)) if isinstance(value, list | tuple) else str(value)


def _word(value: object) -> str:
    """A value in a list; another checkpoint is its name and fingerprint."""
    return " ".join(map(str, value.values())) if isinstance(value, Mapping) else str(value)


def _data_name(config: CheckpointConfig) -> str:
    data = config.provenance.get("data")
    name = data.get("name") if isinstance(data, Mapping) else data
    return Path(str(name)).name if name else "unknown"
