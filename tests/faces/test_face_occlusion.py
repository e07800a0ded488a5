"""How much of a face is hidden, on drawn faces behind a known cover."""

import cv2
import numpy as np
import pytest
import torch

from fer_explain.emotions import LABELS
from fer_explain.faces.detect import whole_image
from fer_explain.faces.drawn import draw_face
from fer_explain.faces.occlusion import SIDE, OcclusionNet, face_cells, share_of
from fer_explain.faces.quality import hidden, warnings

FACE = draw_face("happy", size=192).pixels


def names(pixels: np.ndarray) -> list[str]:
    return [limit.name for limit in warnings(whole_image(pixels))]


def covered(share: float, side: int, look: int) -> np.ndarray:
    """The face with a share of its height or width covered from one border on."""
    turned = np.rot90(FACE, side).copy()
    rows = round(share * len(turned))
    shade = np.random.default_rng(look).integers(0, 255, (6, 6, 3), dtype=np.uint8) if look else np.full((1, 1, 3), 128)
    turned[:rows] = cv2.resize(shade.astype(np.uint8), (len(turned), rows), interpolation=cv2.INTER_CUBIC)
    return np.rot90(turned, -side).copy()


@pytest.mark.parametrize("side", range(4))
@pytest.mark.parametrize("look", [0, 1, 2])
def test_a_face_more_than_half_hidden_is_told(side: int, look: int) -> None:
    assert "hidden" in names(covered(0.6, side, look))
    assert "hidden" not in names(covered(0.05, side, look))


def test_more_cover_is_more_hidden() -> None:
    shares = [hidden(whole_image(covered(share, 0, 0))) for share in (0.05, 0.3, 0.6)]
    assert shares[0] < 0.1 < shares[1] < shares[2]


@pytest.mark.parametrize("emotion", LABELS)
def test_a_face_in_full_view_is_not_told(emotion: str) -> None:
    assert names(draw_face(emotion, size=160).pixels) == []


def test_the_share_counts_the_face_and_not_what_is_around_it() -> None:
    assert share_of(torch.ones(1, 1, 12, 12)).item() == pytest.approx(1)
    assert share_of(1 - face_cells()[None, None]).item() == 0
    assert face_cells()[0, 0] == 0
    assert face_cells()[6, 6] == 1


def test_the_network_answers_for_places() -> None:
    assert OcclusionNet().eval()(torch.rand(2, 1, SIDE, SIDE) * 255).shape == (2, 1, 12, 12)
