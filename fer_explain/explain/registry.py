"""The list of explanations: each is registered beside its definition, in a file of its own in this folder."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import import_module
from typing import Any, TypeVar

from torch import Tensor, nn

from fer_explain import explain as package
from fer_explain.errors import FerError
from fer_explain.explain.base import Attribution, Explainer, Turn, observe, undivided
from fer_explain.models.registry import Architecture

DEFAULT = "gradcam"

_registered: dict[str, type[Explainer]] = {}
_Variant = TypeVar("_Variant", bound=Explainer)


def register(variant: type[_Variant]) -> type[_Variant]:
    """Class decorator: adds an explanation under its ``name``, which must be new."""
    if variant.name in _registered:
        raise ValueError(f"explanation {variant.name!r} is registered twice")
    _registered[variant.name] = variant
    return variant


def list_methods() -> list[str]:
    """Names of all explanations, the default one first, then in alphabetical order."""
    return sorted(_all(), key=lambda name: (name != DEFAULT, name))


def method(name: str) -> type[Explainer]:
    """The class of an explanation, with its title, description and parameters.

    Raises:
        FerError: no such explanation; the sentence names those there are.
    """
    try:
        return _all()[name]
    except KeyError:
        raise FerError(f"There is no explanation '{name}'; choose one of {', '.join(list_methods())}.") from None


def explainer(name: str, /, **parameters: Any) -> Explainer:
    """An explanation with its settings.

    Raises:
        FerError: no such explanation or parameter, or a value it cannot take; the sentence names what there is.
    """
    refuse_unknown(name, parameters)
    return method(name)(**parameters)


def refuse_unknown(name: str, parameters: Iterable[str]) -> None:
    """Makes sure that an explanation has parameters of these names.

    Raises:
        FerError: no such explanation, or it has no such parameter; the sentence names what there is.
    """
    known = [parameter.name for parameter in method(name).parameters()]
    unknown = sorted(set(parameters) - set(known))
    if unknown:
        raise FerError(f"'{name}' has no parameter '{unknown[0]}'; it has {', '.join(known) or 'none'}.")


def explain(
    model: nn.Module,
    architecture: Architecture,
    x: Tensor,
    targets: int | Sequence[int] | None = None,
    method: str | None = DEFAULT,
    *,
    regions: Tensor | None = None,
    turn: Turn = undivided,
    **parameters: Any,
) -> Attribution:
    """Explains a batch by the method of that name, see :meth:`Explainer.attribute`; None only observes the network."""
    if method is None:
        with turn(0.0):
            return observe(model, x)
    chosen = explainer(method, **parameters)
    return chosen.attribute(model, architecture, x, targets, regions=regions, turn=turn)


@cache
def _all() -> dict[str, type[Explainer]]:
    for entry in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        import_module(entry.name)
    return _registered
