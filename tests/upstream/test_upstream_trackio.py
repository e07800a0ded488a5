"""What trackio does wrong, shown with it alone. A test here fails once it has been mended."""

import os
import subprocess
import sys
from pathlib import Path

CODE = """
import trackio
trackio.init(project="p", name="n", embed=False, auto_log_gpu=False, auto_log_cpu=False)
trackio.log({"a": 1.0})
trackio.finish()
"""


def test_trackio_speaks_of_an_upload(tmp_path: Path) -> None:
    environment = os.environ | {"TRACKIO_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "Uploading" in done.stdout, "trackio is quiet: _LocalTrackio in training/trackers.py can be TrackioTracker."
