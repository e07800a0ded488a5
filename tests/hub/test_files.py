"""A file is written whole, or the old one stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from safetensors import SafetensorError

from fer_explain.errors import FerError
from fer_explain.hub.files import write_atomically, write_text
from fer_explain.hub.folder import CONFIG


def test_a_failed_write_keeps_the_old_file(tmp_path):
    path = tmp_path / CONFIG
    write_text(path, "old")
    with pytest.raises(FerError, match="could not be written"):
        write_text(path / "below a file", "new")
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "\ud800")
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == [CONFIG]


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), RuntimeError("stream failed"), SafetensorError()]
)
def test_a_full_disk_gives_one_sentence_whoever_reports_it(tmp_path, error):
    def fail(path: Path) -> None:
        path.write_text("half of")
        raise error

    write_text(tmp_path / CONFIG, "old")
    with pytest.raises(FerError, match=r"config.json could not be written \(.*\); the last good file is kept"):
        write_atomically(tmp_path / CONFIG, fail)
    assert [file.read_text() for file in tmp_path.iterdir()] == ["old"]
