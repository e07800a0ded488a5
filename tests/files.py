"""What lies in a folder from which somebody else takes things away at the same time."""

import os
from pathlib import Path


def files_in(folder: Path) -> set[Path]:
    """All files below a folder. A folder that goes while it is looked at is gone: ``Path.rglob`` fails there."""
    return {Path(inside, name) for inside, _, names in os.walk(folder) for name in names}
