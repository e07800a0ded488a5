from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from fer_explain.analyzer import Analyzer
from fer_explain.emotions import LABELS
from fer_explain.errors import FerError
from fer_explain.hub.checkpoint import CheckpointConfig, save_checkpoint
from fer_explain.models import architecture, create_model
from fer_explain.ui.shell.model_addition import ALL, EACH, HOUR, Ration, add, sits_here, visitor
from fer_explain.ui.shell.texts import Texts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    save_checkpoint(
        tmp_path / "mine",
        create_model("convnext_nano"),
        CheckpointConfig("convnext_nano", LABELS, architecture("convnext_nano").input),
    )
    return tmp_path / "mine"


def test_a_folder_is_added_and_can_be_asked(folder: Path) -> None:
    analyzer = Analyzer()
    before = analyzer.models
    assert add(analyzer, f" {folder} ", folders=True, texts=Texts()) == "mine"
    assert analyzer.models == [*before, "mine"]
    assert analyzer.checkpoint("mine").config.architecture == "convnext_nano"


@pytest.mark.parametrize("ref", ["/etc", ".", "~/models", "checkpoints/emonext_nano"])
def test_a_visitor_from_elsewhere_cannot_name_folders(ref: str) -> None:
    with pytest.raises(FerError, match="whoever sits at the machine"):
        add(Analyzer(), ref, folders=False, texts=Texts())


@pytest.mark.parametrize("damage", ["config.json", "model.safetensors"])
def test_a_broken_one_is_refused_and_leaves_no_trace(folder: Path, damage: str) -> None:
    (folder / damage).write_bytes(b"\x80\x04cposix\nsystem\n")  # a pickle that would run a command
    analyzer = Analyzer()
    before = analyzer.models
    with pytest.raises(FerError, match=damage):
        add(analyzer, str(folder), folders=True, texts=Texts())
    assert analyzer.models == before
    assert not analyzer.problems


def test_a_repaired_one_is_accepted(folder: Path) -> None:
    analyzer, weights = Analyzer(), folder / "model.safetensors"
    good = weights.read_bytes()
    weights.write_bytes(good[:100])
    with pytest.raises(FerError):
        analyzer.add(str(folder))
    weights.write_bytes(good)
    assert analyzer.add(str(folder)) == "mine"


def test_memory_is_bounded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    analyzer = Analyzer()
    monkeypatch.setattr("fer_explain.shelf.MOST", len(analyzer.models))
    with pytest.raises(FerError, match="no room for another"):
        analyzer.add(str(folder))


def test_nothing_is_asked_for_in_one_sentence() -> None:
    with pytest.raises(FerError, match="Hub id"):
        add(Analyzer(), "  ", folders=True, texts=Texts())


@pytest.mark.parametrize(
    ("host", "space", "here"), [("127.0.0.1", "", True), ("10.0.0.5", "", False), ("127.0.0.1", "a/b", False)]
)
def test_who_sits_here(monkeypatch: pytest.MonkeyPatch, host: str, space: str, here: bool) -> None:
    monkeypatch.delenv("SPACE_ID", raising=False)
    if space:
        monkeypatch.setenv("SPACE_ID", space)
    assert sits_here(SimpleNamespace(client=SimpleNamespace(host=host))) is here


def test_on_a_space_adding_is_rationed_by_visitor_and_for_all_together() -> None:
    ration, texts = Ration(), Texts()
    for second in range(EACH):
        ration.take("1.2.3.4", texts, now=float(second))
    with pytest.raises(FerError, match=f"One visitor can add {EACH} models an hour here; please try again in 59 min"):
        ration.take("1.2.3.4", texts, now=100.0)
    for number in range(ALL - EACH):  # others, or somebody who feigns addresses
        ration.take(f"5.6.7.{number}", texts, now=200.0)
    with pytest.raises(FerError, match=f"{ALL} models an hour can be added here, and others have added as many"):
        ration.take("9.9.9.9", texts, now=300.0)
    ration.take("1.2.3.4", texts, now=HOUR)


@pytest.mark.parametrize(
    ("headers", "address"),
    [({}, "10.0.0.1"), ({"x-forwarded-for": "7.7.7.7, 10.0.0.9"}, "7.7.7.7")],
)
def test_who_adds(headers: dict[str, str], address: str) -> None:
    assert visitor(SimpleNamespace(headers=headers, client=SimpleNamespace(host="10.0.0.1"))) == address
