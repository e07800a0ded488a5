"""python -m fer_explain.export CHECKPOINT OUTPUT"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from fer_explain.errors import FerError


def main(argv: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m fer_explain.export", description="A checkpoint as ONNX.")
    parser.add_argument("checkpoint", help="an embedded name, a folder or a Hub id")
    parser.add_argument("output", type=Path, help="folder for model.onnx and manifest.json")
    args = parser.parse_args(argv)
    from fer_explain.export.write import export

    try:
        told = export(args.checkpoint, args.output)
    except (FerError, OSError) as error:
        parser.error(str(error))
    print(f"{told['name']}: {told['file']['bytes'] / 1e6:.1f} MB, outputs {', '.join(told['outputs'])}")
    if told["heatmap"] is None:
        print("Its Grad-CAM map cannot be exported: the browser shows its answer without one.")


if __name__ == "__main__":
    main()
