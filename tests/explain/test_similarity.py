import numpy as np
import pytest

from fer_explain.emotions import LABELS
from fer_explain.explain.similarity import (
    agreements,
    common_map,
    correlations,
    odd_one_out,
    overlap,
    overlaps,
    rank_correlation,
)
from fer_explain.types import Box, Face, FaceAnalysis, Heatmap, Prediction, Warp

RAMP = np.arange(100, dtype=np.float32).reshape(10, 10)


def analysis(values: np.ndarray, *, scale: float = 1.0, frame="crop", theta=None) -> FaceAnalysis:
    face = Face(np.zeros((8, 8, 3), np.uint8), Box(0, 0, 8, 8), np.array([[4, 0, 4], [0, 4, 4]], np.float32))
    shares = np.full(7, 1 / 7, np.float32)
    warp = None if theta is None else Warp(np.array(theta, np.float32), np.zeros((8, 8, 3), np.uint8))
    heatmap = Heatmap(values.astype(np.float32), frame, "gradcam", 0, scale)
    return FaceAnalysis(face, Prediction(shares, shares, LABELS), warp, heatmap=heatmap)


def test_the_common_map_is_on_the_raw_scale() -> None:
    half = np.zeros((4, 4))
    half[:, 2:] = 1
    drawn = common_map(analysis(half, scale=5.0), size=8)
    assert drawn[4, 7] == pytest.approx(5)
    assert drawn[4, 0] == pytest.approx(0)


def test_maps_of_turned_faces_are_turned_back_before_they_are_compared() -> None:
    """Behind a spatial transformer that mirrors, the right half of the map lies on the left half of the crop."""
    half = np.zeros((16, 16))
    half[:, 8:] = 1
    plain = common_map(analysis(half), size=32)
    mirrored = common_map(analysis(half, frame="warped", theta=[[-1, 0, 0], [0, 1, 0]]), size=32)
    assert rank_correlation(plain, mirrored[:, ::-1]) > 0.95
    assert rank_correlation(plain, mirrored) < -0.9
    assert overlap(plain, mirrored, top=0.4) == 0


def test_ranks_count_not_sizes() -> None:
    assert rank_correlation(RAMP, RAMP**3) == pytest.approx(1)
    assert rank_correlation(RAMP, -RAMP) == pytest.approx(-1)
    assert rank_correlation(RAMP, np.ones_like(RAMP)) == 0


def test_overlap_of_the_top_fifth() -> None:
    assert overlap(RAMP, RAMP) == 1
    assert overlap(RAMP, RAMP[::-1]) == 0
    shifted = np.roll(RAMP, 10)  # one of the two top rows is still on top
    assert overlap(RAMP, shifted) == pytest.approx(1 / 3, abs=0.05)
    assert overlap(RAMP, np.zeros_like(RAMP)) == 0


def test_matrices_are_symmetric_with_ones_on_the_diagonal() -> None:
    maps = [RAMP, RAMP.T.copy(), RAMP**2]
    for matrix in (correlations(maps), overlaps(maps)):
        np.testing.assert_allclose(matrix, matrix.T)
        np.testing.assert_allclose(np.diag(matrix), 1)


@pytest.mark.parametrize(
    ("answers", "odd"),
    [([0, 0, 1], 2), ([1, 0, 0, 0], 0), ([0, 1], None), ([0, 0, 0], None), ([0, 1, 2], None), ([0, 0, 1, 1], None)],
)
def test_the_odd_one_out(answers: list[int], odd: int | None) -> None:
    assert odd_one_out([LABELS[answer] for answer in answers]) == odd


def test_a_face_without_a_map_is_refused() -> None:
    plain = analysis(RAMP)
    with pytest.raises(ValueError, match="heat map"):
        common_map(FaceAnalysis(plain.face, plain.prediction, None))


def test_shared_probability_mass_by_hand() -> None:
    shares = agreements([np.array([0.7, 0.2, 0.1]), np.array([0.1, 0.2, 0.7])])
    np.testing.assert_allclose(shares, [[1, 0.4], [0.4, 1]], atol=1e-6)
