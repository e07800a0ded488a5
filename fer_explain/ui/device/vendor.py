"""The files of onnxruntime-web in ``page/vendor``: which they are, and how they come there.

::

    npm pack onnxruntime-web@1.30.0
    python -m fer_explain.ui.device.vendor onnxruntime-web-1.30.0.tgz

WebAssembly lies there packed by xz; :mod:`fer_explain.ui.device.site` unpacks it. The same hashes stand in NOTICE.txt.
"""

from __future__ import annotations

import argparse
import hashlib
import lzma
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from fer_explain.errors import FerError
from fer_explain.hub.files import write_atomically
from fer_explain.ui.shell.files import HOME

PAGE: Final = HOME / "device" / "page"
PLACE: Final = "vendor"
VERSION: Final = "1.30.0"
ARCHIVE_SHA256: Final = "d2228df7e4616bc3348bf504ee888f3bec43789a273f0a63f3e68d203ce3bf71"
PLAIN: Final = {
    "ort.wasm.bundle.min.mjs": "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90",
    "ort-wasm-simd-threaded.wasm": "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
}
FOR_GRAPHICS: Final = {
    "ort.jspi.bundle.min.mjs": "07ec090355e11b342c95436db54da2d0c2bd5b1d319745bfd3337e6bdcf170ac",
    "ort-wasm-simd-threaded.jspi.wasm": "a54c76f86b0f0d9572380cf1c6292a7b3903716ffcbcd6b0e5c7050bf430eb93",
}
FILES: Final = PLAIN | FOR_GRAPHICS  # names, and the SHA-256 of what is unpacked


def vendor(archive: Path, place: Path) -> None:
    """Writes the files into ``place`` from the archive that npm publishes.

    Raises:
        FerError: it is not that archive.
    """
    content = archive.read_bytes()
    if hashlib.sha256(content).hexdigest() != ARCHIVE_SHA256:
        raise FerError(f"{archive} is not onnxruntime-web-{VERSION}.tgz as npm publishes it.")
    with tarfile.open(archive) as files:
        for name in FILES:
            member = files.extractfile(f"package/dist/{name}")
            assert member is not None, "the hash of the archive is right"
            _write(place, name, member.read())


def _write(place: Path, name: str, content: bytes) -> None:
    packed = name.endswith(".wasm")
    made = lzma.compress(content, preset=9 | lzma.PRESET_EXTREME) if packed else content
    write_atomically(place / (f"{name}.xz" if packed else name), lambda path: path.write_bytes(made))


def main(argv: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m fer_explain.ui.device.vendor", description="onnxruntime-web.")
    parser.add_argument("archive", type=Path, help=f"onnxruntime-web-{VERSION}.tgz")
    args = parser.parse_args(argv)
    try:
        vendor(args.archive, PAGE / PLACE)
    except (FerError, OSError) as error:
        parser.error(str(error))
    print(f"The files are in {PAGE / PLACE}")


if __name__ == "__main__":
    main()
