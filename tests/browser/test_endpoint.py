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


def test_the_endpoint_is_named_and_described(client: Client):
    [(name, endpoint)] = client.view_api(return_format="dict", print_info=False)["named_endpoints"].items()
    assert name == "/analyze"
    assert [parameter["parameter_name"] for parameter in endpoint["parameters"]] == [
        "photo",
        "model",
        "method",
        "target",
    ]
    assert "Finds the faces of a photo" in endpoint["description"]


def test_all_numbers_come_back(client: Client):
    result = client.predict(handle_file(str(ASTRONAUT)), "", "gradcam", "fear", api_name="/analyze")
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
        client.predict(handle_file(str(ASTRONAUT)), *arguments, api_name="/analyze")


def test_a_file_of_the_server_cannot_be_asked_for(address: str):
    """Only what was uploaded can be analysed, whatever path a request names."""
    data = [{"path": str(Path(ASTRONAUT)), "meta": {"_type": "gradio.FileData"}}, "", "gradcam", ""]
    call = urllib.request.Request(
        f"{address}gradio_api/call/analyze", json.dumps({"data": data}).encode(), {"Content-Type": "application/json"}
    )
    event = json.load(urllib.request.urlopen(call))["event_id"]
    answer = urllib.request.urlopen(f"{address}gradio_api/call/analyze/{event}").read().decode()
    assert "event: error" in answer
    assert "label" not in answer
