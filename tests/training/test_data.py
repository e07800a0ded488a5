"""The four forms of --data give the same faces; what is wrong in them is said with file and row."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from datasets import ClassLabel, Dataset, Features, Image, Value
from PIL import Image as PILImage

from fer_explain.emotions import LABELS
from fer_explain.errors import FerError
from tests.hub.hub_server import Hub, Repo, serving
from training.data import SPLITS, FaceSet, ImageForm, load_split

GRAY = ImageForm()
USAGE = {"train": "Training", "validation": "PublicTest", "test": "PrivateTest"}


def pixels(text: str) -> np.ndarray:
    return np.array(text.split(), np.uint8).reshape(48, 48)


def png(text: str) -> bytes:
    buffer = io.BytesIO()
    PILImage.fromarray(pixels(text)).save(buffer, "png")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def parquet_folder(table: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parquet")
    names = [name.capitalize() for name in LABELS]
    features = Features({"image": Image(), "label": ClassLabel(names=names), "row": Value("int32")})
    for split, usage in USAGE.items():
        part = table[table.Usage == usage]
        rows = {
            "image": [{"bytes": png(text), "path": None} for text in part.pixels],
            "label": part.emotion.tolist(),
            "row": part.index.tolist(),
        }
        Dataset.from_dict(rows, features=features).to_parquet(folder / f"{split}-00000-of-00001.parquet")
    return folder


@pytest.fixture(scope="module")
def image_folder(table: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    for row, (label, text, usage) in enumerate(table.itertuples(index=False)):
        part = folder / ("train" if usage == "Training" else "test") / LABELS[label]
        part.mkdir(parents=True, exist_ok=True)
        (part / f"{usage}_{row:04d}.png").write_bytes(png(text))
    return folder


def contents(faces: FaceSet) -> set[tuple[int, bytes]]:
    return {(int(label), image.tobytes()) for label, image in zip(faces.labels, faces.images, strict=True)}


@pytest.mark.parametrize("split", SPLITS)
def test_all_forms_hold_the_same_faces(csv_file: Path, parquet_folder: Path, image_folder: Path, split: str) -> None:
    from_csv = load_split(str(csv_file), split, GRAY)
    assert from_csv.images.dtype == np.uint8
    assert from_csv.images.shape[1:] == (48, 48)
    for source in (parquet_folder, image_folder):
        faces = load_split(str(source), split, GRAY)
        assert contents(faces) == contents(from_csv), source
    assert np.array_equal(load_split(str(parquet_folder), split, GRAY).rows, from_csv.rows)


# huggingface_hub and datasets read HF_ENDPOINT and HF_HOME when they are imported: this runs in a process of its own.
FROM_THE_HUB = """
import sys
from fer_explain.errors import FerError
from training.data import ImageForm, load_split
for split in ("train", "validation", "test"):
    print(load_split("org/faces", split, ImageForm()).fingerprint)
try:
    load_split("org/absent", "train", ImageForm())
except FerError as error:
    sys.exit(str(error))
"""


def test_a_hub_id_gives_the_faces_of_its_parquet_files(parquet_folder: Path, tmp_path: Path) -> None:
    repo = Repo()
    repo.commit({path.name: path.read_bytes() for path in parquet_folder.iterdir()} | {"README.md": b"# Faces"})
    clean = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    with serving(Hub(repos={"datasets/org/faces": repo})) as hub:
        done = subprocess.run(
            [sys.executable, "-c", FROM_THE_HUB],
            env=clean | {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path)},
            cwd=Path(__file__).resolve().parents[2], capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    from_folder = [load_split(str(parquet_folder), split, GRAY).fingerprint for split in SPLITS]
    assert done.stdout.split() == from_folder, done.stderr
    assert done.stderr.splitlines()[-1].startswith("--data org/absent: the train split could not be opened (")
    assert hub.count("GET .*/train-00000-of-00001.parquet")


def test_the_fingerprint_follows_the_content(csv_file: Path) -> None:
    train, validation = (load_split(str(csv_file), split, GRAY) for split in ("train", "validation"))
    assert train.fingerprint == load_split(str(csv_file), "train", GRAY).fingerprint != validation.fingerprint


def test_colour_form_keeps_three_channels(csv_file: Path, image_folder: Path) -> None:
    for source in (csv_file, image_folder):
        assert load_split(str(source), "train", ImageForm(gray=False)).images.shape[1:] == (48, 48, 3)


def test_spaced_headers_are_read(table: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "icml_face_data.csv"
    spaced = table.rename(columns={"Usage": " Usage", "pixels": " pixels"})
    spaced[["emotion", " Usage", " pixels"]].to_csv(path, index=False)
    assert len(load_split(str(path), "train", GRAY)) == 42


def test_mixed_and_large_images_are_brought_to_one_size(table: pd.DataFrame, tmp_path: Path) -> None:
    for index, label in enumerate(LABELS):
        folder = tmp_path / "train" / label
        folder.mkdir(parents=True)
        side = 30 + 20 * index
        PILImage.fromarray(pixels(table.pixels[index])).resize((side, side)).save(folder / "0.jpg")
    assert load_split(str(tmp_path), "train", ImageForm(side=64)).images.shape == (7, 64, 64)


def broken_row(table: pd.DataFrame, path: Path, row: int, **values: object) -> str:
    changed = table.astype(object)
    for column, value in values.items():
        changed.loc[row, column] = value
    changed.to_csv(path, index=False)
    return str(path)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"pixels": "1 2 3"}, r"bad\.csv, row 17: expected 2304 pixels, got 3\."),
        ({"pixels": "1 two 3"}, r"row 17: pixels must be whole numbers"),
        ({"pixels": " ".join(["256"] * 2304)}, r"row 17: pixels must lie in 0\.\.255"),
        ({"emotion": 7}, r"row 17: emotion must be 0\.\.6, got '7'"),
    ],
)
def test_a_bad_row_is_named(table: pd.DataFrame, tmp_path: Path, values: dict[str, object], sentence: str) -> None:
    source = broken_row(table, tmp_path / "bad.csv", 17, **values)
    with pytest.raises(FerError, match=sentence):
        load_split(source, "train", GRAY)


def test_an_empty_split_and_a_missing_class_are_named(table: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "part.csv"
    table[table.Usage == "Training"].query("emotion != 1").to_csv(path, index=False)
    with pytest.raises(FerError, match="the test split is empty"):
        load_split(str(path), "test", GRAY)
    with pytest.raises(FerError, match="has no image of disgust"):
        load_split(str(path), "train", GRAY)
    assert len(load_split(str(path), "train", GRAY, every_class=False)) == 36


def test_wrong_columns_are_named(tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("emotion,pixels\n0,1\n")
    with pytest.raises(FerError, match="'Usage' is missing"):
        load_split(str(path), "train", GRAY)
    with pytest.raises(FerError, match="not a readable CSV"):
        load_split(str(tmp_path / "none.csv"), "train", GRAY)


def test_an_unreadable_image_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "train" / "happy"
    folder.mkdir(parents=True)
    (folder / "broken.png").write_bytes(b"not a picture")
    with pytest.raises(FerError, match=r"happy/broken\.png: not a readable image"):
        load_split(str(tmp_path), "train", GRAY)


def test_a_class_folder_that_is_no_emotion_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "train" / "bored"
    folder.mkdir(parents=True)
    PILImage.new("L", (48, 48)).save(folder / "0.png")
    with pytest.raises(FerError, match="'bored' is not one of angry"):
        load_split(str(tmp_path), "train", GRAY)


def test_labels_without_names_are_refused(tmp_path: Path) -> None:
    rows = {"image": [{"bytes": b"", "path": None}], "label": [0]}
    Dataset.from_dict(rows, features=Features({"image": Image(), "label": Value("int64")})).to_parquet(
        tmp_path / "train-00000.parquet"
    )
    with pytest.raises(FerError, match="mapped by name only"):
        load_split(str(tmp_path), "train", GRAY)


def test_a_bad_image_in_a_shard_is_named(tmp_path: Path) -> None:
    features = Features({"image": Image(), "label": ClassLabel(names=list(LABELS))})
    rows = {"image": [{"bytes": b"junk", "path": None}], "label": [0]}
    Dataset.from_dict(rows, features=features).to_parquet(tmp_path / "train-00000.parquet")
    with pytest.raises(FerError, match="train row 0: not a readable image"):
        load_split(str(tmp_path), "train", GRAY)


def test_nothing_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(FerError, match="could not be opened"):
        load_split(str(tmp_path / "nothing"), "train", GRAY)


@pytest.mark.skipif("FER_EXPLAIN_DATA" not in os.environ, reason="needs FER2013: set FER_EXPLAIN_DATA to its folder")
def test_fer2013_has_its_published_class_counts() -> None:
    source = os.environ["FER_EXPLAIN_DATA"]
    expected = {"validation": [467, 56, 496, 895, 653, 415, 607], "test": [491, 55, 528, 879, 594, 416, 626]}
    for split, counts in expected.items():
        faces = load_split(source, split, GRAY)
        assert np.bincount(faces.labels).tolist() == counts
