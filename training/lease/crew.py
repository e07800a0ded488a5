"""The processes of a lease: all are made ready at once, a wave begins when the one before is over."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from fer_explain.errors import FerError
from training.lease.plan import Training, Wave
from training.lease.worker import DONE

_GRACE: Final = 1.15  # of its seconds, after which a training that does not end is stopped
_LOOK: Final = 0.2  # seconds between two looks at the processes
_READY: Final = 240.0  # seconds a process may take to get ready


class Crew:
    """A process for each training of a plan.

    Args:
        output: folder of the lease.
        ahead: how many waves are made ready before their turn.
    """

    def __init__(self, output: Path, ahead: int = 2) -> None:
        self.output, self.ahead = output, ahead
        self.processes: dict[str, subprocess.Popen[str]] = {}

    def run(self, waves: Sequence[Wave], ended: Callable[[Wave], None], deadline: float) -> None:
        """Runs the waves one after the other; ``ended`` is called whenever a training has ended.

        Args:
            waves: what is still to be done; what lies in the folder of one of these trainings goes.
            ended: gets the wave the training belongs to.
            deadline: of :func:`time.monotonic`; the rest of the plan shrinks to what is left until then.
        """
        try:
            for index, wave in enumerate(waves):
                for later in waves[index : index + self.ahead]:
                    self._enlist(later.trainings)
                self._wait_until_ready(wave)
                rest = sum(each.seconds for each in waves[index:])
                seconds = wave.seconds * min(1.0, max(0.0, deadline - time.monotonic()) / rest)
                self._go(wave, seconds, ended)
        finally:
            self.dismiss()

    def dismiss(self) -> None:
        """Ends all processes."""
        for process in self.processes.values():
            if process.poll() is None:
                process.kill()
            process.wait()

    def _enlist(self, trainings: Sequence[Training]) -> None:
        for training in trainings:
            if training.name in self.processes:
                continue
            folder = self.output / training.name
            shutil.rmtree(folder, ignore_errors=True)  # a start that was killed may have left half a result
            folder.mkdir(parents=True, exist_ok=True)
            log = (folder / "log.txt").open("w", encoding="utf-8")
            self.processes[training.name] = subprocess.Popen(
                [sys.executable, "-m", "training.lease.worker", str(self.output), training.name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )
            log.close()

    def _wait_until_ready(self, wave: Wave) -> None:
        for training in wave.trainings:
            process = self.processes[training.name]
            timer = threading.Timer(_READY, process.kill)
            timer.start()
            assert process.stdout is not None
            process.stdout.readline()
            timer.cancel()

    def _go(self, wave: Wave, seconds: float, ended: Callable[[Wave], None]) -> None:
        began = time.monotonic()
        running = [training.name for training in wave.trainings]
        for name in running:
            self._say(name, seconds)
        while running:
            time.sleep(_LOOK)
            late = time.monotonic() - began > seconds * _GRACE + 5
            for name in [name for name in running if late or self.processes[name].poll() is not None]:
                if self.processes[name].poll() is None:
                    self.processes[name].kill()
                running.remove(name)
                is_done = (self.output / name / DONE).exists()
                print(f"{time.monotonic() - began:6.1f} s  {name}: {'done' if is_done else 'no result'}", flush=True)
                try:
                    ended(wave)
                except FerError as error:  # a full disk, say: the other trainings go on, and may have more luck
                    print(error, flush=True)

    def _say(self, name: str, seconds: float) -> None:
        process = self.processes[name]
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(f"{seconds}\n")
            process.stdin.close()
        except OSError:
            return  # it has ended already; its log says why
        threading.Thread(target=process.stdout.read, daemon=True).start()  # a full pipe would block it
