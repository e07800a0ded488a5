import csv
import io
import json

import plotly.graph_objects as go
import pytest

from fer_explain.benchmark.published import TEST_IMAGES, claims_of
from fer_explain.benchmark.saved import Saved
from fer_explain.figures.chart import Chart, to_json
from fer_explain.figures.claimed import claim_charts
from fer_explain.figures.evidence import evidence_charts, pair_chart
from fer_explain.figures.words import English
from fer_explain.hub.lineup import Lineup, line_up
from fer_explain.hub.results import find_results

WORDS = English()


@pytest.fixture
def lineup(results_folder) -> Lineup:
    return line_up(
        [find_results(results_folder("good", skill=0.9)), find_results(results_folder("poor", skill=0.4))], "test"
    )


def accuracy(model: Saved) -> float:
    return 100 * float(model.correct.mean())


def test_the_numbers_of_a_chart_survive_as_csv() -> None:
    chart = Chart("key", "title", None, ("name", "share"), [('a, "b"', 0.5), ("c\nd", 1)])
    assert list(csv.reader(io.StringIO(chart.to_csv()))) == [["name", "share"], ['a, "b"', "0.5"], ["c\nd", "1"]]


def test_a_page_gets_figures_tables_and_words() -> None:
    shown = Chart("key", "title", go.Figure(go.Bar(y=[1, 2])), ("n",), [(1,), (2,)], ("note",), cell=("net", ""))
    listed = Chart("list", "title", None, ("n",), [(1,)], listed=True)
    told = json.loads(to_json([shown, listed], WORDS))
    assert told["words"] == {"table": "Numbers", "download": "Keep as"}
    assert told["charts"][0]["figure"]["data"][0]["type"] == "bar"
    assert told["charts"][0]["cell"] == ["net", ""]
    assert told["charts"][1]["figure"] is None
    assert [chart["wide"] for chart in told["charts"]] == [False, True]


def test_two_models_are_compared_on_all_images_without_duplicates_and_by_class(lineup: Lineup) -> None:
    good, poor = lineup.models
    chart = pair_chart(good, poor, lineup.leaked, WORDS)
    assert [row[0] for row in chart.rows[:2]] == [
        "All images",
        "Without duplicates",
    ]
    assert len(chart.rows) == 2 + 7
    whole, without = (dict(zip(chart.columns, row, strict=True)) for row in chart.rows[:2])
    assert whole["points"] == pytest.approx(accuracy(good) - accuracy(poor), abs=0.01)
    assert (whole["n"], without["n"]) == (120, 100)
    assert whole["verdict"] == "good"
    assert chart.note[0].startswith("All images: good is better than poor: good minus poor is +")
    [dots] = chart.figure.data
    assert dots.x[0] == pytest.approx(whole["points"], abs=0.01)


def test_a_matrix_says_how_many_pairs_differ(lineup: Lineup) -> None:
    whole, without, agreement = evidence_charts(lineup.models, lineup.leaked, WORDS)
    assert whole.note == ("1 of 1 pairs really differ.",)
    assert without.rows[0][-1] == 100
    assert agreement.rows[0][1] == 1
    assert len(evidence_charts(lineup.models, None, WORDS)) == 2


def test_claims_of_a_paper_stand_beside_ours(lineup: Lineup) -> None:
    beside, steps = claim_charts(lineup.models, "emonext", WORDS)
    published = [claim for claim in claims_of("emonext") if claim.dataset == "FER2013"]
    assert len(beside.rows) == len(published)
    first = dict(zip(beside.columns, beside.rows[0], strict=True))
    assert first["accuracy"] == f"{100 * max(claim.accuracy for claim in published):.2f} %"
    assert first["seeds"] == "1"
    assert "our best one here" in beside.note[0]
    assert {trace.name for trace in beside.figure.data} >= {"published", "ours"}
    assert len(steps.rows) == len(published) * (len(published) - 1) // 2


def test_a_step_below_the_noise_has_no_colour() -> None:
    """EmoNeXt-Base 74.91 and -Large 75.57 are 0.66 points apart; two proportions of 3,589 images need about 2."""
    assert TEST_IMAGES == 3589
    _, steps = claim_charts([], "emonext", WORDS)
    verdicts = {row[:2]: row[3] for row in steps.rows}
    assert verdicts["EmoNeXt-Large", "EmoNeXt-Base"] == "smaller than the noise"
    assert verdicts["EmoNeXt-XLarge", "ConvNeXt-Tiny"] == "larger than the noise"
    [heatmap] = steps.figure.data
    place = {name: i for i, name in enumerate(steps.figure.layout.xaxis.ticktext)}
    values = heatmap.z
    assert (
        values[place["EmoNeXt-Large"]][place["EmoNeXt-Base"]] != values[place["EmoNeXt-Large"]][place["EmoNeXt-Base"]]
    )
    assert values[place["EmoNeXt-XLarge"]][place["ConvNeXt-Tiny"]] > 2
