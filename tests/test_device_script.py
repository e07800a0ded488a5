"""The benchmark of the browser's pipeline, without a browser; how fast anything is, is never asserted here."""

from __future__ import annotations

import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import device
from fer_explain.errors import FerError
from fer_explain.types import Box

FACE = device.Seen(Box(0, 0, 10, 10), (0.7, 0.3), (0.0, 1.0))


def test_a_pace_below_its_budget_is_marked() -> None:
    rows = [device.rate_row(what, 300, 20.0, 6.0, budget) for what, budget in device.BUDGETS.items()]
    assert [row.measured for row in rows] == 2 * ["15.0 frames/s, 20 ms of processor time each"]
    assert [row.within for row in rows] == [False, True]


def test_answers_are_compared_face_by_face() -> None:
    moved = replace(FACE, box=Box(0, 0, 10, 5), map=(0.0, 0.9))
    other = replace(FACE, probabilities=(0.4, 0.6))
    same, boxes, shares, maps = device.compare([([FACE], [FACE]), ([FACE, moved], [other, FACE]), ([FACE], [])])
    assert same.measured == "1 of 3"
    assert boxes.measured == "0.8333 on average, 0.5000 at least"
    assert shares.measured == "0.1000 on average, 0.3000 at most"
    assert maps.measured == "0.0167 on average, 0.0500 at most"
    assert not any(row.within for row in (same, boxes, shares, maps))
    assert all(row.within for row in device.compare([([FACE], [FACE])]))
    with pytest.raises(FerError, match="no photo has the same number of faces"):
        device.compare([([FACE], [])])


def test_the_film_is_one_that_a_fake_camera_plays_and_moves(tmp_path: Path) -> None:
    device.film(tmp_path / "film.y4m", frames=4)
    head, *frames = (tmp_path / "film.y4m").read_bytes().split(b"FRAME\n")
    assert head == b"YUV4MPEG2 W640 H480 F30:1 Ip A1:1 C420jpeg\n"
    assert {len(frame) for frame in frames} == {640 * 480 * 3 // 2}
    assert frames[0] != frames[1]


def test_a_folder_is_served_as_plain_files(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("hello")
    with device.served(tmp_path) as url, urllib.request.urlopen(f"{url}page.html", timeout=10) as answer:
        assert answer.read() == b"hello"


def test_without_a_browser_one_sentence_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(device, "BROWSERS", ("no-such-browser",))
    with pytest.raises(SystemExit):
        device.main([])
    assert "There is no Chromium on this machine; one of no-such-browser is needed." in capsys.readouterr().err
