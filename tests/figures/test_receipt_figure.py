from __future__ import annotations

import numpy as np

from fer_explain.explain.faithfulness import Curve
from fer_explain.figures.receipt import OWN, perturbation_curve

SHARES = (0.0, 0.5, 1.0)
CURVE = Curve(SHARES, (0.9, 0.4, 0.1), ((0.9, 0.8, 0.1), (0.9, 0.6, 0.1)), (0.9, 0.5, 0.1))


def test_the_map_stands_out_from_a_band_of_random_maps_and_the_centre() -> None:
    low, high, centre, own = perturbation_curve(CURVE, own="this one").data
    np.testing.assert_allclose(low.y, [90, 60, 10])
    np.testing.assert_allclose(high.y, [90, 80, 10])
    assert high.fill == "tonexty"
    assert centre.line.dash == "dash"
    np.testing.assert_allclose(own.y, [90, 40, 10])
    assert own.name == "this one"
    assert own.line.color == OWN


def test_a_curve_without_rivals_is_one_line() -> None:
    assert len(perturbation_curve(Curve(SHARES, (1.0, 0.3, 0.1))).data) == 1


def test_both_axes_are_in_per_cent() -> None:
    drawn = perturbation_curve(CURVE)
    assert list(drawn.layout.xaxis.range) == [0, 100]
    assert drawn.layout.yaxis.range[1] > 100
