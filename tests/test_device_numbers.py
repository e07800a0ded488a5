"""Python still gives the numbers to which the JavaScript of the device's page is held."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests import device_numbers


def leaves(told: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every number and word, with the name of the nearest key above it."""
    if isinstance(told, dict):
        for key, value in told.items():
            yield from leaves(value, key)
    elif isinstance(told, list):
        for value in told:
            yield from leaves(value, name)
    else:
        yield name, told


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return device_numbers.make()


@pytest.mark.parametrize("name", device_numbers.committed())
def test_python_gives_the_committed_numbers(made: dict[str, Any], name: str):
    """After a change of them: python -m tests.device_numbers"""
    wanted, got = [*leaves(device_numbers.committed()[name])], [*leaves(made[name])]
    assert [key for key, _ in got] == [key for key, _ in wanted]
    for (key, one), (_, other) in zip(got, wanted, strict=True):
        if isinstance(other, float | int):
            other = pytest.approx(other, rel=1e-3, abs=1 if key == "pixels" else 1e-3)  # OpenCVs differ by 1
        assert one == other, key


def test_they_are_few_and_none_is_left_out(made: dict[str, Any]):
    assert set(made) == set(device_numbers.committed())
    assert device_numbers.FILE.stat().st_size < 200_000
