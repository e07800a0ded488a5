import copy

import numpy as np

from fer_explain.emotions import LABELS
from fer_explain.types import Box, ChannelGate, Detection, Face, FaceAnalysis, Heatmap, Prediction, Warp
from fer_explain.ui.compare.state import Compared, Said
from fer_explain.ui.compare.view import Cost, columns
from fer_explain.ui.shell.texts import Texts

FACE = Face(np.zeros((40, 40, 3), np.uint8), Box(10, 10, 50, 50), np.array([[20, 0, 30], [0, 20, 30]], np.float32))
PHOTO = Detection(np.zeros((80, 100, 3), np.uint8), [FACE, FACE], "mtcnn")
COST = Cost(parameters=3_500_000, multiply_adds=71_000_000, file_bytes=7 * 2**20, trained=True)
ASKED = ("gradcam", "predicted")


def said(index: int, scale: float = 1.0, warped: bool = False) -> Said:
    shares = np.full(7, 0.05, np.float32)
    shares[index] = 0.7
    warp = Warp(np.eye(2, 3, dtype=np.float32), np.zeros((16, 16, 3), np.uint8)) if warped else None
    heatmap = Heatmap(np.ones((8, 8), np.float32), "warped" if warped else "crop", "gradcam", index, scale)
    gates = [ChannelGate("a", "se", np.full(4, 0.5, np.float32))] if warped else []
    return Said(
        FaceAnalysis(FACE, Prediction(shares, shares, LABELS), warp, gates, heatmap=heatmap),
        12.3,
        np.zeros((8, 8, 3), np.uint8),
    )


def table(models: dict[str, Said], names: list[str] | None = None, *, shared: bool = True) -> str:
    state = Compared().on(PHOTO)
    assert state.shown is not None
    names = names or list(models)
    return columns(state.shown, names, models, dict.fromkeys(names, COST), shared=shared, texts=Texts())


def test_only_the_newest_question_of_a_page_is_wanted() -> None:
    page, other = Compared(), copy.deepcopy(Compared())
    first, elsewhere = page.turns.begin(1), other.turns.begin(2)
    third = page.on(PHOTO).asking(*ASKED).turns.begin(3)
    late = page.turns.begin(2)  # Gradio may start it after the third
    assert (first(), third(), late(), elsewhere()) == (False, True, False, True)


def test_only_the_models_that_have_not_spoken_are_asked() -> None:
    state = Compared().on(PHOTO).asking(*ASKED).told("x", said(3))
    assert state.missing(["x", "y", "z"]) == ["y", "z"]
    state = state.told("y", said(3))
    assert list(state.of(["y", "x", "z"])) == ["y", "x"]


def test_a_model_that_was_taken_out_is_remembered_for_the_same_question_only() -> None:
    state = Compared().on(PHOTO).asking(*ASKED).told("x", said(3))
    assert state.asking(*ASKED).missing(["x"]) == []
    assert state.asking("layercam", "predicted").missing(["x"]) == ["x"]
    assert state.on(PHOTO, 1).missing(["x"]) == ["x"]


def test_before_the_first_photo_there_is_no_face() -> None:
    assert Compared().face is None
    assert Compared().on(Detection(PHOTO.photo, [], "mtcnn")).face is None
    assert Compared().on(PHOTO, 1).face is FACE


def test_a_column_has_the_answer_the_map_and_the_costs() -> None:
    html = table({"net": said(3, warped=True)})
    for part in ("1 · net", "Happy", "70 %", "fer-map", "3.50 M", "71 M", "7.0 MiB", "12 ms", "1 gates"):
        assert part in html
    assert "What this network sees: the face as cut out" not in html
    assert "What this network sees: the face as cut out" in table({"net": said(3)})


def test_the_odd_one_is_marked_only_when_all_have_spoken() -> None:
    three = {"x": said(3), "y": said(3), "z": said(4)}
    assert table(three).count("reads it alone") == 1
    assert "reads it alone" not in table(three, [*three, "w"])
    assert table(three, [*three, "w"]).count("aria-busy") == 1


def test_on_a_shared_scale_the_weaker_map_is_darker() -> None:
    """Both maps are full of their own maximum: apart they look the same, together they do not."""
    pair = {"strong": said(3, scale=10.0), "weak": said(3, scale=0.1)}
    apart, together = table(pair, shared=False), table(pair, shared=True)
    layers = [html.split('class="fer-map" href="')[1:] for html in (apart, together)]
    uris = [[layer.split('"')[0] for layer in own] for own in layers]
    assert uris[0][0] == uris[0][1]
    assert uris[1][0] != uris[1][1]


def test_a_foreign_name_cannot_write_html() -> None:
    assert "<script>" not in table({"<script>": said(3)})
