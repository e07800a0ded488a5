"""Hostile checkpoints: each is refused in one sentence, quickly, and without taking the memory it claims."""

from __future__ import annotations

import json
import os
import resource
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fer_explain.analyzer import Analyzer
from fer_explain.errors import FerError
from fer_explain.hub import bounds
from fer_explain.hub.checkpoint import load_checkpoint
from fer_explain.hub.folder import CONFIG, EMBEDDED, METRICS, WEIGHTS

SOURCE = EMBEDDED / "sequential_cnn_compact"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = tmp_path / "hostile"
    copy.mkdir()
    for name in (CONFIG, WEIGHTS):
        shutil.copy(SOURCE / name, copy)
    return copy


def claims(**changes: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        config = json.loads((folder / CONFIG).read_text())
        for key, value in changes.items():
            config[key] = config[key] | value if isinstance(value, dict) else value
        (folder / CONFIG).write_text(json.dumps(config))

    return change


def nested(folder: Path) -> None:
    (folder / CONFIG).write_text('{"a":' * 200_000 + "1" + "}" * 200_000)


def pipe(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        os.mkfifo(folder / name)

    return change


def vast(name: str, size: int) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        with (folder / name).open("ab") as file:
            file.truncate(size)  # sparse: it takes no disk

    return change


HOSTILE = {
    "a vast input": (claims(input={"size": 100_000}), "an input of 100,000 pixels is too large; at most 1024"),
    "a million classes": (claims(label_names=[f"class {i}" for i in range(1_000_000)]), r"too large|are too many"),
    "many classes": (claims(label_names=[f"class {i}" for i in range(101)]), "101 classes are too many"),
    "a long name": (claims(label_names=["a" * 101, "b"]), r"'aaaaaaaaaaaaaaaaaaaa\.\.\.' is too long"),
    "a deep config": (nested, "nested too deeply"),
    "a vast option": (claims(model_args={"width": 10**9}), "an option of 1,000,000,000 is too large"),
    "many options": (claims(model_args={"depths": list(range(300))}), "options of the architecture are too many"),
    "deep options": (claims(model_args={"a": [[[[[[[[[[1]]]]]]]]]]}), "nested too deeply"),
    "a vast network": (
        claims(architecture="resnet_compact", model_args={"width": 4096}),
        "parameters are too many",
    ),
    "a pipe for a config": (pipe(CONFIG), "is not a plain file"),
    "a pipe for weights": (pipe(WEIGHTS), "is not a plain file"),
    "a pipe for metrics": (pipe(METRICS), "is not a plain file"),
    "vast weights": (vast(WEIGHTS, bounds.WEIGHTS_BYTES + 1), "is too large: 2,048 MB, at most 2,048"),
    "a vast config": (vast(CONFIG, bounds.JSON_BYTES + 1), "is too large"),
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", HOSTILE)
def test_is_refused_in_one_sentence_without_taking_what_it_claims(folder: Path, name: str) -> None:
    change, sentence = HOSTILE[name]
    change(folder)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(FerError, match=sentence) as refused:
        load_checkpoint(folder)
    assert "\n" not in str(refused.value)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000  # kilobytes


def test_a_repository_that_is_too_large_or_does_not_say_is_not_fetched() -> None:
    bounds.check_hub("org/name", {CONFIG: 1000, WEIGHTS: 10**9})
    with pytest.raises(FerError, match="'org/name' is too large: 4,"):
        bounds.check_hub("org/name", {CONFIG: 1000, WEIGHTS: 5 * 10**9})
    with pytest.raises(FerError, match="does not say how large"):
        bounds.check_hub("org/name", {WEIGHTS: None})


def test_the_added_checkpoint_not_asked_for_the_longest_makes_room(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    analyzer = Analyzer()
    own = list(analyzer.models)
    monkeypatch.setattr("fer_explain.shelf.MOST", len(own) + 2)
    names = [shutil.copytree(folder, tmp_path / f"added{i}").name for i in range(3)]
    for name in names[:2]:
        analyzer.add(str(tmp_path / name))
    analyzer.checkpoint(names[0])  # so the second one is the older
    analyzer.add(str(tmp_path / names[2]))
    assert set(analyzer.models) == {*own, names[0], names[2]}
    monkeypatch.setattr("fer_explain.shelf.MOST", len(own))
    full = Analyzer()
    with pytest.raises(FerError, match="there is no room for another"):
        full.add(str(tmp_path / names[0]))
    assert set(full.models) == set(own)
