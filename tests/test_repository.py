"""The repository itself: what may be committed, and that README.md tells the truth about it."""

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
IMAGES = {".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff"}
WEIGHTS = {
    ".safetensors",
    ".pt",
    ".pth",
    ".bin",
    ".onnx",
    ".pkl",
    ".pickle",
    ".h5",
    ".npz",
    ".npy",
    ".ckpt",
    ".caffemodel",
}
OWN_WEIGHTS = r"checkpoints/[^/]+/(model\.safetensors|device/model\.onnx)|fer_explain/faces/occlusion\.safetensors"
TABLES = {".parquet", ".csv", ".arrow", ".feather", ".zip", ".tar", ".gz"}
OWN_TABLES = (
    r"(checkpoints/[^/]+|results/\w+/runs/[^/]+)/(predictions/(calibration|((ferplus|press)-)?(validation|test))\.parquet|history\.csv)"
    r"|(docs/(\w+_example|study_\w+)|results/\w+)/\w+\.csv"
)


@cache
def _tracked() -> tuple[Path, ...]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple(path for name in listed.split("\0") if name and (path := ROOT / name).is_file())


def _with_suffix(suffixes: set[str]) -> list[str]:
    return [path.relative_to(ROOT).as_posix() for path in _tracked() if path.suffix.lower() in suffixes]


def _readme(mark: str) -> str:
    """The fenced block of README.md below the comment ``<!-- mark -->``."""
    found = re.search(rf"^<!-- {mark} -->\n+```\w*\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
    assert found, f"README.md has no block marked <!-- {mark} -->"
    return found[1]


def test_tracked_files_stay_under_90_mib():
    assert sum(path.stat().st_size for path in _tracked()) < 90 * 2**20


def test_only_weights_trained_here_are_tracked():
    assert not [name for name in _with_suffix(WEIGHTS) if not re.fullmatch(OWN_WEIGHTS, name)]


def test_only_numbers_are_tracked_as_tables():
    assert not [name for name in _with_suffix(TABLES) if not re.fullmatch(OWN_TABLES, name)]
    for name in _with_suffix({".parquet"}):
        assert set(pd.read_parquet(ROOT / name).dtypes.map(lambda dtype: dtype.kind)) <= set("iufb"), name


def test_no_image_of_the_data_set_and_no_paper_is_tracked():
    """FER2013's images are 48 x 48; no picture of ours is that small."""
    assert not [name for name in _with_suffix(IMAGES) if Image.open(ROOT / name).size == (48, 48)]
    assert not _with_suffix({".pdf", ".ps", ".djvu"})


def test_readme_commands_run_the_app_and_the_tests():
    assert _readme("run").strip().endswith("python app.py")
    assert "requirements-dev.txt" in _readme("test")
    assert _readme("test").strip().endswith("-m pytest")


def test_readme_file_tree_is_the_repository():
    """Every line names a tracked path (indented below its folder), and no room is forgotten."""
    tracked = {path.relative_to(ROOT) for path in _tracked()}
    existing = tracked | {parent for path in tracked for parent in path.parents}
    named, folders = set(), {}
    for line in _readme("tree").splitlines():
        depth = len(line) - len(line.lstrip())
        above = [folder for indent, folder in folders.items() if indent < depth]
        path = (above[-1] if above else Path()) / line.split()[0]
        folders = {indent: folder for indent, folder in folders.items() if indent < depth} | {depth: path}
        named.add(path)
        assert path in existing, f"README.md names {path}, which is not in the repository"
        assert len(line.split()) > 1, f"README.md does not say what {path} is"
    rooms = {path for path in existing if len(path.parts) == 1 or path.parent == Path("fer_explain")}
    told = {path for path in rooms if not path.name.startswith((".", "__"))} - {Path()}
    assert told <= named, f"README.md's tree lacks {sorted(map(str, told - named))}"


PAGES = ["README.md", *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES)
def test_links_of_a_page_lead_somewhere(page: str):
    folder = (ROOT / page).parent
    for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", (ROOT / page).read_text()):
        place = (folder / target).resolve()
        assert place in _tracked() or place.is_dir(), target


def test_readme_is_read_in_five_minutes():
    told = re.sub(
        r"<!-- (embedded|tree) -->.*?(<!-- /\1 -->|\n```\n.*?\n```)", "", (ROOT / "README.md").read_text(), flags=re.S
    )
    assert len(told.split()) < 2600  # the long parts are pages of docs


def test_importing_the_library_loads_nothing_heavy():
    code = "import fer_explain, json, sys; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"torch", "timm", "gradio", "pandas", "cv2", "plotly"} & set(json.loads(done.stdout))
