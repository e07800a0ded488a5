"""Several runs at a time, each in a process of its own that stops when this one does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final

import torch

from fer_explain.hub.files import write_text

LOGS: Final = "logs"
WORKER: Final = (sys.executable, "-m", "training.study.worker")
_CORES_OF_A_RUN: Final = 2  # small networks gain little from more


@dataclass(frozen=True, slots=True)
class Job:
    """A named command; ``arguments`` follow ``python -m training.study.worker``."""

    name: str
    arguments: tuple[str, ...]


def default_jobs() -> int:
    """How many runs fit this machine: one per GPU, or one per two cores of this process."""
    return torch.cuda.device_count() or max(1, _cores() // _CORES_OF_A_RUN)


def carry_out(jobs: Sequence[Job], at_a_time: int, logs: Path, report: Callable[[Job, str | None], None]) -> None:
    """Carries out ``jobs``, ``at_a_time`` of them at once; one that fails leaves the others alone.

    Args:
        jobs: what to do.
        at_a_time: processes; they share the cores evenly, and take the GPUs in turn.
        logs: the folder that gets what each one prints, ``NAME.log``.
        report: called with each job that ended and the sentence it failed with, None for success.

    Raises:
        KeyboardInterrupt: stopped by Ctrl-C; the processes have saved their state and ended.
        FerError: the logs cannot be written.
    """
    places: SimpleQueue[dict[str, str]] = SimpleQueue()
    for environment in _environments(at_a_time):
        places.put(environment)
    crew = _Crew()
    with ThreadPoolExecutor(at_a_time) as threads, crew.dismissed_on_error(threads):
        futures = {threads.submit(_carry_out, job, crew, places, logs / f"{job.name}.log"): job for job in jobs}
        for done in as_completed(futures):
            report(futures[done], done.result())


class _Crew:
    """The processes at work. Each holds the reading end of a pipe; it stops when the writing end is closed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._working: set[subprocess.Popen[bytes]] = set()
        self._dismissed = False

    @contextmanager
    def dismissed_on_error(self, threads: ThreadPoolExecutor) -> Iterator[None]:
        """Stops the processes, and starts no other, when something is raised (Ctrl-C above all)."""
        try:
            yield
        except BaseException:
            with self._lock:
                self._dismissed = True
                for process in self._working:
                    process.stdin.close()  # type: ignore[union-attr]
            threads.shutdown(cancel_futures=True)
            raise

    def run(self, command: Sequence[str], **options: Any) -> int | None:
        """The exit status of ``command``; None where it was not started any more."""
        with self._lock:
            if self._dismissed:
                return None
            # In a session of its own, where the terminal's Ctrl-C does not reach it beside our word.
            process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True, **options)
            self._working.add(process)
        try:
            return process.wait()
        finally:
            with self._lock:
                self._working.discard(process)
                process.stdin.close()  # type: ignore[union-attr]


def _carry_out(job: Job, crew: _Crew, places: SimpleQueue[dict[str, str]], log: Path) -> str | None:
    """Carries out one job; returns the sentence it failed with."""
    place = places.get()
    try:
        write_text(log, "")
        with log.open("wb") as output:
            command = [*WORKER, *job.arguments]
            status = crew.run(command, stdout=output, stderr=subprocess.STDOUT, env=os.environ | place)
    finally:
        places.put(place)
    return None if not status else _reason(log, status)


def _reason(log: Path, status: int) -> str:
    """The last thing a failed job said, which is its sentence, or the last line of a traceback; or what killed it."""
    if status < 0:
        return f"killed by {signal.Signals(-status).name} ({log})"
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    last = lines[-1].removeprefix("error: ") if lines else "it said nothing"
    return f"{last} (exit status {status}; {log})"


def _environments(at_a_time: int) -> Iterator[dict[str, str]]:
    """What each process gets: its share of the cores, unless the person chose it, and a GPU where there are some."""
    threads = os.environ.get("OMP_NUM_THREADS", str(max(1, _cores() // at_a_time)))
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    gpus = visible.split(",") if visible else [str(index) for index in range(torch.cuda.device_count())]
    for index in range(at_a_time):
        yield {"OMP_NUM_THREADS": threads} | ({"CUDA_VISIBLE_DEVICES": gpus[index % len(gpus)]} if gpus else {})


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # Linux: those this process may use
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
