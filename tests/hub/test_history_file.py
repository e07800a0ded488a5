"""history.csv: what the training wrote is read, what is no history is refused by name."""

from pathlib import Path

import pytest

from fer_explain.errors import FerError
from fer_explain.hub.history import History, read_history

HEAD = "epoch,lr,train_loss,validation_loss,validation_accuracy,seconds\n"


def _written(folder: Path, text: str) -> Path:
    (folder / "history.csv").write_text(text)
    return folder


def test_epochs_come_back_and_the_first_best_one_is_the_kept_one(tmp_path):
    _written(tmp_path, HEAD + "1,0.1,1.8,1.7,0.3,9.5\n2,0.1,1.5,1.6,0.5,9.5\n3,0.1,1.4,1.6,0.5,9.5\n")
    history = read_history(tmp_path)
    assert history == History((1, 2, 3), (1.8, 1.5, 1.4), (1.7, 1.6, 1.6), (0.3, 0.5, 0.5))
    assert history.epochs[history.kept] == 2


@pytest.mark.parametrize("text", [None, HEAD])
def test_no_file_and_no_epoch_are_no_history(tmp_path, text):
    assert read_history(tmp_path if text is None else _written(tmp_path, text)) is None


@pytest.mark.parametrize(
    "text",
    ["epoch\n1\n", HEAD + "1,0.1,much,1.7,0.3,9\n", HEAD + "1,0.1\n", HEAD + "1,0.1,nan,1.7,0.3,9\n", "\x00\n1\n"],
)
def test_a_damaged_file_is_named(tmp_path, text):
    with pytest.raises(FerError, match=r"history\.csv"):
        read_history(_written(tmp_path, text))


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "history.csv").write_bytes(b"\xff\xfe\x00epoch")
    with pytest.raises(FerError, match=r"history\.csv"):
        read_history(tmp_path)
