"""Modules are imported by whichever thread of the app needs them first."""

import ast
import subprocess
import sys
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


def loaded_by(module: str) -> set[str]:
    told = subprocess.run(
        [sys.executable, "-c", f"import sys, {module}; print(*sys.modules)"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return {name.split(".")[0] for name in told.stdout.split()}


@pytest.mark.parametrize(
    ("module", "slow"),
    [
        ("fer_explain", {"numpy", "torch", "scipy", "pandas", "PIL"}),
        ("fer_explain.analyzer", {"torch", "timm", "scipy", "sklearn", "pandas", "cv2", "gradio"}),
        ("fer_explain.ui.shell.page", {"torch", "timm", "scipy", "sklearn", "captum"}),
    ],
)
def test_what_takes_seconds_is_imported_when_it_is_used(module: str, slow: set[str]):
    """The library can be imported in a moment, and the page is there before the networks can be."""
    assert not loaded_by(module) & slow
