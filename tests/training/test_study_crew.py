"""Several processes at a time: one that fails leaves the others alone, and none outlives what started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from training.study import crew
from training.study.crew import Job, carry_out


def speak(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Each job is then ``code`` with the job's arguments in ``sys.argv[1:]``."""
    monkeypatch.setattr(crew, "WORKER", (sys.executable, "-c", textwrap.dedent(code)))


def outcomes(jobs: list[Job], at_a_time: int, tmp_path: Path) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    carry_out(jobs, at_a_time, tmp_path, lambda job, reason: found.update({job.name: reason}))
    return found


def test_a_failure_is_its_sentence_and_the_others_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    speak(
        monkeypatch,
        """
        import os, signal, sys
        print("working", flush=True)
        if sys.argv[1] == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if sys.argv[1] == "failed":
            sys.exit("error: --lr must be at least 0, got -1.")
        """,
    )
    found = outcomes([Job(name, (name,)) for name in ("failed", "killed", "good", "fine")], 1, tmp_path)
    assert found["good"] is found["fine"] is None
    assert (found["failed"] or "").startswith("--lr must be at least 0, got -1. (exit status 1; ")
    assert (found["killed"] or "").startswith("killed by SIGKILL")
    assert (tmp_path / "good.log").read_text() == "working\n"


def test_two_at_a_time_really_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each end of a named pipe opens only when the other one does: neither job could end alone."""
    speak(monkeypatch, "import sys; open(sys.argv[1], sys.argv[2]).close()")
    pipe = str(tmp_path / "pipe")
    os.mkfifo(pipe)
    found = outcomes([Job("first", (pipe, "w")), Job("second", (pipe, "r"))], 2, tmp_path / "logs")
    assert found == {"first": None, "second": None}


def test_cores_are_shared_and_a_persons_choice_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "_cores", lambda: 8)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
    places = list(crew._environments(3))
    assert [place["OMP_NUM_THREADS"] for place in places] == ["2"] * 3
    assert [place["CUDA_VISIBLE_DEVICES"] for place in places] == ["4", "7", "4"]
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    assert next(crew._environments(1))["OMP_NUM_THREADS"] == "5"


def test_ctrl_c_stops_the_processes_and_starts_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker ends, tidily, when its standard input is closed; the second one is never started."""
    os.mkfifo(tmp_path / "ready")
    speak(
        monkeypatch,
        """
        import sys
        open(sys.argv[1], "w").close()
        sys.stdin.read()
        print("state saved", flush=True)
        """,
    )

    def interrupt() -> None:
        (tmp_path / "ready").open().close()  # waits until the worker works
        os.kill(os.getpid(), signal.SIGINT)

    former = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    thread = threading.Thread(target=interrupt)
    try:
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            outcomes([Job(name, (str(tmp_path / "ready"),)) for name in ("one", "two")], 1, tmp_path / "logs")
    finally:
        thread.join()
        signal.signal(signal.SIGINT, former)
    assert (tmp_path / "logs" / "one.log").read_text() == "state saved\n"
    second = tmp_path / "logs" / "two.log"
    assert not second.exists() or not second.read_text()


def test_a_worker_stops_when_the_other_end_of_its_pipe_is_gone() -> None:
    code = "import os, signal, sys; from training.study.worker import stop_with; stop_with(0); signal.pause()"
    worker = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)
    assert worker.stdin is not None
    worker.stdin.close()
    assert worker.wait(timeout=300) == -signal.SIGTERM
