"""The files of the page that runs in the visitor's browser, and exported checkpoints for it."""

from __future__ import annotations

import hashlib
import json
import lzma
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from fer_explain.errors import FerError
from fer_explain.faces import mtcnn
from fer_explain.hub.files import write_atomically, write_text
from fer_explain.hub.folder import WEIGHTS
from fer_explain.ui.device.icon import SIZES, icon
from fer_explain.ui.device.vendor import FILES, FOR_GRAPHICS, PAGE, PLACE, VERSION
from fer_explain.ui.shell.files import HOME
from fer_explain.ui.shell.texts import LANGUAGES

EXPORTED: Final = "device"  # the folder in a checkpoint's own where its export lies
MANIFEST: Final = "manifest.json"
_TEXTS: Final = ("device.", "live.", "emotion.", "bench.set.", "page.model", "tab.", "photo.title")


def exported(folders: Iterable[Path]) -> list[Path]:
    """The exports that lie in checkpoint folders and are of the very weights beside them."""
    return [folder / EXPORTED for folder in folders if _is_current(folder)]


def write_site(output: Path, exports: Sequence[Path]) -> None:
    """Fills an empty or new folder with the page, the runtime, the detector and exported checkpoints.

    Args:
        output: the folder.
        exports: folders as :func:`fer_explain.export.write.export` makes them; the page opens with the first one.

    Raises:
        FerError: a vendored file is damaged, the detector's package is missing, or a file cannot be written.
    """
    shutil.copytree(PAGE, output, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.xz", ".*", "__pycache__"))
    shutil.copyfile(HOME / "shell" / "mark.svg", output / "mark.svg")
    for size in SIZES:
        _write_bytes(output / f"icon_{size}.png", icon(size))
    for name in FILES:
        _write_bytes(output / PLACE / name, _runtime(name))
    _write_detector(output / "detector")
    models = [json.loads((folder / MANIFEST).read_text(encoding="utf-8")) for folder in exports]
    for folder, model in zip(exports, models, strict=True):
        target = output / "models" / model["name"]
        target.mkdir(parents=True, exist_ok=True)
        for file in (MANIFEST, model["file"]["name"]):
            shutil.copyfile(folder / file, target / file)
    write_text(output / "models.json", json.dumps([{key: one[key] for key in ("name", "title")} for one in models]))
    write_text(output / "texts.json", json.dumps(_texts(), ensure_ascii=False))
    _list_files(output, [model["name"] for model in models[1:]])


def _is_current(folder: Path) -> bool:
    try:
        told = json.loads((folder / EXPORTED / MANIFEST).read_text(encoding="utf-8"))
        return bool(told["weights"] == hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest())
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _texts() -> dict[str, dict[str, str]]:
    """What the page says: by language, then by key."""
    return {
        language: {key: text for key, text in texts.items() if key.startswith(_TEXTS)}
        for language, texts in LANGUAGES.items()
    }


def _runtime(name: str) -> bytes:
    """A vendored file, unpacked where it is packed."""
    path = PAGE / PLACE / (f"{name}.xz" if name.endswith(".wasm") else name)
    try:
        content = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
    except (OSError, lzma.LZMAError) as error:
        raise FerError(f"{path} is damaged: {error}.") from error
    if hashlib.sha256(content).hexdigest() != FILES[name]:
        raise FerError(f"{path} is damaged: what it holds is not onnxruntime-web {VERSION}.")
    return content


def _write_detector(output: Path) -> None:
    """The three networks, and how the page knows that they are whole: as a model's manifest says it of its file."""
    output.mkdir(exist_ok=True)
    told = {}
    for net in mtcnn.NETWORKS:
        name, content = f"{net}net.onnx", mtcnn.network(net)
        _write_bytes(output / name, content)
        told[net] = {"name": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    write_text(output / MANIFEST, json.dumps(told))


def _list_files(output: Path, later: Sequence[str]) -> None:
    """What the service worker keeps from the first visit on, and the version of all files.

    Not kept before they are used: models of ``later``, and the runtime for graphics processors.
    """
    files = sorted(path for path in output.rglob("*") if path.is_file())
    version = hashlib.sha256(b"".join(hashlib.sha256(path.read_bytes()).digest() for path in files)).hexdigest()[:16]
    names = [path.relative_to(output).as_posix() for path in files]
    left_out = (*(f"models/{model}/" for model in later), *(f"{PLACE}/{name}" for name in FOR_GRAPHICS))
    first = [name for name in names if not name.startswith(left_out)]
    first = ["./", *(name for name in first if name != "service_worker.js")]
    write_text(output / "files.json", json.dumps({"first": first}))
    worker = output / "service_worker.js"
    write_text(worker, worker.read_text(encoding="utf-8").replace("@version@", version))


def _write_bytes(path: Path, content: bytes) -> None:
    write_atomically(path, lambda temporary: temporary.write_bytes(content))
