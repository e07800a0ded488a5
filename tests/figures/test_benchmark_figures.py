import numpy as np
import pytest

from fer_explain.benchmark.calibration import reliability
from fer_explain.benchmark.comparison import compare_all
from fer_explain.benchmark.saved import Saved
from fer_explain.benchmark.selective import risk_coverage
from fer_explain.figures.confidence import reliability_figure, risk_coverage_figure
from fer_explain.figures.confusion import confusion_figure, difference_figure, shares
from fer_explain.figures.likeness import likeness_figure
from fer_explain.figures.palette import ONE_HUE, cell_texts, model_color, model_symbol
from fer_explain.figures.scores import Dot, Line, claims_figure, class_scores_figure, tradeoff_figure
from fer_explain.figures.significance import agreement_figure, significance_figure

COUNTS = np.array([[8, 2, 0], [1, 3, 0], [0, 0, 0]])
NAMES = ["a", "b", "c"]


def test_shares_of_rows_and_columns_and_of_nothing() -> None:
    np.testing.assert_allclose(shares(COUNTS, "row"), [[80, 20, 0], [25, 75, 0], [0, 0, 0]])
    np.testing.assert_allclose(shares(COUNTS, "column"), [[800 / 9, 40, 0], [100 / 9, 60, 0], [0, 0, 0]])
    np.testing.assert_allclose(shares(COUNTS, "counts"), COUNTS)


def test_a_cell_knows_its_place_and_its_count() -> None:
    [heatmap] = confusion_figure(COUNTS, NAMES).data
    assert heatmap.y[0] == "a"
    assert heatmap.customdata[0][1].tolist() == [0, 1, 2]
    assert heatmap.z[0][1] == 20
    assert ">20<" in heatmap.text[0][1]


def test_a_difference_is_centred_at_zero() -> None:
    [heatmap] = difference_figure(COUNTS, COUNTS.T, NAMES, norm="counts").data
    assert heatmap.z[0][1] == 1
    assert heatmap.z[1][0] == -1
    assert heatmap.zmid == 0
    assert heatmap.zmin == -heatmap.zmax
    assert ">0<" in heatmap.text[0][0]
    assert heatmap.customdata[0][1].tolist() == [0, 1, 2, 1]


def test_dots_carry_their_intervals() -> None:
    dots = [Dot(0.5, 0.4, 0.7), Dot(0.6), Dot(0.7, 0.6, 0.8)]
    one, two = class_scores_figure({"x": dots, "y": dots}, NAMES, title="recall").data
    np.testing.assert_allclose(one.error_x.array, [20, 0, 10])
    np.testing.assert_allclose(one.error_x.arrayminus, [10, 0, 10])
    assert one.marker.symbol != two.marker.symbol
    assert one.y[0] < two.y[0]


def test_each_model_is_one_point_of_a_tradeoff() -> None:
    drawn = tradeoff_figure({"x": (1e6, Dot(0.7, 0.69, 0.71))}, cost="parameters", score="accuracy")
    assert drawn.data[0].x == (1e6,)
    assert drawn.data[0].y == (70,)
    assert drawn.layout.xaxis.type == "log"


def test_claims_are_told_apart_by_symbol() -> None:
    lines = [Line("theirs", Dot(0.73)), Line("ours", Dot(0.7), ours=True), Line("wild", Dot(0.96), doubtful=True)]
    drawn = claims_figure(lines, title="accuracy", ours="ours", published="published", doubtful="doubtful")
    assert [(trace.name, list(trace.y)) for trace in drawn.data] == [
        ("published", [0]),
        ("doubtful", [2]),
        ("ours", [1]),
    ]
    assert len({trace.marker.symbol for trace in drawn.data}) == 3


def test_reliability_skips_empty_bins() -> None:
    p = np.array([[0.9, 0.1], [0.8, 0.2]])
    bins = reliability(p, [0, 1])
    drawn = reliability_figure(bins, bins, texts=("before", "after", "confidence", "accuracy"))
    assert len(drawn.data) == 3
    assert len(drawn.data[1].x) == 2
    assert drawn.data[1].name.startswith("before, ECE ")


def test_a_long_curve_is_thinned_but_keeps_its_ends() -> None:
    rng = np.random.default_rng(0)
    curve = risk_coverage(rng.dirichlet([1, 1], size=5000), rng.integers(2, size=5000))
    [line] = risk_coverage_figure({"x": curve}, coverage="answered", risk="wrong").data
    assert len(line.x) <= 200
    assert line.x[-1] == 100
    assert line.y[-1] == pytest.approx(100 * curve.risk[-1])


def test_the_matrix_of_differences_is_antisymmetric_and_speaks() -> None:
    rows, labels = np.arange(100), np.zeros(100, int)
    models = [
        Saved(name, "test", rows, labels, np.eye(2)[(rows >= right).astype(int)], 1.0, ("a", "b"))
        for name, right in (("good", 90), ("poor", 40))
    ]
    [heatmap] = significance_figure(compare_all(models), ["good", "poor"]).data
    assert heatmap.z[0][1] == 50
    assert heatmap.z[1][0] == -50
    assert "><b>+50.0</b><" in heatmap.text[0][1]
    assert "good is better than poor" in heatmap.customdata[1][0]


def test_agreement_in_per_cent() -> None:
    [heatmap] = agreement_figure([[1, 0.5], [0.5, 1]], ["x", "y"], hover="same answer").data
    assert heatmap.z[0][1] == 50


def test_nine_models_have_nine_looks_and_the_tenth_differs_from_the_first() -> None:
    looks = [(model_color(i), model_symbol(i)) for i in range(18)]
    assert len(set(looks)) == 18


def test_texts_stand_out_from_their_cells() -> None:
    [[pale, dark]] = cell_texts(np.array([[0.0, 1.0]]), [["a", "b"]], ONE_HUE, 0, 1)
    assert pale == '<span style="color:#111">a</span>'
    assert dark == '<span style="color:#fff">b</span>'


def test_likeness_names_models_by_number_and_in_the_hover_text() -> None:
    drawn = likeness_figure([[1, -0.5], [-0.5, 1]], ["x", "y"], hover="correlation", signed=True)
    assert drawn.layout.xaxis.ticktext == ("1", "2")
    assert drawn.data[0].customdata[0][1] == "x, y"
    assert ">-0.50<" in drawn.data[0].text[0][1]
    assert drawn.data[0].zmin == -1
