"""The programming interface: functions that ``gradio_client`` can call, and MCP tools with GRADIO_MCP_SERVER=True.

A part of the page adds one of its own by ``endpoint(function, inputs)``: the function's name, type hints and docstring
are what callers get to read.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any, Final

import gradio as gr
import orjson
from gradio.context import LocalContext

from fer_explain.analyzer import Analyzer
from fer_explain.errors import FerError
from fer_explain.explain.turns import Stopped, while_wanted
from fer_explain.faces.quality import warnings
from fer_explain.types import Analysis, FaceAnalysis, Floats, Heatmap
from fer_explain.ui.shell.components import photo_input

CALL: Final = "/call/"  # in the address of a script's question


def build(analyzer: Analyzer) -> None:
    """Adds the endpoints; they have no place on the page."""
    _offer_answers(analyzer)
    _offer_lists(analyzer)


def _offer_answers(analyzer: Analyzer) -> None:
    """Adds what asks a network about a photo."""

    def analyze(
        photo: str, model: str = "", method: str = "gradcam", target: str = "", whole_image: bool = False
    ) -> dict[str, Any]:
        """Finds the faces of a photo, reads their expressions and explains each.

        Args:
            photo: the image file.
            model: name of a model, see list_models; empty for the default one.
            method: name of an explanation, see list_methods.
            target: the expression to explain, e.g. happy; empty for the predicted one.
            whole_image: take the whole image for one face instead of looking for faces.

        Returns:
            model, detector, and for each face its box, label, warnings about the picture, probabilities,
            theta, gates and heat map.
        """
        result = analyzer.analyze(photo, model or None, method or "gradcam", target or None, whole_image=whole_image)
        return _to_json(result, [to_json(face) for face in result.faces])

    def explain(
        photo: str,
        model: str = "",
        method: str = "gradcam",
        target: str = "",
        settings: dict[str, Any] | None = None,
        whole_image: bool = False,
    ) -> dict[str, Any]:
        """Shows where in each face of a photo a model saw an expression, by any explanation with any settings.

        Args:
            photo: the image file.
            model: name of a model, see list_models; empty for the default one.
            method: name of an explanation, see list_methods.
            target: the expression to explain, e.g. happy; empty for the predicted one.
            settings: parameters of the explanation by name, e.g. {"steps": 64}; what is left out keeps its default.
            whole_image: take the whole image for one face instead of looking for faces.

        Returns:
            model, detector, and for each face its box, label and heat map: values (-1..1) times scale is the raw map.
        """
        from fer_explain.explain import registry  # imports torch

        if not isinstance(settings or {}, dict):
            raise FerError('The settings must be an object such as {"steps": 64}.')
        registry.refuse_unknown(method or "gradcam", settings or {})
        result = analyzer.analyze(
            photo, model or None, method or "gradcam", target or None, whole_image=whole_image, **(settings or {})
        )
        kept = ("box", "score", "to_photo", "label", "theta", "heatmap")
        return _to_json(result, [{key: to_json(face)[key] for key in kept} for face in result.faces])

    endpoint(analyze, [photo(), *question(), switch("whole_image")])
    endpoint(explain, [photo(), *question(), mapping("settings"), switch("whole_image")])


def _offer_lists(analyzer: Analyzer) -> None:
    """Adds what one can ask for."""

    def list_methods() -> list[dict[str, Any]]:
        """Lists the explanations.

        Returns:
            for each its name, title, one sentence, whether it is signed or slow, and its parameters with their limits.
        """
        from fer_explain.explain import registry  # imports torch

        return [_describe(registry.method(name)) for name in registry.list_methods()]

    def list_models() -> list[dict[str, Any]]:
        """Lists the models that can be asked, the default one first.

        Returns:
            for each its name, architecture, expressions, input size in pixels, whether it was trained, and its layers.
        """
        return [_describe_model(analyzer, name) for name in analyzer.models]

    endpoint(list_methods)
    endpoint(list_models)


def endpoint(function: Callable[..., Any], inputs: Sequence[Callable[[], Any]] = ()) -> None:
    """Offers a function that returns JSON under its own name; the sentence of a :class:`FerError` reaches the caller.

    Args:
        function: its docstring (Google style) describes it; its parameters are ``inputs``, in their order.
        inputs: for each parameter one of the makers below.
    """

    @functools.wraps(function)
    def answer(*arguments: Any) -> Any:
        try:
            with while_wanted(_somebody_waits()):
                return _written(function(*arguments))
        except FerError as error:
            raise gr.Error(str(error), print_exception=False) from error
        except Stopped:  # nobody reads it
            raise gr.Error("You left before the answer was there.", print_exception=False) from None

    with gr.Group(visible=False):
        components = [make() for make in inputs]
        output = gr.JSON(label=function.__name__)
        output.postprocess = lambda value: value  # is JSON already
    gr.on([], answer, components, output, api_name=function.__name__, concurrency_limit=2, concurrency_id="network")


def _written(value: Any) -> Any:
    """The answer as the JSON it becomes, where Gradio takes that.

    Upstream defect, no issue found: Gradio copies an answer number by number and looks in each for a file, which takes
    a tenth of the time of an answer with a map of 16,384 numbers. Test: test_each_number_of_an_answer_is_looked_at.

    At ``/call`` Gradio writes answers with Python's own library, which knows no ready JSON.
    """
    request = LocalContext.request.get(None)
    if request is None or CALL in request.url.path:
        return value
    return orjson.Fragment(orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY))


def _somebody_waits() -> Callable[[], bool]:
    """Says whether the client whose question this is is still connected, which Gradio notes with the event."""
    blocks, name = LocalContext.blocks.get(None), LocalContext.event_id.get(None)
    event = blocks._queue.event_ids_to_events.get(name) if blocks is not None and name is not None else None
    return lambda: event is None or event.alive


def photo() -> Callable[[], gr.Image]:
    """A parameter ``photo``, which callers upload; without one the caller is told so."""

    def make() -> gr.Image:
        field = photo_input(label="photo")
        read = field.preprocess

        def require(payload: Any) -> Any:
            path = read(payload)
            if path is None:
                raise gr.Error("The request holds no photo.", print_exception=False)
            return path

        field.preprocess = require
        return field

    return make


def question() -> list[Callable[[], gr.Textbox]]:
    """The parameters ``model``, ``method`` and ``target``."""
    return [text("model"), text("method", "gradcam"), text("target")]


def text(name: str, default: str = "") -> Callable[[], gr.Textbox]:
    """A parameter that is a text."""
    return functools.partial(gr.Textbox, default, label=name)


def switch(name: str, default: bool = False) -> Callable[[], gr.Checkbox]:
    """A parameter that is true or false."""
    return functools.partial(gr.Checkbox, default, label=name)


def mapping(name: str) -> Callable[[], gr.JSON]:
    """A parameter that is a JSON object; empty by default."""

    def make() -> gr.JSON:
        field = gr.JSON({}, label=name)
        # Upstream defect, no issue found: Gradio's own schema of a JSON field has no type, which the clients of MCP
        # servers refuse. Test: test_json_field_has_no_type_in_the_schema.
        field.api_info = lambda: {"type": "object", "additionalProperties": True}
        return field

    return make


def to_json(analysis: FaceAnalysis) -> dict[str, Any]:
    """All numbers about one face, in plain lists."""
    face, prediction = analysis.face, analysis.prediction
    return {
        "box": [face.box.x0, face.box.y0, face.box.x1, face.box.y1],
        "score": face.score,
        "to_photo": face.to_photo.tolist(),
        "label": prediction.label,
        "warnings": [limit.told for limit in warnings(face)],
        "probabilities": dict(zip(prediction.labels, prediction.probabilities.tolist(), strict=True)),
        "logits": prediction.logits.tolist(),
        "theta": analysis.warp.theta.tolist() if analysis.warp else None,
        "gates": [{"layer": g.layer, "kind": g.kind, "weights": _rounded(g.weights)} for g in analysis.gates],
        "heatmap": analysis.heatmap and _heatmap(analysis.heatmap, prediction.labels),
    }


def _heatmap(heatmap: Heatmap, labels: Sequence[str]) -> dict[str, Any]:
    return {
        "method": heatmap.method,
        "target": labels[heatmap.target],
        "layer": heatmap.layer,
        "frame": heatmap.frame,
        "signed": heatmap.signed,
        "scale": heatmap.scale,
        "values": _rounded(heatmap.values, 4),
    }


def _rounded(values: Floats, digits: int = 6) -> list[Any]:
    # A float32 as it is has twenty digits as a Python number: three times the bytes, for nothing.
    numbers: list[Any] = values.astype("float64").round(digits).tolist()
    return numbers


def _to_json(result: Analysis, faces: list[dict[str, Any]]) -> dict[str, Any]:
    return {"model": result.model, "detector": result.detector, "faces": faces}


def _describe(variant: Any) -> dict[str, Any]:
    told = {key: getattr(variant, key) for key in ("name", "title", "description", "signed", "slow")}
    return {**told, "parameters": [dataclasses.asdict(parameter) for parameter in variant.parameters()]}


def _describe_model(analyzer: Analyzer, name: str) -> dict[str, Any]:
    config = analyzer.checkpoint(name).config
    return {
        "name": name,
        "architecture": config.architecture,
        "labels": list(config.label_names),
        "input_size": config.input.size,
        "trained": config.trained,
        "layers": analyzer.layers(name),
    }
