"""The temporary folder of uploads: this process's own, emptied by the clock, and gone with it or at the next start.

Upstream defect, https://github.com/gradio-app/gradio/issues/8098: Gradio's own clock (``delete_cache``) deletes a file
before the question about it is answered. Test: test_file_is_deleted_before_the_question_about_it_is_answered.

Upstream defect, no issue found: what a process left that crashed, no later one deletes.
Test: test_file_of_an_earlier_run_is_never_deleted.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

PREFIX: Final = "fer-explain-"
LIFE: Final = 90.0  # seconds of a file; with the time between two looks that is less than two minutes
YOUNG: Final = 120.0  # seconds in which a folder without a lock may still be about to get one
_LOCK: Final = ".lock"  # held as long as the process lives; the system lets go of it when the process crashes


def private_folder(home: Path) -> tuple[Path, FileLock]:
    """A new folder in ``home`` that only this user may read, and the lock that says it is in use.

    What an earlier process left in ``home`` because it crashed is removed; another running one's folder is not touched.
    """
    home.mkdir(parents=True, exist_ok=True)
    for folder in home.glob(f"{PREFIX}*"):
        _remove_orphan(folder)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=home))
    lock = FileLock(folder / _LOCK)
    lock.acquire()
    return folder, lock


def clear(folder: Path, life: float = LIFE, needed: Collection[Path] = ()) -> None:
    """Deletes the files in ``folder`` that are older than ``life`` seconds, and what folders are empty then.

    Files that are ``needed``, for a question that still waits for its turn, stay.
    """
    oldest = time.time() - life
    for path in sorted(folder.rglob("*"), reverse=True):  # what lies in a folder before the folder
        with suppress(OSError):  # gone already, or not empty
            if path.is_dir() and not path.is_symlink():
                if path.stat().st_mtime < oldest:
                    path.rmdir()
            elif path.name != _LOCK and path not in needed and path.lstat().st_mtime < oldest:
                path.unlink()


def _remove_orphan(folder: Path) -> None:
    lock = folder / _LOCK
    with suppress(OSError, Timeout):  # another user's, or a running app's
        if lock.exists():
            with FileLock(lock).acquire(timeout=0):
                shutil.rmtree(folder, ignore_errors=True)
        elif folder.is_dir() and time.time() - folder.stat().st_mtime > YOUNG:
            shutil.rmtree(folder, ignore_errors=True)
