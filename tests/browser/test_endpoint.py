"""The programming interface of the running app, as gradio_client sees it."""

import json
import urllib.request
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from fer_explain.emotions import LABELS
from fer_explain.ui.examples import ASTRONAUT


@pytest.fixture(scope="module")
def client(address: str) -> Client:
    return Client(address, verbose=False)


def test_every_endpoint_is_named_typed_and_described(client: Client):
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    parameters = {
        name: [parameter["parameter_name"] for parameter in told["parameters"]] for name, told in endpoints.items()
    }
    asked = ["photo", "model", "method", "target"]
    assert parameters["/analyze"] == [*asked, "whole_image"]
    assert parameters["/explain"] == [*asked, "settings", "whole_image"]
    assert parameters["/list_methods"] == parameters["/list_models"] == []
    for name, told in endpoints.items():
        assert len(told["description"]) > 20, name
        assert all(parameter["python_type"]["type"] for parameter in told["parameters"]), name
    assert "Finds the faces of a photo" in endpoints["/analyze"]["description"]
    types = {one["parameter_name"]: one["python_type"]["type"] for one in endpoints["/explain"]["parameters"]}
    assert (types["model"], types["settings"], types["whole_image"]) == ("str", "dict(str, Any)", "bool")


def test_the_lists_say_what_can_be_asked(client: Client):
    methods = {entry["name"]: entry for entry in client.predict(api_name="/list_methods")}
    assert len(methods) >= 12
    assert methods["integrated_gradients"]["signed"]
    [steps] = [one for one in methods["integrated_gradients"]["parameters"] if one["name"] == "steps"]
    assert (steps["kind"], steps["low"], steps["high"]) == ("integer", 8, 256)
    models = client.predict(api_name="/list_models")
    assert models
    for model in models:
        assert model["labels"] == list(LABELS)
        assert len(model["layers"]) > 3


def test_an_explanation_takes_its_settings_as_an_object(client: Client):
    [model, *_] = client.predict(api_name="/list_models")
    layer = model["layers"][2]

    def explain(method: str, settings: dict[str, object]) -> dict[str, object]:
        result = client.predict(handle_file(str(ASTRONAUT)), "", method, "happy", settings, False, api_name="/explain")
        [face] = result["faces"]
        return face["heatmap"]

    assert explain("gradcam", {"layer": layer})["layer"] == layer
    assert explain("gradcam", {})["layer"] != layer
    against = explain("finer_cam", {"against": ["sad", "fear"], "strength": 0.5})
    assert (against["method"], against["target"], against["signed"]) == ("finer_cam", "happy", False)
    hidden = explain("region_ablation", {})
    assert (hidden["frame"], hidden["signed"]) == ("crop", True)


@pytest.mark.parametrize(
    ("method", "settings", "sentence"),
    [
        ("gradcam", {"colour": "red"}, "no parameter 'colour'; it has layer"),
        ("gradcam", {"self": 1, "regions": 2}, "no parameter 'regions'"),
        ("gradcam", {"layer": "stage9"}, "no layer 'stage9'"),
        ("occlusion", {"window": 9}, "'window' must be a number from 0.1 to 0.5"),
        ("gradcam", ["layer"], "must be an object"),
    ],
)
def test_a_wrong_setting_ends_in_a_sentence(client: Client, method: str, settings: object, sentence: str):
    with pytest.raises(AppError, match=sentence):
        client.predict(handle_file(str(ASTRONAUT)), "", method, "", settings, False, api_name="/explain")


def test_all_numbers_come_back(client: Client):
    result = client.predict(handle_file(str(ASTRONAUT)), "", "gradcam", "fear", False, api_name="/analyze")
    [face] = result["faces"]
    assert face["label"] in LABELS
    assert sum(face["probabilities"].values()) == pytest.approx(1, abs=1e-4)
    assert face["heatmap"]["target"] == "fear"
    assert len(face["theta"]) == 2
    assert face["gates"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("no such model", "gradcam", ""), "no checkpoint 'no such model'"),
        (("", "tea leaves", ""), "no explanation 'tea leaves'"),
        (("", "gradcam", "hungry"), "'hungry' is no class"),
    ],
)
def test_a_wrong_argument_ends_in_a_sentence(client: Client, arguments: tuple[str, ...], sentence: str):
    with pytest.raises(AppError, match=sentence):
        client.predict(handle_file(str(ASTRONAUT)), *arguments, False, api_name="/analyze")


def test_a_file_of_the_server_cannot_be_asked_for(address: str):
    """Only what was uploaded can be analysed, whatever path a request names."""
    data = [{"path": str(Path(ASTRONAUT)), "meta": {"_type": "gradio.FileData"}}, "", "gradcam", "", False]
    call = urllib.request.Request(
        f"{address}gradio_api/call/analyze", json.dumps({"data": data}).encode(), {"Content-Type": "application/json"}
    )
    event = json.load(urllib.request.urlopen(call))["event_id"]
    answer = urllib.request.urlopen(f"{address}gradio_api/call/analyze/{event}").read().decode()
    assert "event: error" in answer
    assert "label" not in answer
