"""The programming interface of the running app, as gradio_client sees it."""

import json
import math
import urllib.request
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from benchmarks.speed import open_page
from fer_explain.emotions import LABELS
from fer_explain.ui.shell.examples import ASTRONAUT


@pytest.fixture(scope="module")
def client(address: str) -> Client:
    return Client(address, verbose=False)


def test_the_speed_table_is_measured_on_requests_that_are_answered(address: str):
    with open_page(address) as send:
        [face] = send()["faces"]
    assert face["label"] == "happy"


def test_scripts_at_both_addresses_get_the_same_answer(address: str, client: Client):
    joined = client.predict(handle_file(str(ASTRONAUT)), "", "gradcam", "", False, api_name="/analyze")
    with httpx.Client(base_url=f"{address}gradio_api", timeout=60) as web:
        sent = web.post("/upload", files={"files": (ASTRONAUT.name, ASTRONAUT.read_bytes())}).json()
        data = [{"path": sent[0], "meta": {"_type": "gradio.FileData"}}, "", "gradcam", "", False]
        event = web.post("/call/analyze", json={"data": data}).json()["event_id"]
        told = web.get(f"/call/analyze/{event}").text
    [called] = json.loads(told.split("event: complete\ndata: ")[1])
    assert called == joined
    assert len(called["faces"][0]["heatmap"]["values"]) > 90


def test_every_endpoint_is_named_typed_and_described(client: Client):
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    parameters = {
        name: [parameter["parameter_name"] for parameter in told["parameters"]] for name, told in endpoints.items()
    }
    asked = ["photo", "model", "method", "target"]
    assert parameters["/analyze"] == [*asked, "whole_image"]
    assert parameters["/explain"] == [*asked, "settings", "whole_image"]
    assert parameters["/list_methods"] == parameters["/list_models"] == []
    assert parameters["/receipt"] == parameters["/audit_regions"] == parameters["/report"] == asked
    assert parameters["/intervene"] == ["photo", "model", "window", "gates", "method", "target"]
    assert parameters["/flip_set"] == ["photo", "layer", "model"]
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


def test_a_map_is_put_to_the_test(client: Client):
    [told] = client.predict(handle_file(str(ASTRONAUT)), "", "gradcam", "happy", api_name="/receipt")
    assert [check["name"] for check in told["checks"]] == [
        "curves", "road", "infidelity", "randomisation", "sensitivity",
    ]  # fmt: skip
    assert told["passed"] == sum(check["passed"] for check in told["checks"])
    assert told["verdict"].startswith(f"passed {told['passed']} of 5 checks")
    assert told["curves"]["deletion"]["values"][0] == pytest.approx(told["probability"])


def test_parts_of_the_face_are_audited(client: Client):
    [told] = client.predict(handle_file(str(ASTRONAUT)), "", "gradcam", "", api_name="/audit_regions")
    assert sum(region["area"] for region in told["regions"]) == pytest.approx(1)
    assert told["verdict"] in ("agrees", "unclear", "contradicts", "unmoved", "empty")


def gate_of(client: Client) -> dict[str, Any]:
    result = client.predict(handle_file(str(ASTRONAUT)), "", "gradcam", "", False, api_name="/analyze")
    gate: dict[str, Any] = result["faces"][0]["gates"][-1]
    return gate


def intervene(client: Client, window: dict[str, Any], gates: dict[str, Any]) -> dict[str, Any]:
    [told] = client.predict(handle_file(str(ASTRONAUT)), "", window, gates, "gradcam", "", api_name="/intervene")
    return dict(told)


def test_the_window_can_be_turned_and_channels_closed_frozen_and_boosted(client: Client):
    gate = gate_of(client)
    layer, weights = gate["layer"], gate["weights"]
    told = intervene(client, {"rotation": 40}, {layer: {"0": 0, "1": "usual", "2": 2}})
    before, after = told["before"], told["after"]
    turned = after["theta"]
    assert turned[1][0] / turned[0][0] == pytest.approx(math.tan(math.radians(40)), abs=1e-4)
    assert before["gates"][-1]["weights"] == weights
    assert after["gates"][-1]["weights"][0] == 0
    assert before["probabilities"] != after["probabilities"]
    alone = intervene(client, {}, {layer: {"1": "usual", "2": 2}})["after"]["gates"][-1]["weights"]
    assert alone[2] == pytest.approx(2 * weights[2], abs=1e-5)
    assert alone[1] == after["gates"][-1]["weights"][1] != weights[1], "frozen: whatever the window, the same"
    assert alone[3:] == weights[3:]


def test_the_smallest_flipping_set_is_what_it_claims(client: Client):
    layer = gate_of(client)["layer"]
    [flip] = client.predict(handle_file(str(ASTRONAUT)), layer, "", api_name="/flip_set")
    told = intervene(client, {}, {layer: {str(channel): 0 for channel in flip["channels"]}})
    assert told["before"]["label"] == flip["before"]
    assert told["after"]["label"] == flip["after"]
    assert (flip["before"] != flip["after"]) == bool(flip["channels"])


@pytest.mark.parametrize(
    ("window", "gates", "sentence"),
    [
        ({"turn": 3}, {}, "The window has no 'turn'; it has rotation"),
        ({"rotation": "much"}, {}, "rotation must be a number"),
        ({}, {"stage9": {"0": 0}}, "no channel gate 'stage9'"),
    ],
)
def test_a_wrong_intervention_ends_in_a_sentence(client: Client, window: Any, gates: Any, sentence: str):
    with pytest.raises(AppError, match=sentence):
        intervene(client, window, gates)


def test_a_report_comes_as_its_numbers(client: Client):
    told = client.predict(handle_file(str(ASTRONAUT)), "", "gradcam", "", api_name="/report")
    assert told["faces"][0]["explanations"][0]["method"] == "gradcam"


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
