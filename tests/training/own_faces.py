"""Small data sets of any classes: each is a bright square at its own place, in one of the layouts that people have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

COLUMNS = 4

NAMES = {
    2: ("closed", "open"),
    4: ("bored", "focused", "happy", "tired"),
    8: ("neutral", "happy", "sad", "surprise", "fear", "disgust", "anger", "contempt"),  # AffectNet's 0..7
    12: tuple(f"happily {letter}" for letter in "abcdefghijkl"),
}


def draw(label: int, seed: int, side: int = 48) -> Image.Image:
    """A noisy image (side, side) in which class ``label`` (0..11) has its square; every seed gives another one."""
    rng = np.random.default_rng((label, seed))
    pixels = rng.integers(0, 90, (48, 48, 3), dtype=np.uint8)
    row, column = divmod(label, COLUMNS)
    pixels[row * 16 + 2 : row * 16 + 14, column * 12 + 1 : column * 12 + 11] = 220
    return Image.fromarray(pixels).resize((side, side), Image.Resampling.NEAREST)


def save(path: Path, label: int, seed: int, side: int = 48) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draw(label, seed, side).save(path)


def flat(folder: Path, names: tuple[str, ...], each: int = 10) -> Path:
    """``CLASS/*.png``."""
    for label, name in enumerate(names):
        for seed in range(each):
            save(folder / name / f"{seed:02d}.png", label, seed)
    return folder


def split(folder: Path, names: tuple[str, ...], splits: dict[str, int]) -> Path:
    """``SPLIT/CLASS/*.png``."""
    for place, (part, each) in enumerate(splits.items()):
        for label, name in enumerate(names):
            for seed in range(each):
                save(folder / part / name / f"{seed:02d}.png", label, 100 * place + seed)
    return folder


def made(folder: Path, classes: int) -> Path:
    """Data of 2, 4, 8 or 12 classes: a flat folder, train with test, AffectNet's numbers with val, a CSV."""
    names = NAMES[classes]
    if classes == 2:
        return flat(folder / "own", names, 12)
    if classes == 4:
        return split(folder / "own", names, {"train": 12, "test": 3})
    if classes == 8:
        numbers = tuple(str(number) for number in range(8))
        return split(folder / "own", numbers, {"train": 8, "val": 2, "test": 2})
    flat(folder / "photos", names, 8)
    lines = [
        f"photos/{name}/{seed:02d}.png,{name},{('train', 'valid', 'test')[max(0, seed - 5)]}"
        for name in names
        for seed in range(8)
    ]
    path = folder / "own.csv"
    path.write_text("\n".join(["path,expression,split", *lines]))
    return path
