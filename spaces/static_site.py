"""Assembles the site that runs in the visitor's browser alone: plain files that any web server can serve."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory


def build_static(output: Path, names: Sequence[str] = ()) -> None:
    """Fills ``output``, an empty or new folder, with the page, the runtime, the detector and exported checkpoints.

    A checkpoint beside which its export already lies is not exported again, so it needs no further packages.

    Args:
        output: the folder.
        names: of the checkpoints, the first one first on the page; all embedded ones when empty.

    Raises:
        FileExistsError: ``output`` is a file or holds something already.
        FerError: a checkpoint cannot be exported, or a vendored file is damaged.
    """
    from fer_explain.analyzer import Analyzer
    from fer_explain.export.write import export
    from fer_explain.hub.reference import find_folder
    from fer_explain.ui.device.site import exported, write_site

    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise FileExistsError(f"'{output}' is not an empty folder; name an empty or a new one.")
    exports = []
    with TemporaryDirectory() as made:
        for name in names or Analyzer().models:
            at_hand = exported([find_folder(name)])
            if not at_hand:
                export(name, Path(made) / name)
            exports += at_hand or [Path(made) / name]
        write_site(output, exports)
