"""From training to the Hub in one command, against a loopback server."""

from __future__ import annotations

from pathlib import Path

import pytest
from accelerate.state import AcceleratorState
from huggingface_hub import ModelCard, constants

from fer_explain.hub.folder import CARD, WEIGHTS
from tests.hub.hub_server import Hub, serving
from training import run


def test_push_to_hub_publishes_the_finished_run_privately(
    csv_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    AcceleratorState._reset_state(reset_partial_state=True)
    output, token = tmp_path / "squares", tmp_path / "token"
    with serving(Hub()) as hub:
        token.write_text(hub.token)
        settings = {"ENDPOINT": hub.url, "HF_TOKEN_PATH": str(token), "HF_HUB_DISABLE_XET": True}
        for name, value in settings.items():
            monkeypatch.setattr(constants, name, value)
        monkeypatch.delenv("HF_TOKEN", raising=False)
        arguments = ["--model", "convnext_nano", "--batch-size", "14", "--epochs", "1", "--data", str(csv_file)]
        run.main([*arguments, "--output", str(output), "--push-to-hub", "org/squares"])
    assert f"published as {hub.url}/org/squares" in capsys.readouterr().out
    repo = hub.repos["org/squares"]
    assert repo.visibility == "private"
    published = repo.files("main")
    assert published[WEIGHTS] == (output / WEIGHTS).read_bytes()
    card = ModelCard(published[CARD].decode())
    assert {result.dataset_split for result in card.data.eval_results} == {"validation"}
    assert "Not yet evaluated on a test split" in card.text
