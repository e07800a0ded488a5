"""The results of a lease in few and small files: one archive a wave, written anew whenever a training has ended."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Final

from fer_explain.hub.files import write_atomically
from fer_explain.hub.folder import WEIGHTS
from training.lease.plan import Training, Wave

LARGEST: Final = 15 << 20  # bytes of an archive


def pack(output: Path, wave: Wave) -> Path:
    """Writes ``WAVE.zip`` with the folders of a wave's trainings, finished or not; returns its path.

    Weights come last, and those that would make the archive larger than 15 MiB are left out and named in it.
    """
    path = output / f"{wave.name}.zip"
    write_atomically(path, lambda temporary: _write(temporary, output, wave))
    return path


def _write(path: Path, output: Path, wave: Wave) -> None:
    files = [
        file
        for training in wave.trainings
        for file in sorted((output / training.name).rglob("*"))
        if file.is_file() and not file.name.startswith(".") and _is_wanted(file, training)
    ]
    files.sort(key=lambda file: file.name == WEIGHTS)
    left_out: list[str] = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            name = str(file.relative_to(output))
            try:
                content = file.read_bytes()
            except FileNotFoundError:
                continue  # its training is still at work and has taken it away
            if file.name == WEIGHTS and _size(archive) + len(content) > LARGEST:
                left_out.append(name)
            else:
                archive.writestr(name, content)
        if left_out:
            archive.writestr("left_out.txt", "\n".join(left_out) + "\n")


def _is_wanted(file: Path, training: Training) -> bool:
    return file.name != WEIGHTS or training.weights


def _size(archive: zipfile.ZipFile) -> int:
    return sum(entry.compress_size for entry in archive.infolist())
