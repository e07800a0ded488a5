"""``python -m fer_explain``: results, files, and one sentence for every mistake."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer_explain.__main__ import main
from fer_explain.explain.tested import Explanations, Trial
from fer_explain.faces.drawn import draw_face
from fer_explain.hub.folder import EMBEDDED, EXPLANATIONS
from fer_explain.hub.weights import weights_fingerprint

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Two drawn faces side by side."""
    path = tmp_path_factory.mktemp("photos") / "two.png"
    pair = np.hstack([draw_face("happy", size=150).pixels, draw_face("sad", size=130).pixels.repeat(1, 0)[:150]][:1])
    other = np.asarray(Image.fromarray(draw_face("sad", size=110).pixels).resize((110, 150)))
    Image.fromarray(np.hstack([pair, other])).save(path)
    return str(path)


def test_a_summary_is_printed(photo: str, capsys: pytest.CaptureFixture[str]) -> None:
    main([photo, "--model", "emonext_nano", "--explain", "hirescam", "--target", "Happiness", "--no-test"])
    told = capsys.readouterr().out
    assert re.search(r"^2 faces \(.+\), model emonext_nano$", told, re.MULTILINE)
    assert re.search(r"^Face 1 at x \d+ to \d+, y \d+ to \d+: \w+ [<\d]", told, re.MULTILINE)
    assert "HiResCAM for “happy”: not put to the test" in told
    assert "The window the network looks through is turned by" in told
    assert max(len(line) for line in told.splitlines()) <= 104


def test_files_are_written_and_named(photo: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    html, numbers = tmp_path / "out.html", tmp_path / "out.json"
    question = ["--model", "convnext_nano", "--explain", "gradcam", "eigencam", "--no-test"]
    main([photo, *question, "--report", str(html), "--json", str(numbers)])
    assert capsys.readouterr().out.splitlines() == [str(html), str(numbers)]
    told = json.loads(numbers.read_text())
    assert [face["number"] for face in told["faces"]] == [1, 2]
    assert [one["method"] for one in told["faces"][0]["explanations"]] == ["gradcam", "eigencam"]
    assert told["faces"][0]["label"] in html.read_text()


def test_tested_is_the_map_that_was_measured_to_hold(photo: str, tmp_path: Path) -> None:
    folder = shutil.copytree(EMBEDDED / "emonext_nano", tmp_path / "mine")
    trial = Trial("scale_occlusion", {"density": 1.0, "reference": "filled"}, 9, 0.5, 0.2, 0.8, {"curves": 0.6}, 0.1)
    Explanations(weights_fingerprint(folder), "validation", 0, 0, [trial]).write(folder)
    numbers = tmp_path / "out.json"
    main([photo, "--model", str(folder), "--explain", "tested", "--whole-image", "--no-test", "--json", str(numbers)])
    told = json.loads(numbers.read_text())
    assert told["settings"]["used"] == [{"method": trial.method, "parameters": trial.settings}]
    assert [one["method"] for one in told["faces"][0]["explanations"]] == ["scale_occlusion"]


def test_tested_is_grad_cam_where_nothing_was_measured_and_that_is_said(
    photo: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(EMBEDDED / "emonext_nano", tmp_path / "mine")
    (folder / EXPLANATIONS).unlink()
    question = [photo, "--model", str(folder), "--explain", "tested", "gradcam", "--whole-image", "--no-test"]
    main(question)
    told = capsys.readouterr().out
    assert "tested map: not measured for this network" in told
    assert told.count("Grad-CAM for") == 1
    page = tmp_path / "out.html"
    main([*question, "--report", str(page)])
    assert "not measured for this network" in page.read_text()


def test_a_folder_is_a_checkpoint_and_the_whole_image_a_face(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(EMBEDDED / "convnext_nano", folder)
    flat = tmp_path / "flat.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (200, 180, 3), dtype=np.uint8)).save(flat)
    main([str(flat), "--model", str(folder), "--whole-image", "--no-test"])
    told = capsys.readouterr().out
    assert "1 face (whole image), model mine" in told
    assert "Face 1 at x 0 to 180, y 0 to 200" in told


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["PHOTO", "--model", "no_such_model"], "There is no checkpoint 'no_such_model'"),
        (["PHOTO", "--explain", "tea_leaves"], "There is no explanation 'tea_leaves'; choose one of gradcam"),
        (["PHOTO", "--target", "hungry"], "'hungry' is no class"),
        (["PHOTO", "--report", "no/such/folder/out.html"], "'no/such/folder/out.html' cannot be written"),
        (["missing.jpg"], "missing.jpg"),
        (["EMPTY"], "No face was found"),
    ],
)
def test_a_mistake_ends_in_one_sentence(
    photo: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    empty = tmp_path / "empty.png"
    Image.new("RGB", (300, 200), "gray").save(empty)
    places = {"PHOTO": photo, "EMPTY": str(empty)}
    with pytest.raises(SystemExit) as stopped:
        main([*(places.get(argument, argument) for argument in arguments), "--no-test"])
    assert stopped.value.code == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert sentence in told.err
    assert told.err.count("\n") == 1
    assert told.err.startswith("fer_explain: ")


def test_help_is_quick_and_names_every_flag() -> None:
    code = (
        "import sys, runpy; sys.argv = ['fer_explain', '--help']\n"
        "try: runpy.run_module('fer_explain', run_name='__main__')\n"
        "except SystemExit as end: assert end.code == 0\n"
        "assert not {'torch', 'plotly', 'gradio', 'cv2'} & set(sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    for flag in ("--model", "--explain", "--target", "--report", "--json", "--whole-image", "--no-test"):
        assert flag in told.stdout
    assert "examples:" in told.stdout
