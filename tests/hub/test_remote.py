"""Checkpoints from the Hub: the real huggingface_hub client against a loopback server that speaks its protocol.

huggingface_hub reads HF_ENDPOINT and HF_HOME when it is imported, so every download runs in a process of its own.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_server import Hub, Repo, serving

FILES = {
    "config.json": b"{}",
    "model.safetensors": b"weights",
    "metrics.json": b'{"splits": {}}',
    "predictions/test.parquet": b"rows",
    "README.md": b"card",
    "pytorch_model.bin": b"a pickle",
    "handler.py": b"raise SystemExit('executed')",
}
COMMIT = Repo().commit(FILES)


@pytest.fixture
def hub() -> Iterator[Hub]:
    """A server with one repository whose "main" and "v1" are the same commit."""
    repo = Repo()
    repo.names["v1"] = repo.commit(FILES)
    with serving(Hub(repos={"org/face": repo})) as running:
        yield running


_SCRIPT = """
import sys
from fer_explain.errors import FerError
from fer_explain.hub import remote
remote.TIMEOUT = 1.0
try:
    print(remote.download(sys.argv[1]))
except FerError as error:
    sys.exit(str(error))
"""


def _download(ref: str, home: Path, url: str, **extra: str) -> tuple[Path | None, str]:
    """The folder, or None and the sentence."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    environment = clean | {"HF_ENDPOINT": url, "HF_HOME": str(home), "HF_HUB_DISABLE_PROGRESS_BARS": "1"} | extra
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, ref],
        env=environment,
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return (Path(done.stdout.strip()), "") if done.returncode == 0 else (None, done.stderr.strip())


def _content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("ref", ["org/face", "org/face@v1", f"org/face@{COMMIT}"])
def test_fetches_the_files_of_a_checkpoint_and_nothing_that_could_run(hub, tmp_path, ref):
    folder, sentence = _download(ref, tmp_path, hub.url)
    assert folder is not None, sentence
    assert _content(folder) == {
        name: FILES[name]
        for name in ("config.json", "model.safetensors", "metrics.json", "predictions/test.parquet", "README.md")
    }
    assert not [path for path in hub.asked if path.endswith((".bin", ".py"))]


def test_a_second_call_downloads_nothing_and_offline_the_cache_serves(hub, tmp_path):
    first, sentence = _download("org/face", tmp_path, hub.url)
    assert first is not None, sentence
    hub.asked.clear()
    assert _download("org/face", tmp_path, hub.url)[0] == first
    assert not [path for path in hub.asked if path.endswith("model.safetensors")]
    assert _download("org/face", tmp_path, "http://127.0.0.1:9")[0] == first
    assert _download("org/face", tmp_path, hub.url, HF_HUB_OFFLINE="1")[0] == first
    hub.fail("/", status=500, times=100)
    assert _download("org/face", tmp_path, hub.url)[0] == first


def test_one_sentence_when_nothing_listens(tmp_path):
    folder, sentence = _download("org/face", tmp_path, "http://127.0.0.1:9")
    assert folder is None
    assert sentence.startswith("'org/face' was not downloaded before and cannot be had from the Hub now")
    assert sentence.count("\n") == 0


def test_a_silent_server_is_given_up_on(hub, tmp_path):
    hub.silent = threading.Event()
    folder, sentence = _download("org/face", tmp_path, hub.url)
    assert folder is None
    assert "cannot be had" in sentence
    assert sum("org/face" in path for path in hub.asked) == 1, hub.asked


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("org/absent", "no model repository 'org/absent'"),
        ("org/face@v9", "no revision 'v9'"),
        ("org/bad--name", "not a Hub id"),
    ],
)
def test_what_the_hub_does_not_have_is_named(hub, tmp_path, ref, said):
    folder, sentence = _download(ref, tmp_path, hub.url)
    assert folder is None
    assert said in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize("status", [401, 403, 500])
def test_a_refusing_hub_gives_one_sentence(hub, tmp_path, status):
    hub.fail("/", status=status, times=100)
    folder, sentence = _download("org/face", tmp_path, hub.url)
    assert folder is None
    assert "org/face" in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize("file", ["config.json", "model.safetensors"])
def test_a_repository_without_checkpoint_is_refused(hub, tmp_path, file):
    del hub.repos["org/face"].files("main")[file]
    folder, sentence = _download("org/face", tmp_path, hub.url)
    assert folder is None
    assert sentence == f"The Hub repository 'org/face' is not a checkpoint: it has no {file}."


def test_a_broken_download_is_said(hub, tmp_path):
    hub.fail("GET .*model.safetensors", status=404)
    folder, sentence = _download("org/face", tmp_path, hub.url)
    assert folder is None
    assert "'org/face' from the Hub broke off" in sentence
    assert "\n" not in sentence
