"""The tested map of a network that is compared, in place of the Grad-CAM that came with its answer."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

from fer_explain.analyzer import Analyzer
from fer_explain.ui.compare.state import Compared, Said
from fer_explain.ui.shell.session import PREDICTED


def settle(analyzer: Analyzer, state: Compared, model: str, target: str) -> Generator[float, None, Said]:
    """Works out the tested map, yields the share (0..1) that is done, and can be closed to stop it.

    A network for which nothing was measured keeps its Grad-CAM.
    """
    from fer_explain.explain.registry import explainer
    from fer_explain.explain.tested import tested_map

    assert state.face is not None, "a model has spoken about a face"
    said, found = state.said[model], tested_map(analyzer.folder(model))
    if found is None:
        return replace(said, settled=True)
    best = found.best
    if best is found.quick:
        return replace(said, settled=True, trial=best)
    label = None if target == PREDICTED else target
    [analysis] = yield from analyzer.explain_in_steps([state.face], model, best.method, label, **best.settings)
    unit = explainer(best.method, **best.settings).unit
    return replace(said, analysis=analysis, settled=True, trial=best, unit=unit)
