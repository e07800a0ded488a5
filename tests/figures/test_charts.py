from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import pytest

from fer_explain.emotions import COLORS, LABELS
from fer_explain.figures.colormap import VIRIDIS, table
from fer_explain.figures.gates import channel_weights, extremes, layer_overview, spatial_layer
from fer_explain.figures.probabilities import percent, probability_bars
from fer_explain.types import ChannelGate, Prediction

SHARES = np.array([0.05, 0.001, 0.04, 0.6, 0.2, 0.009, 0.1], np.float32)
PREDICTION = Prediction(np.log(SHARES), SHARES, LABELS)


def test_bars_are_ranked_or_in_the_networks_order_and_keep_their_colours() -> None:
    bar = probability_bars(PREDICTION).data[0]
    assert bar.y[0] == "happy"
    assert list(bar.x) == sorted(bar.x, reverse=True)
    assert list(bar.marker.color) == [COLORS[label] for label in bar.y]
    assert list(probability_bars(PREDICTION, ranked=False).data[0].y) == list(LABELS)


def test_names_are_translated_for_the_eye_only() -> None:
    bar = probability_bars(PREDICTION, names={"happy": "joie"}).data[0]
    assert bar.y[0] == "joie"
    assert bar.marker.color[0] == COLORS["happy"]


@pytest.mark.parametrize(("share", "text"), [(93.4, "93 %"), (0.2, "< 1 %"), (0.0, "0 %"), (100.0, "100 %")])
def test_a_small_share_is_no_nought(share: float, text: str) -> None:
    assert percent(share) == text


def test_extremes_name_the_right_channels_and_none_twice() -> None:
    gate = ChannelGate("gates.0", "se", np.array([0.5, 0.9, 0.1, 0.8, 0.2, 0.7], np.float32))
    assert extremes(gate, 2) == ([1, 3], [2, 4])
    few = extremes(ChannelGate("g", "se", np.array([0.4, 0.6], np.float32)))
    assert few == ([1], [0])


def test_every_channel_is_shown_within_the_axis_and_the_extremes_by_number() -> None:
    weights = np.linspace(0.93, 0.97, 320, dtype=np.float32)
    drawn = channel_weights(ChannelGate("gates.3", "se", weights))
    np.testing.assert_allclose(drawn.data[0].y, weights, atol=1e-4)
    low, high = drawn.layout.yaxis.range
    assert 0.9 < low < 0.93
    assert 0.97 < high < 1
    mean, *extreme = (note.text for note in drawn.layout.annotations)
    assert "0.95" in mean
    assert extreme == ["#319", "#0"]


def test_equal_weights_still_have_an_axis() -> None:
    low, high = channel_weights(ChannelGate("g", "se", np.full(4, 0.5, np.float32))).layout.yaxis.range
    assert low < 0.5 < high


def test_the_overview_has_a_box_per_layer() -> None:
    gates = [ChannelGate(f"gates.{i}", "se", np.random.default_rng(i).random(8).astype(np.float32)) for i in range(4)]
    assert [box.name for box in layer_overview(gates).data] == ["1", "2", "3", "4"]


def test_a_spatial_gate_spans_its_colours_and_is_transparent_where_it_has_no_weight() -> None:
    values = np.array([[0.0, 0.02], [0.03, 0.04]], np.float32)
    mask = np.array([[False, True], [True, True]])
    layer = spatial_layer(values, mask, 0.02, 0.04)
    assert layer.shape == (2, 2, 4)
    assert layer.dtype == np.uint8
    assert (layer[..., 3] > 0).tolist() == mask.tolist()
    colors = table(VIRIDIS)
    np.testing.assert_array_equal(layer[0, 1, :3], colors[0])  # the first colour is for 0.02
    np.testing.assert_array_equal(layer[1, 1, :3], colors[255])
    np.testing.assert_array_equal(layer[1, 0, :3], colors[128])


def test_equal_weights_at_all_places_are_drawn_too() -> None:
    layer = spatial_layer(np.full((2, 2), 0.5, np.float32), np.ones((2, 2), np.bool_), 0.5, 0.5)
    assert (layer == [*table(VIRIDIS)[0], 255]).all()


@pytest.mark.parametrize("drawn", [probability_bars(PREDICTION), layer_overview([])])
def test_figures_are_transparent_so_that_both_themes_show_through(drawn: go.Figure) -> None:
    assert drawn.layout.paper_bgcolor == drawn.layout.plot_bgcolor == "rgba(0,0,0,0)"
