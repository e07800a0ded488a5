"""A checkpoint has to be there in time: one sentence otherwise, and nothing is left of the attempt."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fer_explain.analyzer import Analyzer
from fer_explain.errors import FerError
from fer_explain.hub import bounds, remote
from fer_explain.hub.folder import CONFIG, EMBEDDED, WEIGHTS
from fer_explain.hub.time_limit import check_time, time_limit

SOURCE = EMBEDDED / "sequential_cnn_compact"


def waits() -> None:
    time.sleep(0.02)
    with time_limit("what lies inside", 100):
        check_time()


def test_a_limit_is_told_by_its_own_name_and_holds_inside_others() -> None:
    with pytest.raises(FerError, match=r"^'it' could not be loaded within 0 seconds"), time_limit("it", 0.01):
        waits()
    check_time()  # it is over with its block


def test_a_limit_is_its_threads_own() -> None:
    passed: list[str] = []
    other = threading.Thread(target=lambda: (check_time(), passed.append("free")))

    def both() -> None:
        time.sleep(0.01)
        other.start()
        other.join()
        check_time()

    with pytest.raises(FerError, match="'it'"), time_limit("it", 0.0):
        both()
    assert passed == ["free"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (CONFIG, WEIGHTS):
        shutil.copy(SOURCE / name, tmp_path)
    return tmp_path


def test_an_added_checkpoint_that_takes_too_long_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    analyzer = Analyzer()
    before = analyzer.models
    monkeypatch.setattr("fer_explain.shelf.ADDING", 0.0)
    with pytest.raises(FerError, match="could not be loaded within 0 seconds, so it was given up"):
        analyzer.add(str(folder))
    assert analyzer.models == before
    assert not analyzer.problems
    monkeypatch.undo()
    assert analyzer.add(str(folder)) in analyzer.models


def test_a_network_that_goes_on_for_ever_is_refused_while_it_is_built(folder: Path) -> None:
    config = json.loads((folder / CONFIG).read_text())
    deep = {"architecture": "swin_compact", "model_args": {"depths": [100_000, 2, 2]}}
    (folder / CONFIG).write_text(json.dumps(config | deep))
    began = time.monotonic()
    with pytest.raises(FerError, match="the network has too many parts; at most 5,000"):
        Analyzer().add(str(folder))
    assert time.monotonic() - began < 20


def test_somebody_who_waits_for_another_ones_checkpoint_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    analyzer = Analyzer()
    monkeypatch.setattr("fer_explain.shelf.LOADING", 0.05)
    with analyzer._adding, pytest.raises(FerError, match="Somebody else is adding"):
        analyzer.add(str(folder))


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Downloads that hand out a damaged checkpoint, and where they lie."""
    monkeypatch.setattr(remote.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(remote, "_list_files", lambda *_: {CONFIG: 2, WEIGHTS: 2})

    def fetch(repo: str, _revision: str, files: list[str]) -> Path:
        home = remote._home(repo)
        home.mkdir(parents=True, exist_ok=True)
        for name in files:
            (home / name).write_text("{}")
        return home

    monkeypatch.setattr(remote, "_fetch", fetch)
    return tmp_path


def test_the_download_of_a_refused_checkpoint_is_deleted_unless_it_was_there_before(hub: Path) -> None:
    analyzer = Analyzer()
    for already_there in (False, True):
        if already_there:
            remote._home("org/bad").mkdir()
        with pytest.raises(FerError):
            analyzer.add("org/bad")
        assert remote.is_here("org/bad") is already_there
    assert [path.name for path in hub.iterdir()] == ["models--org--bad"]


def test_a_download_that_would_fill_the_disk_is_not_begun(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "FREE_BYTES", 1 << 60)
    with pytest.raises(FerError, match="There is no room on this machine's disk for 'org/bad'"):
        remote.download("org/bad")
    assert not [*hub.iterdir()]


def test_a_bar_of_a_download_ends_it_when_the_time_is_over() -> None:
    with remote._Watched(total=10, disable=True) as bar, pytest.raises(FerError), time_limit("org/slow", -1.0):
        bar.update(1)
