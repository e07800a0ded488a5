"""Uploads go by the clock, with their process, and, where that crashed, at the next start."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fer_explain.ui.shell.uploads import LIFE, PREFIX, YOUNG, clear, private_folder

HOLDER = """
import sys, time
from pathlib import Path
from fer_explain.ui.shell.uploads import private_folder
folder, lock = private_folder(Path(sys.argv[1]))
(folder / "photo.jpg").write_bytes(b"a face")
print(folder, flush=True)
time.sleep(60)
"""


@pytest.fixture
def other(tmp_path: Path):
    """Another running app that holds a photo."""
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process, Path(process.stdout.readline().strip())
        process.kill()


def test_what_a_crashed_process_left_goes_at_the_next_start_and_a_running_ones_folder_stays(
    other: tuple[subprocess.Popen[str], Path], tmp_path: Path
) -> None:
    process, folder = other
    own, lock = private_folder(tmp_path)
    assert (folder / "photo.jpg").is_file(), "the other app is running"
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (folder / "photo.jpg").is_file(), "it could not tidy up"
    another, its_lock = private_folder(tmp_path)
    assert not folder.exists()
    assert own.is_dir(), "this process holds it"
    assert another.stat().st_mode & 0o077 == 0
    lock.release()
    its_lock.release()


def test_a_folder_that_is_about_to_be_locked_stays_and_an_old_one_without_a_lock_goes(tmp_path: Path) -> None:
    young, old = tmp_path / f"{PREFIX}young", tmp_path / f"{PREFIX}old"
    foreign = tmp_path / "somebody-elses"
    for folder in (young, old, foreign):
        folder.mkdir()
    for folder in (old, foreign):
        os.utime(folder, (0, time.time() - YOUNG - 1))
    _, lock = private_folder(tmp_path)
    lock.release()
    assert young.is_dir()
    assert foreign.is_dir()
    assert not old.exists()


def test_old_files_go_with_their_folders_and_young_ones_stay(tmp_path: Path) -> None:
    folder, lock = private_folder(tmp_path)
    for name, age in {"old": LIFE + 1, "young": LIFE - 30}.items():
        path = folder / name / "photo.jpg"
        path.parent.mkdir()
        path.write_bytes(b"a face")
        for each in (path, path.parent):
            os.utime(each, (0, time.time() - age))
    os.utime(folder / ".lock", (0, 0))
    clear(folder)
    assert not (folder / "old" / "photo.jpg").exists()
    assert (folder / "young" / "photo.jpg").is_file()
    clear(folder, life=-1)
    assert [path.name for path in folder.iterdir()] == [".lock"]
    lock.release()
