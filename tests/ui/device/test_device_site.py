"""The device's page as the app serves it, and the export that lies beside the default checkpoint."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from fer_explain.errors import FerError
from fer_explain.hub.folder import DEFAULT, EMBEDDED
from fer_explain.hub.results import results
from fer_explain.ui.device import site
from fer_explain.ui.device.route import Device, Isolation

FOLDER = EMBEDDED / DEFAULT


def test_the_default_checkpoint_has_an_export_of_its_own_weights():
    """After a new training: python -m fer_explain.export NAME checkpoints/NAME/device"""
    assert site.exported([FOLDER]) == [FOLDER / "device"]
    told = json.loads((FOLDER / "device" / "manifest.json").read_text())
    content = (FOLDER / "device" / told["file"]["name"]).read_bytes()
    assert told["file"]["sha256"] == hashlib.sha256(content).hexdigest()
    assert len(content) < 6e6
    config = json.loads((FOLDER / "config.json").read_text())
    assert told["temperature"] == config["temperature"]
    assert told["sets"]["threshold"] == pytest.approx(results(DEFAULT, FOLDER).rule.threshold)


def test_an_export_of_other_weights_is_not_used(tmp_path: Path):
    shutil.copytree(FOLDER / "device", tmp_path / "device")
    shutil.copyfile(FOLDER / "model.safetensors", tmp_path / "model.safetensors")
    assert site.exported([tmp_path]) == [tmp_path / "device"]
    with (tmp_path / "model.safetensors").open("ab") as file:
        file.write(b" ")
    assert site.exported([tmp_path, tmp_path / "nothing"]) == []
    (tmp_path / "device" / "manifest.json").write_text("[]")
    assert site.exported([tmp_path]) == []


def test_the_app_serves_it_with_headers_for_threads():
    app = Starlette(middleware=[Middleware(Isolation), Middleware(Device, folders=lambda: [FOLDER])])
    with TestClient(app) as client:
        for path, kind in (("", "text/html"), ("worker.js", "javascript"), (site.WASM, "application/wasm")):
            answer = client.get(f"/device/{path}")
            assert answer.status_code == 200
            assert kind in answer.headers["content-type"]
            assert answer.headers["cross-origin-embedder-policy"] == "require-corp"
        assert client.get("/device/models.json").json() == [{"name": DEFAULT, "title": "STN-SE-MobileNetV1"}]
        assert set(client.get("/device/texts.json").json()) == {"en", "vi", "zh", "fr"}
        assert client.get("/device/nothing").status_code == 404
        assert client.get("/other").headers["cross-origin-opener-policy"] == "same-origin"


def test_a_damaged_runtime_ends_in_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(site, "WASM_SHA256", "0" * 64)
    with pytest.raises(FerError, match="is damaged"):
        site.write_site(tmp_path, [])
