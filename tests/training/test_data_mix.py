"""Several sources as one set: who comes from where, even classes, and class names that are none of the seven."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from datasets import ClassLabel, Dataset, Features, Image, Sequence, Value
from PIL import Image as PILImage

from fer_explain.emotions import LABELS
from fer_explain.errors import FerError
from training.data import ImageForm, balanced_mix, joined, load_mix, load_split
from training.data.class_names import AFFECTNET
from training.data.mix import even_shares

GRAY = ImageForm()
# A gray value per class name, so that an image tells what it was labelled.
SHADES = {name: 10 + 20 * place for place, name in enumerate(AFFECTNET)}
EMOTIONS = {name: "angry" if name == "anger" else name for name in AFFECTNET[:7]}


def save(path: Path, name: str, side: int = 60) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    PILImage.new("RGB", (side, side), (SHADES[name],) * 3).save(path)


def affectnet(folder: Path, names: Callable[[int], str] = str, counts: tuple[int, ...] = (3,) * 8) -> Path:
    for number, count in enumerate(counts):
        for place in range(count):
            save(folder / "train" / names(number) / f"{place}.png", AFFECTNET[number])
    return folder


def shades(faces: object) -> dict[str, set[int]]:
    images, labels = faces.images, faces.labels  # type: ignore[attr-defined]
    return {LABELS[label]: set(np.unique(images[labels == label]).tolist()) for label in np.unique(labels)}


EXPECTED = {EMOTIONS[name]: {SHADES[name]} for name in AFFECTNET[:7]}


def test_numbered_folders_have_affectnets_order(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    faces = load_split(str(affectnet(tmp_path)), "train", GRAY)
    assert shades(faces) == EXPECTED
    assert "0 = neutral, 1 = happy, 2 = sad, 3 = surprise, 4 = fear, 5 = disgust, 6 = anger" in caplog.text
    assert dict(faces.left_out) == {"contempt": 3}
    assert "left out 3 train images of 'contempt'" in caplog.text


def test_seven_numbers_may_be_affectnets_or_fer2013s_and_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FerError, match=r"class folders 0, .*, 6 are not AffectNet's 0\.\.7.*--classes 0=happy"):
        load_split(str(affectnet(tmp_path, counts=(2,) * 7)), "train", GRAY)


def test_a_class_list_overrules_the_numbers(tmp_path: Path) -> None:
    folder = affectnet(tmp_path, lambda number: str(number + 1), counts=(2,) * 7)
    with pytest.raises(FerError, match=r"class folders 1, 2, 3, 4, 5, 6, 7 are not AffectNet's 0\.\.7.*classes\.txt"):
        load_split(str(folder), "train", GRAY)
    lines = [f"{number + 1} {name}" for number, name in enumerate(AFFECTNET[:7])]
    (folder / "classes.txt").write_text("\n".join(lines))
    assert shades(load_split(str(folder), "train", GRAY)) == EXPECTED
    (folder / "classes.txt").write_text("\n".join(lines[:-1]))
    with pytest.raises(FerError, match="no line for the class folder '7'"):
        load_split(str(folder), "train", GRAY)
    (folder / "classes.txt").write_text("neutral\n")
    with pytest.raises(FerError, match='one "FOLDER NAME" per line'):
        load_split(str(folder), "train", GRAY)


def test_affectnets_own_layout(tmp_path: Path) -> None:
    for number, name in enumerate(AFFECTNET):
        save(tmp_path / "train_set" / "images" / f"{number}.jpg", name)
        (tmp_path / "train_set" / "annotations").mkdir(exist_ok=True)
        np.save(tmp_path / "train_set" / "annotations" / f"{number}_exp.npy", np.array(str(number)))
    faces = load_split(str(tmp_path), "train", GRAY)
    assert shades(faces) == EXPECTED
    assert dict(faces.left_out) == {"contempt": 1, "none": 1, "uncertain": 1, "no face": 1}
    (tmp_path / "train_set" / "annotations" / "3_exp.npy").unlink()
    with pytest.raises(FerError, match=r"3_exp\.npy: expected a number 0\.\.10 for 3\.jpg"):
        load_split(str(tmp_path), "train", GRAY)


@pytest.mark.parametrize("text_labels", [True, False])
def test_a_hub_data_set_with_more_or_fewer_classes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text_labels: bool
) -> None:
    names = ["happiness", "contempt", "Sad", "contempt"]
    label = Value("string") if text_labels else ClassLabel(names=["contempt", "happiness", "Sad"])
    save(tmp_path / "x" / "image.png", "happy")
    data = (tmp_path / "x" / "image.png").read_bytes()
    rows = {"image": [{"bytes": data, "path": None}] * 4, "label": names}
    Dataset.from_dict(rows, features=Features({"image": Image(), "label": label})).to_parquet(
        tmp_path / "test-00000.parquet"
    )
    faces = load_split(str(tmp_path), "test", GRAY, every_class=False)
    assert [LABELS[index] for index in faces.labels] == ["happy", "sad"]
    assert faces.rows.tolist() == [0, 2]
    assert dict(faces.left_out) == {"contempt": 2}
    assert "left out 2 test images of 'contempt', which is not one of angry" in caplog.text
    with pytest.raises(FerError, match=r"no image of angry.*\(left out: contempt\)"):
        load_split(str(tmp_path), "test", GRAY)


def test_one_parquet_file_is_split_by_a_column(table: pd.DataFrame, tmp_path: Path, csv_file: Path) -> None:
    images = [np.array(text.split(), np.uint8).reshape(48, 48) for text in table.pixels]
    rows = {
        "image": [PILImage.fromarray(image) for image in images],
        "label": [LABELS[index] for index in table.emotion],
        "split": table.Usage.tolist(),
        "row": list(range(len(table))),
        "ferplus_votes": [[place % 10 == vote for vote in range(10)] for place in range(len(table))],
    }
    votes = Sequence(Value("int8"))
    features = Features(
        {
            "image": Image(),
            "label": Value("string"),
            "split": Value("string"),
            "row": Value("int32"),
            "ferplus_votes": votes,
        }
    )
    path = tmp_path / "all.parquet"
    Dataset.from_dict(rows, features=features).to_parquet(path)
    for split in ("train", "validation", "test"):
        faces, same = load_split(str(path), split, GRAY), load_split(str(csv_file), split, GRAY)
        assert faces.fingerprint == same.fingerprint
        assert faces.rows.tolist() == same.rows.tolist()
        assert faces.votes is not None
        assert faces.votes.argmax(1).tolist() == [row % 10 for row in faces.rows]
    Dataset.from_dict(
        {"image": [], "label": []}, features=Features({"image": Image(), "label": Value("string")})
    ).to_parquet(path)
    with pytest.raises(FerError, match="no split column"):
        load_split(str(path), "train", GRAY)


def test_a_csv_of_files(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    lines = ["image,label,split"]
    for place, name in enumerate(AFFECTNET[:8]):
        save(tmp_path / "photos" / f"{place}.png", name)
        lines.append(f"photos/{place}.png,{name},{'val' if name == 'happy' else 'train'}")
    path = tmp_path / "list.csv"
    path.write_text("\n".join(lines))
    faces = load_split(str(path), "train", GRAY, every_class=False)
    assert shades(faces) == {label: shade for label, shade in EXPECTED.items() if label != "happy"}
    assert dict(faces.left_out) == {"contempt": 1}
    assert load_split(str(path), "validation", GRAY, every_class=False).rows.tolist() == [1]
    path.write_text("\n".join([*lines, "photos/0.png,sad,later"]))
    with pytest.raises(FerError, match=r"row 8: split must be one of .*, got 'later'"):
        load_split(str(path), "train", GRAY)
    path.write_text("\n".join([*lines, "photos/none.png,sad,test"]))
    with pytest.raises(FerError, match=r"row 8: not a readable image"):
        load_split(str(path), "test", GRAY)


def test_class_folders_without_a_split_are_refused(tmp_path: Path) -> None:
    save(tmp_path / "happy" / "0.png", "happy")
    with pytest.raises(FerError, match="put the class folders into a folder named train, validation or test"):
        load_split(str(tmp_path), "test", GRAY)


def test_a_folder_may_hold_only_a_test_split(tmp_path: Path) -> None:
    save(tmp_path / "Test" / "Happiness" / "0.png", "happy")
    assert load_split(str(tmp_path), "test", GRAY, every_class=False).labels.tolist() == [LABELS.index("happy")]
    with pytest.raises(FerError, match="no folder for the train split"):
        load_split(str(tmp_path), "train", GRAY)


@pytest.mark.usefixtures("caplog")
def test_a_mix_knows_each_image_by_source_and_row(csv_file: Path, tmp_path: Path) -> None:
    form = ImageForm(side=52)
    second = str(affectnet(tmp_path))
    mix = load_mix([str(csv_file), second], "train", form)
    alone = [load_split(str(csv_file), "train", form), load_split(second, "train", form)]
    assert mix.sources == (str(csv_file), second)
    assert mix.images.shape == (42 + 21, 52, 52)
    for place, faces in enumerate(alone):
        of_source = mix.take(np.flatnonzero(mix.source_of == place))
        assert of_source.labels.tolist() == faces.labels.tolist()
        assert of_source.rows.tolist() == faces.rows.tolist()
    assert dict(mix.left_out) == {"contempt": 3}
    assert load_mix([second], "train", form).fingerprint == alone[1].fingerprint


def test_the_fingerprint_of_a_mix_covers_pixels_labels_and_sources(csv_file: Path, tmp_path: Path) -> None:
    sources = [str(csv_file), str(affectnet(tmp_path, counts=(9, 9, 1, 9, 9, 4, 9, 1)))]
    prints = {
        load_mix(order, "train", GRAY, balanced=balanced, seed=seed).fingerprint
        for order in (sources, sources[::-1])
        for balanced, seed in ((False, 0), (True, 0), (True, 1))
    }
    assert len(prints) == 6
    one = load_split(sources[0], "train", GRAY)
    assert (
        joined([one.head(10), one.head(10)], GRAY).fingerprint != joined([one.head(5), one.head(15)], GRAY).fingerprint
    )


def test_a_balanced_mix_has_even_classes_from_even_sources(csv_file: Path, tmp_path: Path) -> None:
    second = str(affectnet(tmp_path, counts=(9, 9, 1, 9, 9, 4, 9, 2)))
    mix = load_mix([str(csv_file), second], "train", GRAY, balanced=True, seed=3)
    counts = pd.crosstab(np.array(LABELS)[mix.labels], mix.source_of)
    assert counts.sum(axis=1).tolist() == [7] * 7  # sad has 6 + 1, the fewest
    assert counts.loc["sad"].tolist() == [6, 1]
    assert counts.loc["disgust"].tolist() == [4, 3]
    assert counts.drop(["sad", "disgust"]).isin([3, 4]).all(axis=None)
    ids = list(zip(mix.source_of.tolist(), mix.rows.tolist(), strict=True))
    assert len(set(ids)) == len(ids), "no image is repeated"
    again = load_mix([str(csv_file), second], "train", GRAY, balanced=True, seed=3)
    assert again.fingerprint == mix.fingerprint
    assert balanced_mix(mix, 9).fingerprint == mix.fingerprint, "what is even stays as it is"


@pytest.mark.parametrize(
    ("available", "total", "expected"),
    [([5], 3, [3]), ([1, 9, 9], 9, [1, 4, 4]), ([9, 2], 8, [6, 2]), ([0, 4], 4, [0, 4]), ([3, 3], 6, [3, 3])],
)
def test_even_shares(available: list[int], total: int, expected: list[int]) -> None:
    assert even_shares(available, total) == expected


def test_a_mix_that_makes_no_sense_is_refused(csv_file: Path, tmp_path: Path) -> None:
    with pytest.raises(FerError, match="name at least one"):
        load_mix([], "train", GRAY)
    with pytest.raises(FerError, match="named twice"):
        load_mix([str(csv_file), str(csv_file)], "train", GRAY)
    only_happy = tmp_path / "half"
    save(only_happy / "train" / "happy" / "0.png", "happy")
    assert len(load_mix([str(csv_file), str(only_happy)], "train", GRAY)) == 43
    with pytest.raises(FerError, match="no image of angry"):
        load_mix([str(only_happy)], "train", GRAY)


def test_colour_mixes_too(csv_file: Path, tmp_path: Path) -> None:
    with_colour = ImageForm(gray=False)
    mix = load_mix([str(csv_file), str(affectnet(tmp_path))], "train", with_colour)
    assert mix.images.shape == (63, 48, 48, 3)


def test_known_names_are_silent(csv_file: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "training"):
        load_split(str(csv_file), "train", GRAY)
    assert not caplog.records
