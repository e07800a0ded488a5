"""Modules are imported by whichever thread of the app needs them first."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted(path for room in ("fer_explain", "training") for path in (ROOT / room).rglob("*.py"))
PACKAGES = {".".join(path.parent.relative_to(ROOT).parts): path for path in FILES if path.name == "__init__.py"}


def imported(path: Path) -> Iterator[str]:
    """Names that a file imports from when it is imported itself."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    yield from (node.module or "" for node in tree.body if isinstance(node, ast.ImportFrom))


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_no_module_waits_for_a_package_that_waits_for_it(package: str):
    """``from package import x`` waits until the package is complete, which it never is where that needs the module.

    Python then breaks the deadlock of two threads by handing out half a module.
    """
    folder = PACKAGES[package].parent
    needed = {name for name in imported(PACKAGES[package]) if name.startswith(f"{package}.")}
    if needed:
        modules = set(folder.rglob("*.py")) - {PACKAGES[package]}
        waiting = [path for path in modules if package in imported(path)]
        assert not waiting, f"write 'import {package}.x as x' there"
