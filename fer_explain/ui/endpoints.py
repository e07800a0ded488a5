"""The programming interface: what ``gradio_client`` and MCP tools can call."""

from __future__ import annotations

from typing import Any

import gradio as gr

from fer_explain.analyzer import Analyzer
from fer_explain.errors import FerError
from fer_explain.types import FaceAnalysis
from fer_explain.ui.components import photo_input


def build(analyzer: Analyzer) -> None:
    """Adds the endpoints; they have no place on the page."""

    def analyze(photo: str | None, model: str = "", method: str = "gradcam", target: str = "") -> dict[str, Any]:
        """Finds the faces of a photo, reads their expressions and explains each.

        Args:
            photo: the image file.
            model: name of a checkpoint; empty for the default one.
            method: name of an explanation, e.g. gradcam.
            target: the class to explain, e.g. happy; empty for the predicted one.

        Returns:
            model, detector, and for each face its box, label, probabilities, theta, gates and heat map.
        """
        try:
            if photo is None:
                raise FerError("The request holds no photo.")
            result = analyzer.analyze(photo, model or None, method or "gradcam", target or None)
        except FerError as error:
            raise gr.Error(str(error), print_exception=False) from error
        faces = [to_json(face) for face in result.faces]
        return {"model": result.model, "detector": result.detector, "faces": faces}

    with gr.Group(visible=False):
        inputs = [
            photo_input(label="photo"),
            gr.Textbox("", label="model"),
            gr.Textbox("gradcam", label="method"),
            gr.Textbox("", label="target"),
        ]
        output = gr.JSON(label="analysis")
    gr.on([], analyze, inputs, output, api_name="analyze", concurrency_limit=2, concurrency_id="network")


def to_json(analysis: FaceAnalysis) -> dict[str, Any]:
    """All numbers about one face, in plain lists."""
    face, prediction, heatmap = analysis.face, analysis.prediction, analysis.heatmap
    return {
        "box": [face.box.x0, face.box.y0, face.box.x1, face.box.y1],
        "score": face.score,
        "to_photo": face.to_photo.tolist(),
        "label": prediction.label,
        "probabilities": dict(zip(prediction.labels, prediction.probabilities.tolist(), strict=True)),
        "logits": prediction.logits.tolist(),
        "theta": analysis.warp.theta.tolist() if analysis.warp else None,
        "gates": [{"layer": g.layer, "kind": g.kind, "weights": g.weights.tolist()} for g in analysis.gates],
        "heatmap": heatmap
        and {
            "method": heatmap.method,
            "target": prediction.labels[heatmap.target],
            "frame": heatmap.frame,
            "scale": heatmap.scale,
            "values": heatmap.values.round(4).tolist(),
        },
    }
