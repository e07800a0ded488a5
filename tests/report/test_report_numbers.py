"""What a report holds, as numbers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fer_explain.analyzer import Analyzer
from fer_explain.errors import FerError
from fer_explain.explain.faithfulness import Check, Curve, Receipt
from fer_explain.faces.drawn import draw_face
from fer_explain.hub.folder import EMBEDDED
from fer_explain.hub.weights import weights_fingerprint
from fer_explain.report import Report, make_report, report_on, to_json


@pytest.fixture
def numbers(report: Report) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(json.dumps(to_json(report), allow_nan=False))
    return parsed


def test_every_number_is_the_analyzers_own(analyzer: Analyzer, report: Report, numbers: dict[str, Any]) -> None:
    [face] = numbers["faces"]
    [expected] = analyzer.explain(report.detection.faces, "emonext_nano", "gradcam", "fear")
    np.testing.assert_allclose(list(face["probabilities"].values()), expected.prediction.probabilities, atol=1e-5)
    assert face["label"] == expected.prediction.label
    assert expected.warp is not None
    np.testing.assert_allclose(face["stn"]["theta"], expected.warp.theta, atol=1e-5)
    assert face["stn"]["rotation"] == pytest.approx(expected.warp.rotation, abs=1e-3)
    assert [gate["layer"] for gate in face["channel_gates"]] == [gate.layer for gate in expected.gates]
    assert expected.heatmap is not None
    first = face["explanations"][0]
    np.testing.assert_allclose(first["values"], expected.heatmap.values, atol=1e-3)
    assert first["scale"] == pytest.approx(expected.heatmap.scale, rel=1e-4)
    assert (first["method"], first["target"], first["frame"]) == ("gradcam", "fear", "warped")
    assert first["regions"]["target"] == "fear"
    assert [one["method"] for one in face["explanations"]] == ["gradcam", "saliency"]


def test_who_computed_it_is_told(numbers: dict[str, Any]) -> None:
    model = numbers["model"]
    assert model["name"] == model["architecture"] == "emonext_nano"
    assert model["weights"] == weights_fingerprint(EMBEDDED / "emonext_nano")
    assert model["trained"] is True
    assert "n = 3,589" in model["measured"]
    assert {"python", "torch", "captum"} <= model["versions"].keys()
    assert numbers["settings"]["target"] == "fear"
    assert numbers["photo"] == {"width": 150, "height": 150, "faces": 1}
    assert numbers["created"].endswith("+00:00")


def test_a_receipt_is_kept_and_what_is_not_finite_is_null(report: Report) -> None:
    check = Check("road", False, float("nan"), "a rule", random=(0.1, float("inf")), centre=0.2)
    receipt = Receipt("m", "gradcam", 2, 0.5, [check], {"road": Curve((0.0, 1.0), (0.9, 0.1))}, 0.1)
    face = report.faces[0]
    tested = replace(face, explanations=[replace(face.explanations[0], receipt=receipt)])
    [told] = to_json(replace(report, faces=[tested]))["faces"]
    stored = told["explanations"][0]["receipt"]
    assert stored["checks"][0]["value"] is None
    assert stored["checks"][0]["random"] == [0.1, None]
    assert stored["target"] == "fear"
    assert json.dumps(told, allow_nan=False)


def test_only_the_chosen_face_is_reported_on_and_keeps_its_number(analyzer: Analyzer) -> None:
    pair = np.hstack([draw_face(label, size=130).pixels for label in ("happy", "sad")])
    detection = analyzer.detect(pair)
    assert len(detection.faces) == 2
    shares: list[float] = []
    told = report_on(
        analyzer,
        detection,
        [1],
        model="convnext_nano",
        receipts=False,
        progress=lambda share, _: shares.append(share),
    )
    assert [face.number for face in told.faces] == [2]
    assert shares == [0]
    assert to_json(told)["photo"]["faces"] == 2
    assert to_json(told)["faces"][0]["stn"] is None


def test_receipts_are_asked_for_each_map(analyzer: Analyzer, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, ...]] = []

    def fake(
        _analyzer: Analyzer, face: Any, *question: Any, analysis: Any, progress: Any, **parameters: Any
    ) -> Receipt:
        assert analysis.face is face
        asked.append((*question, parameters))
        progress(0.5)
        return Receipt("m", question[1], 0, 0.5, [], {}, 0.1)

    monkeypatch.setattr("fer_explain.explain.faithfulness.make_receipt", fake)
    shares: list[float] = []
    drawn, layer = draw_face("happy", size=110).pixels, analyzer.layers("convnext_nano")[-2]
    make_report(
        analyzer,
        drawn,
        model="convnext_nano",
        method=["gradcam", "hirescam"],
        whole_image=True,
        progress=lambda share, _: shares.append(share),
        layer=layer,
    )
    assert asked == [("convnext_nano", name, None, {"layer": layer}) for name in ("gradcam", "hirescam")]
    assert shares == [0, 0.25, 0.5, 0.75]


def test_a_photo_without_a_face_is_refused_in_one_sentence(analyzer: Analyzer) -> None:
    with pytest.raises(FerError, match="No face was found"):
        make_report(analyzer, np.full((200, 300, 3), 90, np.uint8))
