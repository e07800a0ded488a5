"""What plotly does wrong, shown with it alone. A test here fails once it has been mended."""

import time

import numpy as np
import plotly.graph_objects as go


def test_each_annotation_takes_longer_than_a_whole_figure() -> None:
    def seconds(*, at_once: bool) -> float:
        began = time.perf_counter()
        notes = [{"x": n, "y": 0, "text": "note"} for n in range(20)]
        figure = go.Figure(layout={"annotations": notes} if at_once else {})
        if not at_once:
            for note in notes:
                figure.add_annotation(note)
        return time.perf_counter() - began

    pairs = np.array([[seconds(at_once=False), seconds(at_once=True)] for _ in range(5)])
    one_by_one, at_once = np.median(pairs, axis=0)
    assert one_by_one > 2 * at_once, (
        "add_annotation is quick: figures/gates.py can call it instead of writing the layout."
    )
