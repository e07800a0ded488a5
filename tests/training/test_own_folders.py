"""Folders as people have them are read as they are; what they leave behind is passed over, what is broken is listed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from datasets import ClassLabel, Dataset, Features, Image
from PIL import Image as PILImage

from fer_explain.errors import FerError
from fer_explain.faces.detect import detect
from fer_explain.faces.drawn import draw_face
from tests.training.own_faces import draw, flat, save, split
from training import detected
from training.data import ImageForm, Reading, classes_in, load_split, open_source
from training.data.class_names import RAF_DB
from training.data.classes import classes_of
from training.detected import FaceCrop, found_in
from training.holdout import hold_out

GRAY = ImageForm()
TWO = ("bored", "tired")


def reading(source: Path, wanted: str = "", **options: object) -> Reading:
    plain = Reading(**options)  # type: ignore[arg-type]
    return Reading(classes_in([str(source)], wanted, plain), **options)  # type: ignore[arg-type]


def counts(source: Path, part: str, wanted: str = "") -> dict[str, int]:
    faces = load_split(str(source), part, GRAY, reading=reading(source, wanted))
    return dict(zip(faces.label_names, np.bincount(faces.labels).tolist(), strict=True))


def test_a_flat_folder_is_for_training(tmp_path: Path) -> None:
    flat(tmp_path, TWO, 3)
    assert open_source(str(tmp_path)).splits() == {"train"}
    assert counts(tmp_path, "train") == {"bored": 3, "tired": 3}


@pytest.mark.parametrize("name", ["val", "valid", "validation", "Val"])
def test_validation_has_many_names(tmp_path: Path, name: str) -> None:
    split(tmp_path, TWO, {"train": 2, name: 1})
    assert open_source(str(tmp_path)).splits() == {"train", "validation"}
    assert counts(tmp_path, "validation") == {"bored": 1, "tired": 1}


def test_folders_above_below_and_the_other_way_round(tmp_path: Path) -> None:
    save(tmp_path / "a" / "archive" / "data" / "train" / "bored" / "ann" / "1.png", 0, 1)
    save(tmp_path / "a" / "archive" / "data" / "train" / "tired" / "bob" / "1.png", 1, 1)
    save(tmp_path / "b" / "bored" / "train" / "1.png", 0, 2)
    save(tmp_path / "b" / "tired" / "train" / "1.png", 1, 2)
    save(tmp_path / "b" / "tired" / "test" / "1.png", 1, 3)
    for folder in ("a", "b"):
        assert counts(tmp_path / folder, "train") == {"bored": 1, "tired": 1}
    assert open_source(str(tmp_path / "b")).splits() == {"train", "test"}


def test_kaggles_fer2013_has_both_test_parts_in_one_folder(tmp_path: Path) -> None:
    for label, name in enumerate(TWO):
        for place, file in enumerate(("PublicTest_1", "PublicTest_2", "PrivateTest_3")):
            save(tmp_path / "test" / name / f"{file}.jpg", label, place)
        save(tmp_path / "train" / name / "Training_0.jpg", label, 9)
    assert [counts(tmp_path, part)["tired"] for part in ("train", "validation", "test")] == [1, 2, 1]


def test_what_systems_leave_behind_is_passed_over(tmp_path: Path) -> None:
    flat(tmp_path, TWO, 2)
    for name in (".DS_Store", "bored/Thumbs.db", "bored/._00.png", "__MACOSX/bored/._00.png", ".cache/x/0.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"\0")
    assert counts(tmp_path, "train") == {"bored": 2, "tired": 2}


def raf_db(folder: Path, labels: list[int]) -> Path:
    lines = []
    for place, label in enumerate(labels):
        name = f"{'test' if place % 5 == 4 else 'train'}_{place:05d}"
        save(folder / "Image" / "aligned" / f"{name}_aligned.jpg", label % 12, place)
        lines.append(f"{name}.jpg {label}")
    (folder / "EmoLabel").mkdir(parents=True)
    (folder / "EmoLabel" / "list_patition_label.txt").write_text("\n".join(lines))
    return folder


def test_raf_dbs_own_layout(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    raf_db(tmp_path / "basic", [1, 2, 3, 4, 5, 6, 7] * 3)
    faces = load_split(str(tmp_path / "basic"), "train", GRAY, reading=reading(tmp_path / "basic"))
    first = open_source(str(tmp_path / "basic")).items("train")
    assert [item.name for item in first][:4] == list(RAF_DB[:4])
    assert set(faces.label_names) == set(RAF_DB)
    assert "1 = surprise, 2 = fear" in caplog.text
    raf_db(tmp_path / "compound", list(range(1, 12)) * 2)
    assert "happily surprised" in reading(tmp_path / "compound").classes.names
    with pytest.raises(FerError, match="it holds 2 lists named list_patition_label"):
        reading(tmp_path)


def test_raf_dbs_numbered_folders_are_known_by_their_file_names(tmp_path: Path) -> None:
    for number in range(1, 8):
        save(tmp_path / "train" / str(number) / f"train_{number:05d}_aligned.jpg", number, 0)
    assert counts(tmp_path, "train") == dict.fromkeys(
        ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"), 1
    )
    save(tmp_path / "train" / "1" / "photo.jpg", 1, 1)
    with pytest.raises(FerError, match="numbers have no meaning of their own"):
        reading(tmp_path)


def test_numbers_that_classes_names_need_no_guess(tmp_path: Path) -> None:
    flat(tmp_path, ("0", "1"), 2)
    assert counts(tmp_path, "train", "1=tired,0=bored") == {"tired": 2, "bored": 2}


def test_other_columns_are_named_by_flags(tmp_path: Path) -> None:
    features = Features({"face": Image(), "mood": ClassLabel(names=["tired", "bored"])})
    rows = {"face": [draw(0, 0), draw(1, 1)], "mood": [0, 1]}
    (tmp_path / "hub").mkdir()
    Dataset.from_dict(rows, features=features).to_parquet(tmp_path / "hub" / "train-00000.parquet")
    columns = {"image_column": "face", "label_column": "mood"}
    faces = load_split(str(tmp_path / "hub"), "train", GRAY, reading=reading(tmp_path / "hub", **columns))
    assert [faces.label_names[label] for label in faces.labels] == ["tired", "bored"]
    with pytest.raises(FerError, match="it has face, mood, and --image-column names one"):
        load_split(str(tmp_path / "hub"), "train", GRAY)
    flat(tmp_path / "photos", TWO, 1)
    (tmp_path / "x.csv").write_text("photo,mood\nphotos/bored/00.png,bored\nphotos/tired/00.png,tired\n")
    columns = {"image_column": "photo", "label_column": "mood"}
    faces = load_split(str(tmp_path / "x.csv"), "train", GRAY, reading=reading(tmp_path / "x.csv", **columns))
    assert faces.label_names == TWO
    with pytest.raises(FerError, match="'image' is missing; --image-column and --label-column name others"):
        open_source(str(tmp_path / "x.csv")).splits()


def test_broken_images_are_left_out_up_to_a_share(tmp_path: Path) -> None:
    flat(tmp_path, TWO, 10)
    (tmp_path / "bored" / "03.png").write_bytes(b"broken")
    some = reading(tmp_path, max_broken=0.05)
    faces = load_split(str(tmp_path), "train", GRAY, reading=some)
    assert len(faces) == 19
    assert [(each.split, Path(each.where).name) for each in faces.omitted] == [("train", "03.png")]
    few = reading(tmp_path, max_broken=0.01)
    with pytest.raises(FerError, match=r"1 of 20 train images cannot be read, more than --max-broken 1 %.*03\.png"):
        load_split(str(tmp_path), "train", GRAY, reading=few)


def test_a_validation_split_is_cut_off_the_same_way_each_time(tmp_path: Path) -> None:
    flat(tmp_path, TWO, 10)
    for place in range(3):  # copies, which must lie on one side with what they copy
        draw(0, 0).save(tmp_path / "bored" / f"copy{place}.png")
    before = reading(tmp_path)
    after, table = hold_out([str(tmp_path)], before, seed=0)
    train, validation = (load_split(str(tmp_path), part, GRAY, reading=after) for part in ("train", "validation"))
    assert len(train) + len(validation) == 23
    assert 2 <= np.bincount(validation.labels).min() <= np.bincount(validation.labels).max() <= 5
    assert not {image.tobytes() for image in train.images} & {image.tobytes() for image in validation.images}
    assert list(table.columns) == ["source", "row", "image", "class", "split"]
    assert table.equals(hold_out([str(tmp_path)], before, seed=0)[1])
    assert not table["split"].equals(hold_out([str(tmp_path)], before, seed=1)[1]["split"])


def test_nothing_is_cut_off_where_there_is_validation_or_too_little(tmp_path: Path) -> None:
    split(tmp_path / "a", TWO, {"train": 2, "val": 1})
    assert hold_out([str(tmp_path / "a")], reading(tmp_path / "a"), 0)[1].equals(pd.DataFrame())
    flat(tmp_path / "b", TWO, 1)
    with pytest.raises(FerError, match="takes two different images of every class"):
        hold_out([str(tmp_path / "b")], reading(tmp_path / "b"), 0)


def test_the_fingerprint_covers_the_classes(tmp_path: Path) -> None:
    flat(tmp_path, TWO, 2)
    prints = [
        load_split(str(tmp_path), "train", GRAY, reading=Reading(classes_of(names))).fingerprint
        for names in (TWO, ("Bored", "tired"))
    ]
    assert prints[0] != prints[1]


def test_faces_are_found_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place, emotion in enumerate(("happy", "sad") * 2):
        photo = np.full((300, 400, 3), 190, np.uint8)
        photo[60:252, 100:292] = draw_face(emotion, seed=place).pixels
        (tmp_path / "photos" / emotion).mkdir(parents=True, exist_ok=True)
        PILImage.fromarray(photo).save(tmp_path / "photos" / emotion / f"{place}.png")
    PILImage.new("RGB", (300, 400), "gray").save(tmp_path / "photos" / "sad" / "nobody.png")
    looked = []
    monkeypatch.setattr(detected, "detect", lambda photo, name: looked.append(name) or detect(photo, name))
    how = reading(tmp_path / "photos", crop=FaceCrop(cache=tmp_path / "cache"))
    first, again = (load_split(str(tmp_path / "photos"), "train", GRAY, reading=how) for _ in range(2))
    assert len(looked) == 5
    assert np.array_equal(first.images, again.images)
    assert [Path(each.where).name for each in again.omitted] == ["nobody.png"]
    assert str(found_in(again)) == "faces found in 4 of 5 photos (80.0 %); not found: 1 sad"
    uncached = load_split(
        str(tmp_path / "photos"), "train", GRAY, reading=reading(tmp_path / "photos", crop=FaceCrop())
    )
    assert np.array_equal(uncached.images, first.images)
