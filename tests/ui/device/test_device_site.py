"""The device's page as the app serves it, and the export that lies beside the default checkpoint."""

import hashlib
import io
import json
import shutil
import tarfile
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from fer_explain.errors import FerError
from fer_explain.hub.folder import DEFAULT, EMBEDDED
from fer_explain.hub.results import results
from fer_explain.ui.device import site, vendor
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
        kinds = {".mjs": "javascript", ".wasm": "application/wasm"}
        runtime = [(f"vendor/{name}", kinds[Path(name).suffix]) for name in vendor.FILES]
        for path, kind in [("", "text/html"), ("worker.js", "javascript"), *runtime]:
            answer = client.get(f"/device/{path}")
            assert answer.status_code == 200
            assert kind in answer.headers["content-type"]
            assert answer.headers["cross-origin-embedder-policy"] == "require-corp"
        assert client.get("/device/models.json").json() == [{"name": DEFAULT, "title": "STN-SE-MobileNetV1"}]
        assert set(client.get("/device/texts.json").json()) == {"en", "vi", "zh", "fr"}
        assert client.get("/device/nothing").status_code == 404
        assert client.get("/other").headers["cross-origin-opener-policy"] == "same-origin"


@pytest.mark.parametrize("name", vendor.FILES)
def test_a_damaged_runtime_ends_in_a_sentence(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setitem(vendor.FILES, name, "0" * 64)
    with pytest.raises(FerError, match="is damaged"):
        site.write_site(tmp_path, [])


def test_the_notice_has_the_hashes_of_what_is_vendored():
    notice = (vendor.PAGE / "NOTICE.txt").read_text()
    for line in [*vendor.FILES.items(), ("", vendor.ARCHIVE_SHA256), ("", vendor.VERSION)]:
        assert all(part in notice for part in line)


def test_the_files_come_out_of_npms_archive_and_no_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    archive, place = tmp_path / "archive.tgz", tmp_path / "page" / "vendor"
    with tarfile.open(archive, "w:gz") as made:
        for name in vendor.FILES:
            entry = tarfile.TarInfo(f"package/dist/{name}")
            entry.size = len(name)
            made.addfile(entry, io.BytesIO(name.encode()))
    monkeypatch.setattr(vendor, "PAGE", tmp_path / "page")
    with pytest.raises(SystemExit):
        vendor.main([str(archive)])
    assert "is not onnxruntime-web-1.30.0.tgz" in capsys.readouterr().err
    monkeypatch.setattr(vendor, "ARCHIVE_SHA256", hashlib.sha256(archive.read_bytes()).hexdigest())
    vendor.main([str(archive)])
    monkeypatch.setattr(site, "PAGE", tmp_path / "page")
    monkeypatch.setattr(site, "FILES", {name: hashlib.sha256(name.encode()).hexdigest() for name in vendor.FILES})
    assert [site._runtime(name) for name in vendor.FILES] == [name.encode() for name in vendor.FILES]
    assert len(list(place.iterdir())) == 4
