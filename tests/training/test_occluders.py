"""Drawn occluders: they hide what they say they hide, and nothing else."""

import numpy as np
import pytest
import torch

from fer_explain.faces.occlusion import CELLS
from training.occluders import SHAPES, SIDE, draw_shape, occlude
from training.occlusion import batch

FACES = np.random.default_rng(0).integers(0, 255, (6, SIDE, SIDE), dtype=np.uint8)


@pytest.mark.parametrize("kind", SHAPES)
def test_every_shape_hides_some_of_the_face_and_not_all_of_it(kind: str) -> None:
    shares = [draw_shape(np.random.default_rng(seed), kind).mean() for seed in range(20)]
    assert min(shares) > 0.01
    assert max(shares) < 1
    assert np.std(shares) > 0.005


def test_what_is_not_hidden_stays_as_it_is() -> None:
    face, changed = FACES[0].astype(np.float32), []
    for seed in range(40):
        behind, hidden = occlude(face, FACES, np.random.default_rng(seed))
        assert behind.shape == hidden.shape == face.shape
        assert 0 <= hidden.min() <= hidden.max() <= 1
        np.testing.assert_array_equal(behind[hidden == 0], face[hidden == 0])
        changed += (behind != face)[hidden == 1].tolist()
    assert np.mean(changed) > 0.9


def test_the_same_seed_draws_the_same_batch() -> None:
    first, again = (batch(FACES, FACES, np.random.default_rng(7)) for _ in range(2))
    torch.testing.assert_close(first, again)
    images, hidden = first
    assert images.shape == (6, 1, SIDE, SIDE)
    assert hidden.shape == (6, 1, CELLS, CELLS)
    assert 0 <= images.min() <= images.max() <= 255
    assert 0 < hidden.mean() < 1
