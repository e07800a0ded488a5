"""Training curves: every number is drawn, the epoch that was kept is marked, and both themes show through."""

from __future__ import annotations

import pytest

from fer_explain.figures.history import history_curves
from fer_explain.hub.folder import EMBEDDED, list_checkpoints
from fer_explain.hub.history import History, read_history

HISTORY = History((1, 2, 3, 4), (1.8, 1.5, 1.2, 0.9), (1.7, 1.5, 1.4, 1.45), (0.3, 0.45, 0.52, 0.52))


def test_losses_lie_above_and_the_accuracy_in_per_cent_below() -> None:
    drawn = history_curves(HISTORY, train="entraînement")
    train, validation, accuracy = drawn.data
    assert (train.name, train.y, train.yaxis) == ("entraînement", HISTORY.train_loss, "y")
    assert (validation.y, validation.yaxis) == (HISTORY.validation_loss, "y")
    assert accuracy.yaxis == "y2"
    assert accuracy.y == pytest.approx([30, 45, 52, 52])
    assert drawn.layout.yaxis.domain[0] > drawn.layout.yaxis2.domain[1], "the panels do not overlap"
    assert train.line.dash != validation.line.dash, "not told apart by colour alone"
    assert {trace.line.color for trace in (validation, accuracy)} == {validation.line.color}


def test_the_first_of_the_best_epochs_is_marked_as_the_engine_keeps_it() -> None:
    drawn = history_curves(HISTORY, best="kept")
    (mark,) = drawn.layout.shapes
    assert mark.x0 == mark.x1 == HISTORY.epochs[HISTORY.kept] == 3
    (words,) = drawn.layout.annotations
    assert (words.text, words.x) == ("kept: 52.0 %", 3)


@pytest.mark.parametrize("epochs", [1, 12, 300])
def test_short_and_long_runs_have_whole_epochs_on_their_axis(epochs: int) -> None:
    values = tuple(float(epoch) for epoch in range(epochs))
    drawn = history_curves(History(tuple(range(1, epochs + 1)), values, values, tuple(v / epochs for v in values)))
    axis = drawn.layout.xaxis
    assert axis.dtick == 1 or axis.nticks <= 10
    assert axis.tickformat == "d"
    assert ("markers" in drawn.data[0].mode) == (epochs <= 40)


def test_figures_are_transparent_so_that_both_themes_show_through() -> None:
    layout = history_curves(HISTORY).layout
    assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0,0,0,0)"


@pytest.mark.parametrize("name", list_checkpoints())
def test_the_curves_of_the_embedded_checkpoints_can_be_drawn(name: str) -> None:
    history = read_history(EMBEDDED / name)
    assert history is not None
    assert len(history_curves(history).data[0].x) == len(history.epochs)
