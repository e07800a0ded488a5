from __future__ import annotations

import numpy as np
import pytest

from fer_explain.emotions import LABELS
from fer_explain.errors import FerError
from fer_explain.types import Box, ChannelGate, Detection, Face, FaceAnalysis, Prediction, SpatialGate
from fer_explain.ui.shell.session import Question, Session


def face(x: float) -> Face:
    to_photo = np.array([[20, 0, x], [0, 20, 40]], np.float32)
    return Face(np.zeros((40, 40, 3), np.uint8), Box(x - 20, 20, x + 20, 60), to_photo)


def analysis(*gates: ChannelGate, spatial: tuple[SpatialGate, ...] = ()) -> FaceAnalysis:
    shares = np.full(7, 1 / 7, np.float32)
    return FaceAnalysis(face(30), Prediction(shares, shares, LABELS), None, list(gates), list(spatial))


QUESTION = Question("emonext_nano", "gradcam", "predicted")
PHOTO = Detection(np.zeros((80, 160, 3), np.uint8), [face(40), face(120)], "mtcnn")
GATES = [ChannelGate(f"gates.{i}", "se", np.ones(8, np.float32)) for i in range(3)]


def test_before_the_first_photo_there_is_nothing() -> None:
    session = Session()
    assert (session.face, session.faces, session.gate) == (None, [], None)


def test_a_new_photo_forgets_the_last_ones_face_and_analysis() -> None:
    session = Session().found(PHOTO).choose(1).explained(analysis(*GATES), QUESTION)
    assert session.face is PHOTO.faces[1]
    again = session.found(PHOTO)
    assert again.face is PHOTO.faces[0]
    assert again.analysis is None
    assert session.chosen == 1, "the old session is as it was"


def test_another_face_drops_the_analysis_and_keeps_how_one_looks() -> None:
    session = Session().found(PHOTO).ordered(False).look_at("gates.0").explained(analysis(*GATES), QUESTION).choose(1)
    assert session.analysis is None
    assert (session.ranked, session.layer) == (False, "gates.0")


@pytest.mark.parametrize("index", [-1, 2])
def test_a_face_that_is_not_there_is_refused(index: int) -> None:
    with pytest.raises(FerError, match="it has 2"):
        Session().found(PHOTO).choose(index)


def test_the_gate_that_is_looked_at() -> None:
    cbam = SpatialGate("block.spatial", "cbam", np.ones((3, 3), np.float32), "warped")
    session = Session().found(PHOTO).explained(analysis(*GATES, spatial=(cbam,)), QUESTION)
    assert session.gate is GATES[2], "the last one over channels"
    assert session.look_at("gates.1").gate is GATES[1]
    assert session.look_at("block.spatial").gate is cbam
    assert session.look_at("a layer of another network").gate is GATES[2]


def test_settings_are_kept_for_each_model_and_method() -> None:
    session = Session().adjust("a", "gradcam", {"layer": "stem"}).adjust("a", "finer_cam", {"against": ["sad"]})
    assert session.ask("a", "gradcam", "happy").parameters == {"layer": "stem"}
    assert session.ask("a", "finer_cam", "happy").parameters == {"against": ("sad",)}
    assert session.ask("b", "gradcam", "happy").parameters == {}, "a layer of one network is none of another"
    assert session.found(PHOTO).ask("a", "gradcam", "happy").parameters == {"layer": "stem"}


def test_questions_with_the_same_settings_are_equal_however_they_came_about() -> None:
    one = Session().adjust("a", "m", {"x": 1, "y": 2}).ask("a", "m", "predicted")
    other = Session().adjust("a", "m", {"y": 5}).adjust("a", "m", {"x": 1}).adjust("a", "m", {"y": 2})
    assert one == other.ask("a", "m", "predicted")
    assert hash(one) == hash(other.ask("a", "m", "predicted"))
    assert one.label is None
