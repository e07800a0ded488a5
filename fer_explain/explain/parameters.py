"""What an explanation can be set to: enough for a page, a command line or a programming interface to offer it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from fer_explain.errors import FerError

Kind = Literal["integer", "number", "choice", "layer", "classes"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A setting of an explanation.

    Attributes:
        kind: ``integer`` and ``number`` lie in ``low..high``; ``choice`` is one of ``choices``; ``layer`` is the path
            of a layer with feature maps, None for the architecture's own; ``classes`` are indices, maybe none.
        step: by how much a slider moves.
    """

    name: str
    kind: Kind
    default: Any
    help: str
    low: float | None = None
    high: float | None = None
    step: float | None = None
    choices: tuple[str, ...] = ()

    def accept(self, value: Any) -> Any:
        """The value as the explanation wants it; JSON and sliders give 8.0 for 8, and a list for a tuple.

        Raises:
            FerError: the value does not fit; the sentence says what does.
        """
        return _ACCEPT[self.kind](self, value)


def option(
    default: Any,
    text: str,
    *,
    kind: Kind | None = None,
    low: float | None = None,
    high: float | None = None,
    step: float | None = None,
    choices: tuple[str, ...] = (),
) -> Any:
    """A field of an :class:`~fer_explain.explain.base.Explainer`: its default, one sentence of help, what it may be.

    Without ``kind``, it is a choice if there are ``choices``, else a number like its default.
    """
    implied: Kind = "choice" if choices else "integer" if isinstance(default, int) else "number"
    limits = {"low": low, "high": high, "step": step, "choices": choices}
    return field(default=default, metadata={"help": text, "kind": kind or implied, **limits})


def _number(parameter: Parameter, value: Any) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    low, high = parameter.low, parameter.high
    if not number or not (low is None or low <= value) or not (high is None or value <= high):
        raise _refusal(parameter, f"a number{_range(parameter)}", value)
    return float(value)


def _integer(parameter: Parameter, value: Any) -> int:
    expected = f"a whole number{_range(parameter)}"
    try:
        number = _number(parameter, value)
    except FerError:
        raise _refusal(parameter, expected, value) from None
    if not number.is_integer():
        raise _refusal(parameter, expected, value)
    return int(number)


def _choice(parameter: Parameter, value: Any) -> str:
    if value not in parameter.choices:
        raise _refusal(parameter, f"one of {', '.join(parameter.choices)}", value)
    return str(value)


def _layer(parameter: Parameter, value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise _refusal(parameter, "the path of a layer", value)
    return value or None


def _classes(parameter: Parameter, value: Any) -> tuple[int, ...]:
    entries = () if value is None else value
    if not isinstance(entries, Sequence) or not all(type(entry) is int and entry >= 0 for entry in entries):
        raise _refusal(parameter, "a list of classes", value)
    return tuple(entries)


_ACCEPT: Final = {"integer": _integer, "number": _number, "choice": _choice, "layer": _layer, "classes": _classes}


def _range(parameter: Parameter) -> str:
    return "" if parameter.low is None else f" from {parameter.low:g} to {parameter.high:g}"


def _refusal(parameter: Parameter, expected: str, value: Any) -> FerError:
    return FerError(f"'{parameter.name}' must be {expected}, got {value!r}.")
