"""Settings: every method declares what a control needs, and refuses with a sentence what does not fit."""

from __future__ import annotations

from typing import Any

import pytest

from fer_explain.errors import FerError
from fer_explain.explain.parameters import Parameter
from fer_explain.explain.registry import explainer, list_methods, method

DECLARED = [(way, parameter) for way in list_methods() for parameter in method(way).parameters()]


@pytest.mark.parametrize(("way", "parameter"), DECLARED, ids=lambda value: getattr(value, "name", value))
def test_every_parameter_can_be_made_a_control(way: str, parameter: Parameter) -> None:
    assert parameter.help[0].isupper()
    assert parameter.help.endswith(".")
    assert parameter.accept(parameter.default) == parameter.default
    if parameter.kind in ("integer", "number"):
        assert parameter.low is not None
        assert parameter.high is not None
        assert parameter.step
        assert parameter.low <= parameter.default <= parameter.high
        for limit in (parameter.low, parameter.high):
            assert getattr(explainer(way, **{parameter.name: limit}), parameter.name) == limit
        for beyond in (parameter.low - parameter.step, parameter.high + parameter.step):
            with pytest.raises(FerError, match=rf"'{parameter.name}' must be .* from .* to .*, got"):
                explainer(way, **{parameter.name: beyond})
    if parameter.kind == "choice":
        assert parameter.default in parameter.choices


@pytest.mark.parametrize(
    ("kind", "value", "accepted"),
    [
        ("integer", 8, 8),
        ("integer", 8.0, 8),
        ("number", 3, 3.0),
        ("choice", "b", "b"),
        ("layer", "stage.1", "stage.1"),
        ("layer", "", None),
        ("layer", None, None),
        ("classes", [2, 0], (2, 0)),
        ("classes", None, ()),
    ],
)
def test_what_json_gives_is_accepted(kind: Any, value: Any, accepted: Any) -> None:
    got = Parameter("p", kind, None, "", low=0, high=10, choices=("a", "b")).accept(value)
    assert got == accepted
    assert type(got) is type(accepted)


@pytest.mark.parametrize(
    ("kind", "value", "sentence"),
    [
        ("integer", 8.5, "'p' must be a whole number from 0 to 10, got 8.5"),
        ("integer", "8", "'p' must be a whole number from 0 to 10, got '8'"),
        ("integer", True, "'p' must be a whole number"),
        ("integer", float("inf"), "'p' must be a whole number"),
        ("number", float("nan"), "'p' must be a number from 0 to 10, got nan"),
        ("number", 10.5, "'p' must be a number from 0 to 10, got 10.5"),
        ("number", None, "'p' must be a number"),
        ("choice", "c", "'p' must be one of a, b, got 'c'"),
        ("choice", ["a"], "'p' must be one of a, b"),
        ("layer", 3, "'p' must be the path of a layer, got 3"),
        ("classes", [-1], "'p' must be a list of classes"),
        ("classes", 3, "'p' must be a list of classes"),
        ("classes", ["happy"], "'p' must be a list of classes"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_does(kind: Any, value: Any, sentence: str) -> None:
    with pytest.raises(FerError, match=sentence):
        Parameter("p", kind, None, "", low=0, high=10, choices=("a", "b")).accept(value)
