"""How large a checkpoint may be. Whoever names one, a visitor too, may not fill the memory or the disk with it."""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from fer_explain.errors import FerError

INPUT_SIDE: Final = 1024  # pixels
CLASSES: Final = 100
LABEL: Final = 100  # characters
PARAMETERS: Final = 500_000_000
PARTS: Final = 5_000  # modules of a network; EfficientNet-L2, the largest of timm, has 3,520
ARGUMENT: Final = 100_000  # largest number among an architecture's options
ARGUMENTS: Final = 200  # of them, nested ones counted
JSON_BYTES: Final = 8 << 20
WEIGHTS_BYTES: Final = 2 << 30
HUB_BYTES: Final = 3 << 30  # of all files of a repository that are fetched
FREE_BYTES: Final = 2 << 30  # of the disk that are left to others


def check_file(path: Path, largest: int) -> None:
    """Refuses what is not a plain file of at most ``largest`` bytes; a missing file is left to whoever opens it.

    Raises:
        FerError: a folder, a pipe, a device; or a file that is too large.
    """
    try:
        about = path.stat()
    except OSError:
        return
    if not stat.S_ISREG(about.st_mode):
        raise FerError(f"{path} is not a plain file.")
    if about.st_size > largest:
        raise FerError(f"{path} is too large: {_megabytes(about.st_size)} MB, at most {_megabytes(largest)} are read.")


def read_json(path: Path) -> Any:
    """The content of a JSON file of at most 8 MB.

    Raises:
        FileNotFoundError: it is missing.
        FerError: it is no plain file, too large, nested too deeply, or no JSON.
    """
    check_file(path, JSON_BYTES)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise
    except RecursionError:
        raise FerError(f"{path} is nested too deeply.") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise FerError(f"{path} is not readable JSON ({error}).") from error


def check_claims(path: Path, labels: Any, side: Any, options: Any) -> None:
    """Refuses a configuration that claims more than any network here needs.

    Args:
        path: config.json, for the sentence.
        labels: the class names.
        side: of the input in pixels.
        options: of the architecture.

    Raises:
        FerError: too many classes, too long a name, too large an input, or too many or too large options.
    """
    if isinstance(labels, list) and len(labels) > CLASSES:
        raise FerError(f"{path}: {len(labels):,} classes are too many; at most {CLASSES} can be shown.")
    long = [label for label in labels if isinstance(label, str) and len(label) > LABEL] if labels else []
    if long:
        raise FerError(f"{path}: the class name '{long[0][:20]}...' is too long; at most {LABEL} characters.")
    if isinstance(side, int | float) and side > INPUT_SIDE:
        raise FerError(f"{path}: an input of {side:,} pixels is too large; at most {INPUT_SIDE}.")
    count = _check_options(path, options)
    if count > ARGUMENTS:
        raise FerError(f"{path}: {count:,} options of the architecture are too many; at most {ARGUMENTS}.")


def check_parameters(path: Path, count: int) -> None:
    """Refuses weights of too many numbers.

    Raises:
        FerError: more than 500 million.
    """
    if count > PARAMETERS:
        raise FerError(f"{path}: {count:,} parameters are too many; at most {PARAMETERS:,}.")


def check_parts(count: int) -> None:
    """Refuses a network of too many parts, while it is being built.

    Raises:
        FerError: more than 5,000.
    """
    if count > PARTS:
        raise FerError(f"the network has too many parts; at most {PARTS:,}.")


def check_disk(ref: str, size: int, home: Path) -> None:
    """Refuses a download after which the disk would be full.

    Args:
        ref: what is to be downloaded.
        size: its bytes.
        home: the folder it goes to, which need not be there yet.

    Raises:
        FerError: less than 2 GB would be left.
    """
    there = next(folder for folder in (home, *home.absolute().parents) if folder.exists())
    free = shutil.disk_usage(there).free
    if free - size < FREE_BYTES:
        raise FerError(f"There is no room on this machine's disk for '{ref}', which has {_megabytes(size)} MB.")


def check_hub(ref: str, sizes: Mapping[str, int | None]) -> None:
    """Refuses a repository whose files together are too large, before any is fetched.

    Args:
        ref: its id.
        sizes: bytes by file, as the Hub tells them; None where it does not.

    Raises:
        FerError: more than 3 GB, or a size is not told.
    """
    untold = [name for name, size in sizes.items() if size is None]
    if untold:
        raise FerError(f"The Hub does not say how large '{untold[0]}' of '{ref}' is, so it is not fetched.")
    total = sum(size or 0 for size in sizes.values())
    if total > HUB_BYTES:
        raise FerError(f"'{ref}' is too large: {_megabytes(total)} MB, at most {_megabytes(HUB_BYTES)} are fetched.")


def _check_options(path: Path, value: Any, depth: int = 0) -> int:
    """The number of options in a (nested) value."""
    if depth > 8:
        raise FerError(f"{path}: the options of the architecture are nested too deeply.")
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        return sum(_check_options(path, each, depth + 1) for each in value[: ARGUMENTS + 1]) + len(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and not abs(value) <= ARGUMENT:
        raise FerError(f"{path}: an option of {value:,} is too large for an architecture; at most {ARGUMENT:,}.")
    return 0


def _megabytes(size: int) -> str:
    return f"{size / 2**20:,.0f}"
