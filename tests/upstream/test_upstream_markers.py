"""What our code works around and what the tests here show are the same list.

Where code exists only because of a defect of a library, a comment or a docstring says so::

    Upstream defect, LINK or "no issue found": what is wrong, in one sentence. Test: test_NAME.

The test shows the defect with the library alone, here or, where it takes a browser, in ``tests/browser``.
When it fails, the defect has been mended: the code at the marker goes, with marker, test and its row in docs/house.md.
"""

import ast
import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("fer_explain", "training", "spaces")
MARKER = re.compile(r"Upstream defect, (https://\S+|no issue found): (.+?)\s+Test: (test_\w+)")


class Marker(NamedTuple):
    """A place of a workaround: its file, the upstream issue, and the test that shows the defect."""

    file: str
    issue: str
    test: str


def markers() -> list[Marker]:
    found = []
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".py", ".js", ".css") and "vendor" not in path.parts:
                text = re.sub(r"\s*\n\s*(#|//)?\s*", " ", path.read_text(encoding="utf-8"))
                told = MARKER.findall(text)
                assert len(told) == text.count("Upstream defect"), f"{path}: a marker is not of the form above"
                found += [Marker(path.relative_to(ROOT).as_posix(), issue, test) for issue, _, test in told]
    return found


def shown() -> set[str]:
    files = [*Path(__file__).parent.glob("test_upstream_*.py"), *(ROOT / "tests/browser").glob("test_upstream_*.py")]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in files if path != Path(__file__)]
    return {
        node.name
        for tree in trees
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_each_workaround_has_a_test_that_fails_when_upstream_has_mended_it() -> None:
    unknown = {marker.test for marker in markers()} - shown()
    assert not unknown, f"write these tests, or mend the names: {unknown}"


def test_each_defect_that_is_tested_is_worked_around_somewhere() -> None:
    needless = shown() - {marker.test for marker in markers()}
    assert not needless, f"nothing works around what these tests show: {needless}"


def test_the_table_of_the_house_has_a_row_for_each_workaround() -> None:
    page = (ROOT / "docs/house.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("|") and "test_" in line]
    for file, issue, test in markers():
        link = f"]({issue})" if issue.startswith("https") else "none found"
        assert any(f"../{file})" in row and link in row and f"`{test}`" in row for row in rows), (file, issue, test)
    assert len(rows) == len(markers()), "docs/house.md has rows of workarounds that are gone"
