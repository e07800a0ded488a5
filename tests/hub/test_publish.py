"""Publishing with the real huggingface_hub client, over LFS, to a loopback server that speaks the Hub's protocol."""

import hashlib
from pathlib import Path

import pandas as pd
import pytest
from hub_server import Hub, Repo
from huggingface_hub import ModelCard, constants

from fer_explain.errors import FerError
from fer_explain.hub.checkpoint import read_config, write_config
from fer_explain.hub.files import write_text
from fer_explain.hub.folder import CARD, CONFUSION, HISTORY, WEIGHTS
from fer_explain.hub.publish import publish
from fer_explain.hub.remote import FILES

ROOT = Path(__file__).resolve().parents[2]


def _refused(folder: Path) -> str:
    """The one sentence with which publishing ends."""
    with pytest.raises(FerError) as refused:
        publish(folder, "org/face")
    sentence = str(refused.value)
    assert sentence.count("\n") == 0
    assert "hf_" not in sentence.replace("hf auth", ""), "the token must not be told"
    assert "s3cret" not in sentence, "nor the signature of an address"
    return sentence


def _published(hub: Hub) -> dict[str, bytes]:
    return hub.repos["org/face"].files("main")


def _content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _sent_once(hub: Hub) -> None:
    """No byte of an object arrived twice."""
    arrived = {oid: sum(n for path, n in hub.received.items() if path.startswith(f"/lfs/{oid}") and path[-1].isalnum()
                        and not path.endswith(("verify", "complete"))) for oid in hub.blobs}  # fmt: skip
    assert arrived == {oid: len(content) for oid, content in hub.blobs.items()}


def test_the_folder_arrives_whole_private_and_with_a_card_that_the_hub_can_read(hub, folder):
    assert publish(folder, "org/face") == f"{hub.url}/org/face"
    assert hub.repos["org/face"].visibility == "private"
    local = _content(folder)
    assert local.pop("state.pt")
    assert _published(hub) == local
    assert {CARD, CONFUSION, WEIGHTS, "predictions/test-flip.parquet"} < local.keys()
    assert local.keys() <= {*FILES, "predictions/test-flip.parquet"}
    card = ModelCard(local[CARD].decode())
    assert {result.dataset_split for result in card.data.eval_results} == {"validation", "test"}
    for part in ("| recipe | modern |", "| data.train | 0a1b |", "Apache-2.0", "not a feeling", f"]({CONFUSION})"):
        assert part in card.text
    assert 'checkpoints=["org/face"]' in card.text


def test_a_public_repository_is_made_only_when_asked_for(hub, folder):
    publish(folder, "org/face", private=False)
    assert hub.repos["org/face"].visibility != "private"


def test_publishing_again_sends_nothing_and_makes_no_commit(hub, folder):
    publish(folder, "org/face")
    commits = len(hub.repos["org/face"].commits)
    hub.received.clear()
    publish(folder, "org/face")
    assert len(hub.repos["org/face"].commits) == commits
    assert not [path for path in hub.received if path.startswith("/lfs/")]


def test_a_changed_file_is_a_new_revision_and_the_old_one_stays(hub, folder):
    publish(folder, "org/face")
    first = hub.repos["org/face"].names["main"]
    write_text(folder / HISTORY, "epoch\n1\n2\n")
    publish(folder, "org/face")
    assert _published(hub)[HISTORY] == b"epoch\n1\n2\n"
    assert hub.repos["org/face"].files(first)[HISTORY] == b"epoch\n1\n"
    _sent_once(hub)


def test_a_repository_that_exists_keeps_its_visibility_and_its_other_files(hub, folder):
    hub.repos["org/face"] = Repo("public")
    hub.repos["org/face"].commit({"NOTES.md": b"kept"})
    publish(folder, "org/face")
    assert hub.repos["org/face"].visibility == "public"
    assert _published(hub)["NOTES.md"] == b"kept"


@pytest.mark.parametrize(
    ("where", "status"),
    [("create", 503), ("preupload", 500), ("objects/batch", 502), ("PUT", 503), ("verify", 504), ("commit", 500)],
)
def test_a_hub_that_is_out_of_order_for_a_moment_is_tried_again(hub, folder, waits, where, status):
    hub.fail(where, status=status)
    publish(folder, "org/face")
    assert _published(hub)[WEIGHTS] == (folder / WEIGHTS).read_bytes()
    assert waits
    if where != "PUT":
        _sent_once(hub)


@pytest.mark.parametrize("where", ["create", "objects/batch", "commit"])
def test_a_hub_that_stays_out_of_order_is_given_up_on(hub, folder, where):
    hub.fail(where, status=503, times=1000)
    assert "503" in _refused(folder)
    assert 2 < hub.count(where) < 8


def test_a_wrong_token_is_said_and_not_told(hub, folder):
    Path(constants.HF_TOKEN_PATH).write_text("hf_wrong")
    assert _refused(folder).endswith("the stored token is not valid: run hf auth login.")
    assert not hub.repos


def test_nobody_logged_in(hub, folder):
    Path(constants.HF_TOKEN_PATH).unlink()
    assert "run hf auth login" in _refused(folder)


@pytest.mark.parametrize(
    ("where", "status", "said"),
    [
        ("create", 403, "may not write there"),
        ("preupload", 401, "run hf auth login"),
        ("commit", 409, "something else is changing the repository"),
        ("PUT", 403, f"Error while uploading '{WEIGHTS}'"),
    ],
)
def test_a_refusal_is_one_sentence(hub, folder, where, status, said):
    hub.fail(where if where != "PUT" else _weights_path(folder), status=status, times=1000)
    assert said in _refused(folder)


def test_a_conflict_that_passes_is_waited_out(hub, folder):
    hub.fail("commit", status=409)
    publish(folder, "org/face")
    assert _published(hub)[WEIGHTS]


def test_an_upload_cut_in_the_middle_goes_on_with_the_part_that_was_cut(hub, folder):
    hub.part_size = (folder / WEIGHTS).stat().st_size // 4 + 1
    hub.fail(f"{_weights_path(folder)}/3", cut_after=hub.part_size // 2)
    publish(folder, "org/face")
    assert _published(hub)[WEIGHTS] == (folder / WEIGHTS).read_bytes()
    assert [hub.count(f"{_weights_path(folder)}/{part}$") for part in (1, 2, 3, 4)] == [1, 1, 2, 1]
    _sent_once(hub)


def test_an_upload_that_was_cut_for_good_is_gone_on_with_by_publishing_again(hub, folder):
    hub.fail(_weights_path(folder), cut_after=1000, times=6)  # as often as the client tries
    assert "Error while uploading 'model.safetensors'" in _refused(folder)
    assert not _published(hub), "nothing half-done is visible"
    arrived = set(hub.blobs)
    assert arrived, "the smaller files arrived"
    publish(folder, "org/face")
    assert _published(hub)[WEIGHTS] == (folder / WEIGHTS).read_bytes()
    assert arrived < set(hub.blobs)
    _sent_once(hub)


def test_a_hub_without_xet_says_what_to_set(hub, folder, monkeypatch):
    pytest.importorskip("hf_xet")
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", False)
    assert _refused(folder).endswith("set HF_HUB_DISABLE_XET=1.")


def _weights_path(folder: Path) -> str:
    return f"/lfs/{hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()}"


class TestNothingUnsoundIsPublished:
    @pytest.fixture(autouse=True)
    def nothing_is_asked(self, hub):
        yield
        assert not [asked for asked in hub.asked if "/api/repos" in asked or "org/face" in asked]

    @pytest.mark.parametrize("file", ["config.json", WEIGHTS, "predictions/test.parquet"])
    def test_a_missing_file_is_named(self, folder, file):
        (folder / file).unlink()
        assert file in _refused(folder)

    def test_weights_that_are_damaged(self, folder):
        (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:-100])
        assert WEIGHTS in _refused(folder)

    def test_metrics_that_do_not_follow_from_the_predictions(self, folder):
        table = pd.read_parquet(folder / "predictions" / "test.parquet")
        table.loc[0, "label"] = (table.loc[0, "label"] + 1) % 7
        table.to_parquet(folder / "predictions" / "test.parquet")
        assert "do not agree: evaluate the checkpoint again" in _refused(folder)

    def test_a_model_that_test_data_had_a_part_in_choosing(self, folder):
        config = read_config(folder)
        config.provenance["selected_on"] = "test"
        write_config(folder, config)
        assert "No model card" in _refused(folder)
