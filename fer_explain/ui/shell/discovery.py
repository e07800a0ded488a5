"""Tabs and panels are found by their folders."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from types import ModuleType


def layouts(package: ModuleType) -> list[ModuleType]:
    """The modules ``layout`` in the folders of a package that have a PLACE, in the order of it."""
    names = [f"{package.__name__}.{entry.name}.layout" for entry in iter_modules(package.__path__) if entry.ispkg]
    found = [import_module(name) for name in names if find_spec(name)]
    return sorted((module for module in found if hasattr(module, "PLACE")), key=lambda module: int(module.PLACE))
