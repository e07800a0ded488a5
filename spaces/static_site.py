"""Assembles the site that runs in the visitor's browser alone: plain files that any web server can serve."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import lzma
import shutil
from collections.abc import Sequence
from pathlib import Path

HOME = Path(__file__).resolve().parent
ROOT = HOME.parent
WASM = "vendor/ort-wasm-simd-threaded.wasm"
WASM_SHA256 = "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2"


def build_static(output: Path, names: Sequence[str] = ()) -> None:
    """Fills ``output``, an empty or new folder, with the page, the runtime, the detector and exported checkpoints.

    Args:
        output: the folder.
        names: of the checkpoints, the first one first on the page; all embedded ones when empty.

    Raises:
        FileExistsError: ``output`` is a file or holds something already.
        FerError: a checkpoint cannot be exported.
        OSError: a vendored file is damaged.
    """
    from fer_explain.analyzer import Analyzer
    from fer_explain.export.write import export
    from fer_explain.faces.mtcnn import PACKAGE

    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise FileExistsError(f"'{output}' is not an empty folder; name an empty or a new one.")
    shutil.copytree(HOME / "static", output, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.xz", ".*"))
    shutil.copyfile(ROOT / "fer_explain" / "ui" / "shell" / "mark.svg", output / "mark.svg")
    _unpack_runtime(output / WASM)
    (output / "detector").mkdir()
    spec = importlib.util.find_spec(PACKAGE)
    assert spec is not None, "requirements.txt names the package"
    assert spec.submodule_search_locations is not None
    for net in "pro":
        shutil.copyfile(
            Path(spec.submodule_search_locations[0]) / f"{net}net.onnx", output / "detector" / f"{net}net.onnx"
        )
    models = [export(name, output / "models" / name) for name in names or Analyzer().models]
    listed = [{"name": told["name"], "title": told["title"]} for told in models]
    (output / "models.json").write_text(json.dumps(listed), encoding="utf-8")
    _list_files(output, models[0]["name"])


def _unpack_runtime(path: Path) -> None:
    content = lzma.decompress((HOME / "static" / f"{WASM}.xz").read_bytes())
    if hashlib.sha256(content).hexdigest() != WASM_SHA256:
        raise OSError(f"'{path.name}' is damaged: its SHA-256 is not the one of onnxruntime-web 1.30.0.")
    path.write_bytes(content)


def _list_files(output: Path, default: str) -> None:
    """What the service worker keeps from the first visit on, and the version of all files together."""
    files = sorted(path for path in output.rglob("*") if path.is_file())
    version = hashlib.sha256(b"".join(hashlib.sha256(path.read_bytes()).digest() for path in files)).hexdigest()[:16]
    names = [path.relative_to(output).as_posix() for path in files]
    first = [name for name in names if not name.startswith("models/") or name.startswith(f"models/{default}/")]
    first = ["./", *(name for name in first if name != "service_worker.js")]
    (output / "files.json").write_text(json.dumps({"first": first}), encoding="utf-8")
    worker = output / "service_worker.js"
    worker.write_text(worker.read_text(encoding="utf-8").replace("@version@", version), encoding="utf-8")
