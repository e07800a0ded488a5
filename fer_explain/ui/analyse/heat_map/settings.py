"""The settings of an explanation as controls, made from the parameters it declares."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from fer_explain.explain.parameters import Parameter
from fer_explain.ui.shell.session import Question
from fer_explain.ui.shell.texts import LANGUAGES, Texts

Choices = Sequence[tuple[str, str]]  # what people read, and the value


def settings(
    about: str,
    parameters: Sequence[Parameter],
    question: Question,
    layers: Sequence[str],
    labels: Sequence[str],
    texts: Texts,
) -> str:
    """One control for each parameter, folded away; settings.js sends what is changed.

    Args:
        about: one sentence on the chosen explanation.
        parameters: of the chosen explanation.
        question: its method and model, for which a change is meant, and the values that differ from the default.
        layers: what a parameter of kind ``layer`` may be.
        labels: what one of kind ``classes`` may hold.
        texts: of the reader's language; a parameter it does not know is described in its own words.
    """
    chosen = question.parameters
    rows = "".join(_row(entry, chosen.get(entry.name, entry.default), layers, labels, texts) for entry in parameters)
    fold = f"<summary>{escape(texts('settings.more'))}</summary><div>{rows}</div>"
    whose = f'data-method="{escape(question.method)}" data-model="{escape(question.model or "")}"'
    return f'<p class="fer-small">{escape(about)}</p><details class="fer-settings" {whose}>{fold}</details>'


def _row(parameter: Parameter, value: object, layers: Sequence[str], labels: Sequence[str], texts: Texts) -> str:
    name = f"setting-{parameter.name}"
    title, note = named(f"setting.{parameter.name}", parameter.name, texts), _help(parameter, texts)
    hint = f'<small id="{name}-help">{escape(note)}</small>'
    if parameter.kind == "classes":
        picked = {str(entry) for entry in value} if isinstance(value, list | tuple) else set()
        boxes = "".join(_box(parameter.name, label, label in picked, texts) for label in labels)
        return f'<fieldset aria-describedby="{name}-help"><legend>{escape(title)}</legend>{boxes}{hint}</fieldset>'
    if parameter.kind in ("integer", "number"):
        control = _slider(parameter, value, name)
    elif parameter.kind == "layer":
        own = [(texts("setting.layer.own"), ""), *((layer, layer) for layer in layers)]
        control = _select(parameter, own, value or "", name)
    else:
        titled = [(named(f"setting.{parameter.name}.{choice}", choice, texts), choice) for choice in parameter.choices]
        control = _select(parameter, titled, value, name)
    return f'<div class="fer-setting"><label for="{name}">{escape(title)}</label>{control}{hint}</div>'


def _slider(parameter: Parameter, value: object, name: str) -> str:
    told = f'id="{name}" data-setting="{escape(parameter.name)}" aria-describedby="{name}-help"'
    limits = f'min="{parameter.low}" max="{parameter.high}" step="{parameter.step}" value="{value}"'
    return f'<span><input type="range" {told} {limits}><output for="{name}">{value}</output></span>'


def _select(parameter: Parameter, choices: Choices, value: object, name: str) -> str:
    options = "".join(
        f'<option value="{escape(choice)}"{" selected" if choice == value else ""}>{escape(title)}</option>'
        for title, choice in choices
    )
    return (
        f'<select id="{name}" data-setting="{escape(parameter.name)}" aria-describedby="{name}-help">{options}</select>'
    )


def _box(parameter: str, label: str, checked: bool, texts: Texts) -> str:
    return (
        f'<label><input type="checkbox" data-setting="{escape(parameter)}" value="{escape(label)}"'
        f"{' checked' if checked else ''}> {escape(texts.emotion(label))}</label>"
    )


def _help(parameter: Parameter, texts: Texts) -> str:
    return named(f"setting.{parameter.name}.help", parameter.help, texts)


def named(key: str, otherwise: str, texts: Texts) -> str:
    """A text, or the explanation's own words where the page has none for it."""
    return LANGUAGES[texts.language].get(key, otherwise)
