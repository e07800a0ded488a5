"""The numbers in the docstrings and in docs/architectures.md are those of the networks."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import fer_explain.models
from fer_explain.models import architecture, create_model, list_models
from fer_explain.models.catalogue import measure, quantity, table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "architectures.md"
_DOCUMENTATION = {
    info.name: importlib.import_module(f"fer_explain.models.{info.name}").__doc__ or ""
    for info in pkgutil.iter_modules(fer_explain.models.__path__)
    if info.name != "__main__"
}
# ``name``   input   parameters   multiply-adds
_ROW = re.compile(r"^``(\w+)`` +(\d+) +([\d.]+ [MG]) +([\d.]+ [MG])$", re.MULTILINE)
ROWS = {row[1]: (module, row) for module, text in _DOCUMENTATION.items() for row in _ROW.finditer(text)}
# Shapes of ``name`` ...: ``path`` 96x56x56, ``path`` 96x56x56, ... (to the end of the paragraph)
_SHAPES = re.compile(r"Shapes of ``(\w+)``.*?(?=\n\n)", re.DOTALL)
SHAPES = {
    found[1]: dict(re.findall(r"``([\w.]+)``\s+(\d+(?:x\d+)*)", found[0]))
    for text in _DOCUMENTATION.values()
    for found in _SHAPES.finditer(text)
}


def test_every_network_has_a_row_in_the_docstring_of_one_module() -> None:
    assert sorted(ROWS) == list_models()
    for name, (module, _) in ROWS.items():
        assert "Decisions" in _DOCUMENTATION[module], name


@pytest.mark.parametrize("name", list_models())
def test_input_parameters_and_multiply_adds_are_as_documented(name: str) -> None:
    size, parameters, multiply_adds = ROWS[name][1].group(2, 3, 4)
    measured = measure(name)
    assert int(size) == architecture(name).input.size
    assert parameters == quantity(measured.parameters)
    assert multiply_adds == quantity(measured.multiply_adds)


def test_shapes_are_documented_for_every_plan() -> None:
    """EmoNeXt and ConvNeXt share one plan in several widths; every other network has its own."""
    plans = {name for name in list_models() if not name.startswith(("emonext", "convnext"))}
    assert set(SHAPES) == plans | {"emonext_tiny", "emonext_atto"}
    assert all(len(shapes) >= 4 for shapes in SHAPES.values())


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_shapes_by_stage_are_as_documented(name: str) -> None:
    spec, seen = architecture(name).input, dict[str, str]()

    def keep(path: str, output: Tensor) -> None:
        seen[path] = "x".join(map(str, output.shape[1:]))

    with torch.device("meta"):
        model = create_model(name).eval()
        for path in SHAPES[name]:
            model.get_submodule(path).register_forward_hook(
                lambda _module, _inputs, output, path=path: keep(path, output)
            )
        model(torch.empty(1, spec.channels, spec.size, spec.size))
    assert seen == SHAPES[name]


def test_the_page_has_the_table_that_the_registry_gives() -> None:
    block = re.search("<!-- architectures -->\n(.*?)\n<!-- /architectures -->", PAGE.read_text("utf-8"), re.DOTALL)
    assert block is not None
    assert block[1].strip() == table(), "put the output of python -m fer_explain.models there"


def test_multiply_adds_are_those_of_a_layer_counted_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    from fer_explain.models import catalogue, registry

    layer = nn.Sequential(nn.Conv2d(3, 8, kernel_size=3, padding=1), nn.Flatten(), nn.Linear(8 * 48 * 48, 7))
    entry = registry.Architecture("counted", lambda **_: layer, architecture("vgg_compact").input, "0", "two layers")
    monkeypatch.setitem(registry._registered, "counted", entry)
    layer.to("meta")
    assert catalogue.measure.__wrapped__("counted").multiply_adds == 48 * 48 * 8 * 27 + 8 * 48 * 48 * 7


@pytest.mark.parametrize(
    ("count", "text"),
    [(3_585_000, "3.6 M"), (45_100_000, "45.1 M"), (999_999_999, "1000.0 M"), (4_534_000_000, "4.53 G")],
)
def test_quantities_have_their_unit(count: int, text: str) -> None:
    assert quantity(count) == text
