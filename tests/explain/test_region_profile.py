"""The profile of a class: sums of audits, the rule for shortcuts, and the file."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fer_explain.emotions import LABELS
from fer_explain.errors import FerError
from fer_explain.explain.region_profile import main, profile_checkpoint, summary
from fer_explain.explain.region_use import ClassProfile, Estimate, RegionProfile, RegionUse, read_profile
from fer_explain.faces.dataset import LabelledFaces
from fer_explain.faces.drawn import draw_face
from fer_explain.faces.regions import REGIONS
from fer_explain.hub.checkpoint import load_checkpoint
from fer_explain.hub.folder import EMBEDDED, REGION_PROFILE, list_checkpoints
from fer_explain.hub.weights import weights_fingerprint

NAME = "convnext_nano"


@pytest.fixture(scope="module")
def faces() -> LabelledFaces:
    """Drawn faces: three people in each of three emotions, and a fourth happy one."""
    drawn = [(label, seed) for label in ("happy", "sad", "surprise") for seed in range(3)] + [("happy", 3)]
    images = np.stack([draw_face(label, size=48, seed=seed).pixels for label, seed in drawn])
    labels = np.array([LABELS.index(label) for label, _ in drawn])
    return LabelledFaces("drawn", "validation", images, labels, np.arange(len(drawn)))


@pytest.fixture(scope="module")
def profile(faces: LabelledFaces) -> RegionProfile:
    return profile_checkpoint(load_checkpoint(NAME), faces, n=9)


def use(area: float, relevance: tuple[float, float], effect: tuple[float, float]) -> RegionUse:
    return RegionUse(area, Estimate(relevance[1], *relevance), Estimate(effect[1], *effect))


def test_every_face_counts_once_and_every_label_alike(profile: RegionProfile, faces: LabelledFaces) -> None:
    assert profile.n == 9
    assert sum(entry.n for entry in profile.classes.values()) == 9
    assert (profile.data, profile.split, profile.fingerprint) == ("drawn", "validation", faces.fingerprint)
    for entry in profile.classes.values():
        assert list(entry.regions) == list(REGIONS)
        assert sum(region.area for region in entry.regions.values()) == pytest.approx(1, abs=1e-3)
        for region in entry.regions.values():
            assert region.relevance.low <= region.relevance.value <= region.relevance.high
            assert region.effect.low <= region.effect.value <= region.effect.high


def test_the_same_faces_give_the_same_profile(profile: RegionProfile, faces: LabelledFaces) -> None:
    assert profile_checkpoint(load_checkpoint(NAME), faces, n=9) == profile


@pytest.mark.parametrize(
    ("hair", "background", "n", "expected"),
    [
        (use(0.2, (0.1, 0.15), (0.0, 0.02)), use(0.3, (0.1, 0.2), (0.0, 0.01)), 40, []),
        (use(0.2, (0.1, 0.15), (0.06, 0.09)), use(0.3, (0.1, 0.2), (0.0, 0.2)), 40, ["hair"]),
        (use(0.2, (0.1, 0.15), (0.0, 0.02)), use(0.3, (0.31, 0.4), (0.02, 0.03)), 40, ["background"]),
        (use(0.2, (0.3, 0.4), (0.0, 0.02)), use(0.3, (0.1, 0.2), (0.02, 0.03)), 40, []),
        (use(0.2, (0.3, 0.4), (0.2, 0.3)), use(0.3, (0.31, 0.4), (0.2, 0.3)), 19, []),
    ],
)
def test_a_shortcut_is_what_is_surely_used_and_is_not_the_face(
    hair: RegionUse, background: RegionUse, n: int, expected: list[str]
) -> None:
    face = {name: use(0.1, (0.5, 0.6), (0.3, 0.4)) for name in REGIONS}
    assert ClassProfile("happy", n, face | {"hair": hair, "background": background}).shortcuts() == expected


def test_a_profile_is_read_back_and_not_shown_for_other_weights(profile: RegionProfile, tmp_path: Path) -> None:
    folder = tmp_path / NAME
    shutil.copytree(EMBEDDED / NAME, folder, ignore=shutil.ignore_patterns(REGION_PROFILE))
    assert read_profile(folder) is None
    (folder / REGION_PROFILE).write_text(profile.to_json())
    assert read_profile(folder) == profile
    assert "happy" in summary(profile) or "surprise" in summary(profile)
    (folder / REGION_PROFILE).write_text(replace(profile, weights="0" * 16).to_json())
    assert read_profile(folder) is None
    for wrong in ("{", "[]", json.dumps({"classes": {}})):
        (folder / REGION_PROFILE).write_text(wrong)
        with pytest.raises(FerError, match="is not a region profile"):
            read_profile(folder)


def test_a_fingerprint_follows_the_weights(tmp_path: Path) -> None:
    first = weights_fingerprint(EMBEDDED / NAME)
    assert len(first) == 16
    assert len({weights_fingerprint(EMBEDDED / name) for name in list_checkpoints()}) == len(list_checkpoints())
    with pytest.raises(FerError, match=r"model\.safetensors cannot be read"):
        weights_fingerprint(tmp_path)


def test_a_wrong_folder_ends_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--checkpoint", NAME, "--data", str(tmp_path)])
    assert stopped.value.code == 2
    assert "holds no validation split" in capsys.readouterr().err


@pytest.mark.parametrize("name", list_checkpoints())
def test_embedded_profiles_belong_to_their_weights(name: str) -> None:
    stored = read_profile(EMBEDDED / name)
    if not (EMBEDDED / name / REGION_PROFILE).exists():
        pytest.skip(f"{name} has no profile")
    assert stored is not None, "measure again: python -m fer_explain.explain.region_profile"
    assert stored.n >= 500
    assert stored.split == "validation"
