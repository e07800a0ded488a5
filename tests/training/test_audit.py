"""The audit tells planted faults from sound data, in numbers, in sentences and in files that hold no image."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

from fer_explain.emotions import LABELS
from fer_explain.types import Pixels
from training.audit.__main__ import main
from training.audit.duplicates import near_duplicates
from training.audit.findings import Audit, across_splits, audit, leaked_faces, leaking_faces
from training.audit.images import BLANK, DRAWING, suspects
from training.audit.labels import conflicts, voted, votes_by_label
from training.audit.report import as_html, as_markdown, write_report
from training.audit.sections import sections
from training.data import FaceSet
from training.data.votes import VOTES, votes_of


def photos(n: int, seed: int = 0) -> Pixels:
    """Photo-like pictures (n, 48, 48): soft shapes and texture."""
    rng = np.random.default_rng(seed)
    shapes = gaussian_filter(rng.normal(size=(n, 48, 48)), (0, 4, 4)) * 500
    texture = gaussian_filter(rng.normal(size=(n, 48, 48)), (0, 0.7, 0.7)) * 18
    return (128 + shapes + texture).clip(4, 251).astype(np.uint8)


def sign(text: str, ground: int = 250) -> Pixels:
    image = Image.new("L", (48, 48), ground)
    ImageDraw.Draw(image).text((4, 18), text, fill=255 - ground)
    return np.asarray(image)


def face_set(images: Pixels, labels: list[int] | None = None, split: str = "train", first_row: int = 0) -> FaceSet:
    n = len(images)
    return FaceSet("planted", split, images, np.array(labels or np.arange(n) % 7), np.arange(n) + first_row)


def test_blank_images_and_drawings_are_found_and_photos_are_not() -> None:
    rng = np.random.default_rng(1)
    blank = [np.zeros((48, 48), np.uint8), np.full((48, 48), 200, np.uint8), rng.integers(99, 102, (48, 48), np.uint8)]
    drawn = [sign("sorry,\nmoved"), sign("!", 3), sign("...", 190)]
    found = suspects(face_set(np.concatenate([photos(50), np.stack(blank + drawn)])))
    assert found["place"].tolist() == [50, 51, 52, 53, 54, 55]
    assert found["reason"].tolist() == [BLANK] * 3 + [DRAWING] * 3
    studio = photos(50)
    studio[:, :8] = studio[:, :, :9] = studio[:, :, -9:] = 255  # an even background around a face
    assert suspects(face_set(studio)).empty


def test_large_colour_images_are_judged_alike() -> None:
    images = np.stack([photos(1)[0], sign("error")])
    colour = np.repeat(np.repeat(np.repeat(images, 2, 1), 2, 2)[..., None], 3, -1)
    assert suspects(face_set(colour))["place"].tolist() == [1]


def test_conflicting_labels_of_duplicates_are_counted() -> None:
    images = photos(6)
    faces = face_set(images[[0, 0, 0, 1, 1, 2, 2, 3, 4, 5]], [3, 3, 0, 4, 4, 6, 2, 0, 1, 2])
    seen = conflicts(faces, near_duplicates(faces))
    assert (seen.groups, seen.members, seen.conflicting, seen.wrong) == (3, 7, 2, 2)
    assert seen.table.loc["angry", "happy"] == 2
    assert seen.table.loc["happy", "happy"] == seen.table.loc["sad", "sad"] == seen.table.loc["fear", "neutral"] == 1
    assert seen.table.to_numpy().sum() == 5
    sound = face_set(images[[0, 0, 1]], [3, 3, 4])
    assert conflicts(sound, near_duplicates(sound)).conflicting == 0


def with_votes(labels: list[int], votes: list[dict[str, int]]) -> FaceSet:
    counts = np.array([[given.get(name, 0) for name in VOTES] for given in votes], np.int16)
    n = len(labels)
    return FaceSet("planted", "train", photos(n), np.array(labels), np.arange(n), votes=counts)


def test_ferplus_votes_are_mapped_by_name() -> None:
    happy, sad, neutral = (LABELS.index(name) for name in ("happy", "sad", "neutral"))
    faces = with_votes(
        [happy, happy, sad, neutral, sad, sad],
        [
            {"happiness": 9, "neutral": 1},
            {"sadness": 6, "anger": 4},
            {"no face": 7, "sadness": 3},
            {"neutral": 5, "anger": 5},
            {},
            {"contempt": 8, "fear": 2},
        ],
    )
    assert voted(faces).to_dict() == {0: "happy", 1: "sad", 2: "no face", 3: "tie", 5: "contempt"}
    table = votes_by_label(faces)
    told = {("happy", "happy"), ("happy", "sad"), ("sad", "no face"), ("neutral", "tie"), ("sad", "contempt")}
    assert {(row, column) for row in table.index for column in table if table.loc[row, column]} == told
    assert table.to_numpy().sum() == 5


@pytest.mark.parametrize(("aligned", "certain"), [(0, True), (1, False), (2, False), (3, True), (None, True)])
def test_unsure_votes_count_as_none(aligned: int | None, certain: bool) -> None:
    row = {"ferplus_votes": list(range(10)), "ferplus_aligned": aligned}
    assert votes_of(row) == (list(range(10)) if certain else [0] * 10)
    assert votes_of({}) == [0] * 10


@pytest.fixture(scope="module")
def planted() -> Audit:
    images = photos(24)
    shifted = np.roll(images[:3], (1, 2), (1, 2))
    train = face_set(np.concatenate([images[:20], images[:1], sign("moved")[None]]), [0] * 20 + [5, 1])
    validation = face_set(np.concatenate([shifted, images[20:21]]), split="validation", first_row=100)
    test = face_set(images[[4, 4, 21, 22]][:, :, ::-1].copy(), split="test", first_row=200)
    return audit([train, validation, test])


def test_every_pair_is_located(planted: Audit) -> None:
    named = planted.pairs[["split_a", "row_a", "split_b", "row_b", "mirrored"]].to_numpy().tolist()
    assert named == [
        ["train", 0, "train", 20, False],
        ["train", 0, "validation", 100, False],
        ["train", 1, "validation", 101, False],
        ["train", 2, "validation", 102, False],
        ["train", 4, "test", 200, True],
        ["train", 4, "test", 201, True],
        ["train", 20, "validation", 100, False],
        ["test", 200, "test", 201, False],
    ]
    assert planted.pairs.loc[0, ["label_a", "label_b", "kind"]].tolist() == ["angry", "surprise", "exact"]


def test_leaks_are_counted_by_face(planted: Audit) -> None:
    assert across_splits(planted).to_numpy().tolist() == [[1, 4, 2], [0, 0, 0], [0, 0, 1]]
    assert leaked_faces(planted, "validation") == 3
    assert leaked_faces(planted, "test") == 2
    assert leaking_faces(planted) == 5
    assert planted.suspects[["split", "row", "reason"]].to_numpy().tolist() == [["train", 21, DRAWING]]


def test_the_sentences_tell_the_numbers(planted: Audit) -> None:
    text = as_markdown(sections(planted), "Audit")
    for sentence in (
        "30 faces: train 22, validation 4, test 4.",
        "8 pairs of duplicates, 4 of them identical pixel for pixel",
    ):
        assert sentence in text, text
    assert "3 of the 4 validation faces (75.0%) have a duplicate in train." in text
    assert "2 of the 4 test faces (50.0%) have a duplicate in train." in text
    assert "--drop-leaks would take 5 faces out of train." in text
    assert "0 images are blank" in text
    assert "1 are probably drawings or text" in text
    assert "FER+" not in text, "this data has no votes"
    assert "There is no face of fear, happy, sad" not in text


def test_the_report_opens_offline_and_escapes_names(planted: Audit) -> None:
    page = as_html(sections(planted), "Audit of <b>")
    assert "<h1>Audit of &lt;b&gt;</h1>" in page
    assert not re.search(r"""<(script|link|img)[^>]+(src|href)=""", page)
    assert page.count('class="plotly-graph-div"') == 3
    assert "Plotly.newPlot" in page


def test_the_files_hold_all_pairs_and_no_image(planted: Audit, tmp_path: Path) -> None:
    write_report(tmp_path / "deep" / "folder", planted, "Audit")
    folder = tmp_path / "deep" / "folder"
    assert sorted(file.name for file in folder.iterdir()) == [
        "README.md",
        "pairs.parquet",
        "report.html",
        "suspects.parquet",
    ]
    pd.testing.assert_frame_equal(pd.read_parquet(folder / "pairs.parquet"), planted.pairs)
    assert "data:image" not in (folder / "report.html").read_text(encoding="utf-8").split("</head>")[1]


def test_the_command_audits_what_it_is_given(
    csv_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["--data", str(csv_file), "--output", str(tmp_path), "--detector-sample", "2"])
    said = capsys.readouterr().out
    assert "70 faces: train 42, validation 14, test 14." in said
    assert "In a random sample of 2 images" in said
    assert f"The report is {tmp_path / 'report.html'}." in said


def test_a_split_that_is_not_there_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "train" / "happy").mkdir(parents=True)
    Image.fromarray(photos(1)[0]).save(tmp_path / "train" / "happy" / "0.png")
    arguments = ["--data", str(tmp_path), "--output", str(tmp_path / "out"), "--detector-sample", "0"]
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "there is no folder for the validation split" in capsys.readouterr().err
    main([*arguments, "--splits", "train"])
    assert "Leakage" not in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "There is no face of angry, disgust, fear, sad, surprise, neutral." in capsys.readouterr().out
