"""The app's service on a ZeroGPU Space, where each analysis borrows a GPU for as long as it runs.

The package ``spaces``, which such a Space has and nothing else needs, runs a decorated function in a fork of this
process that alone sees the GPU. So its arguments and results must be picklable, and a network is loaded, and at rest,
when the fork is made. Our own errors come out as results, since the package replaces exceptions by one of its own,
without the sentence. What does not go through ``explain``, such as receipts and the labs, runs on the CPU.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from fer_explain.analyzer import Analyzer
from fer_explain.errors import FerError
from fer_explain.types import Face, FaceAnalysis

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def make_analyzer(checkpoints: Sequence[str | Path]) -> Analyzer:
    """The service; where there is ZeroGPU, the one that uses it."""
    decorate = gpu_decorator()
    return Analyzer(checkpoints) if decorate is None else ZeroGpuAnalyzer(checkpoints, decorate)


def gpu_decorator() -> Decorator | None:
    """``spaces.GPU``; None without it. The repository's folder ``spaces`` can be imported, too, and has none."""
    try:
        found: Decorator | None = getattr(import_module("spaces"), "GPU", None)
    except ImportError:
        return None
    return found


class ZeroGpuAnalyzer(Analyzer):
    """An analyzer whose explanations run in the decorated functions; everything else is as in its base class."""

    def __init__(self, checkpoints: Sequence[str | Path], decorate: Decorator) -> None:
        super().__init__(checkpoints)
        self._process = os.getpid()
        # Decorated before the app is launched, as the package demands, and bound, as locks cannot be pickled.
        self._whole = decorate(self._whole_there)
        self._stepwise = decorate(self._stepwise_there)

    def explain(
        self,
        faces: Sequence[Face],
        model: str | None = None,
        method: str | None = "gradcam",
        target: int | str | None = None,
        **parameters: Any,
    ) -> list[FaceAnalysis]:
        """See :meth:`fer_explain.analyzer.Analyzer.explain`."""
        with self.borrow(model), refusals():
            return unwrap(self._whole(list(faces), model, method, target, parameters))

    def explain_in_steps(
        self,
        faces: Sequence[Face],
        model: str | None = None,
        method: str | None = "gradcam",
        target: int | str | None = None,
        **parameters: Any,
    ) -> Generator[float, None, list[FaceAnalysis]]:
        """See :meth:`fer_explain.analyzer.Analyzer.explain_in_steps`."""
        steps = iter(self._stepwise(list(faces), model, method, target, parameters))
        with refusals():
            with self.borrow(model):
                step = next(steps)  # forks
            while isinstance(step, float):
                yield step
                step = next(steps)
        return unwrap(step)

    def warm_up(self, model: str | None = None) -> None:
        """See :meth:`fer_explain.analyzer.Analyzer.warm_up`; no GPU is borrowed for nobody."""
        self.detect(np.full((64, 64, 3), 128, dtype=np.uint8))
        self.checkpoint(model)

    def _whole_there(
        self, faces: list[Face], model: str | None, method: str | None, target: int | str | None, parameters: Any
    ) -> list[FaceAnalysis] | FerError:
        try:
            self._settle(model)
            return super().explain(faces, model, method, target, **parameters)
        except FerError as error:
            return FerError(str(error))

    def _stepwise_there(
        self, faces: list[Face], model: str | None, method: str | None, target: int | str | None, parameters: Any
    ) -> Generator[float | list[FaceAnalysis] | FerError]:
        """Shares, then the result: what a generator returns does not come out of the fork."""
        try:
            self._settle(model)
            told = yield from super().explain_in_steps(faces, model, method, target, **parameters)
            yield told
        except FerError as error:
            yield FerError(str(error))

    def _settle(self, model: str | None) -> None:
        """Takes the GPU, in a fork that was just made; an older one may lack what a visitor has added since."""
        if os.getpid() != self._process:
            import torch

            self._process = os.getpid()
            self.settle_in_fork("cuda" if torch.cuda.is_available() else "cpu", model)
        if model is not None and model not in self.models:
            self.add(model)


@contextmanager
def refusals() -> Iterator[None]:
    """Has the page say why no GPU was lent, e.g. that the visitor's time on it is spent.

    Raises:
        FerError: the package refused or broke off; its sentence, without the links.
    """
    try:
        yield
    except gr.Error as error:
        raise FerError(re.sub(r"<[^>]*>", "", str(error.message))) from error


def unwrap(told: list[FaceAnalysis] | FerError) -> list[FaceAnalysis]:
    """A result; an error is raised."""
    if isinstance(told, FerError):
        raise told
    return told
