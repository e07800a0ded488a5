"""The embedded checkpoints say here what they said where they were measured."""

import numpy as np
import pytest

from benchmarks import crosscheck
from fer_explain.hub.checkpoint import load_checkpoint
from fer_explain.hub.folder import DEFAULT, list_checkpoints


@pytest.fixture(scope="module")
def images():
    return crosscheck.faces()


def test_the_faces_differ(images):
    assert images.shape == (32, 48, 48, 3)
    assert len({face.tobytes() for face in images}) == 32


def test_every_embedded_checkpoint_is_known():
    assert list(crosscheck.expected()) == list_checkpoints()


@pytest.mark.parametrize("name", list_checkpoints())
def test_probabilities_are_those_that_were_committed_alone_and_in_a_batch(name, images):
    line, good = crosscheck.check(name, images, crosscheck.expected()[name], None)
    assert good, line


def test_what_is_off_is_reported(images):
    line, good = crosscheck.check(DEFAULT, images, crosscheck.expected()[DEFAULT] + 0.002, None)
    assert not good
    assert line.endswith("NOT WITHIN BOUNDS")


def test_probabilities_sum_to_one(images):
    found = crosscheck.probabilities(load_checkpoint(DEFAULT), images[:3], 2)
    np.testing.assert_allclose(found.sum(1), 1)
