"""The suite of disturbances: range, seed, batch against single, and what each does to a drawn face."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fer_explain.benchmark.disturbances import SUITE, disturb
from fer_explain.benchmark.disturbed import Disturbed, Share, row, share
from fer_explain.errors import FerError
from fer_explain.faces.drawn import draw_face

COLOUR = np.stack(
    [draw_face(emotion, size=64, seed=seed).pixels for seed, emotion in enumerate(["happy", "sad", "fear"])]
)
GRAY = COLOUR.mean(axis=3).round().astype(np.uint8)
EACH = [(name, strength) for name, one in SUITE.items() for strength in range(1, len(one.amounts) + 1)]


@pytest.mark.parametrize(("name", "strength"), EACH)
def test_a_face_is_disturbed_alike_alone_and_in_a_batch(name: str, strength: int) -> None:
    together = disturb(GRAY, name, strength, [5, 9, 70])
    assert together.shape == GRAY.shape
    assert together.dtype == np.uint8
    assert (together != GRAY).any(axis=(1, 2)).all()
    for place, key in ((0, 5), (2, 70)):
        np.testing.assert_allclose(
            disturb(GRAY[[place]], name, strength, [key])[0].astype(int), together[place], atol=1
        )
    assert (disturb(GRAY, name, strength, [5, 9, 70]) == together).all()


@pytest.mark.parametrize("name", SUITE)
def test_colour_faces_of_any_size_keep_their_shape(name: str) -> None:
    wide = np.repeat(COLOUR, 2, axis=2)[:, :40]
    assert disturb(wide, name, 1).shape == wide.shape
    assert disturb(GRAY[:0], name, 1).shape == (0, 64, 64)


@pytest.mark.parametrize("name", [name for name, one in SUITE.items() if len(one.amounts) > 1])
def test_stronger_is_further_from_the_face(name: str) -> None:
    away = [np.abs(disturb(GRAY, name, one).astype(float) - GRAY).mean() for one in (1, 2, 3)]
    assert away == sorted(away)
    assert away[0] < away[2]


def test_each_does_what_its_name_says() -> None:
    assert (disturb(GRAY, "mirrored", 1) == GRAY[:, :, ::-1]).all()
    assert abs(disturb(GRAY, "dark", 2).mean() / GRAY.mean() - 0.5) < 0.01
    assert disturb(GRAY, "bright", 3).mean() > GRAY.mean()
    assert disturb(GRAY, "low_contrast", 2).std() / GRAY.std() == pytest.approx(0.4, abs=0.15)
    assert (disturb(GRAY, "upper_hidden", 3)[:, :32] == 128).all()
    assert (disturb(GRAY, "upper_hidden", 3)[:, 32:] == GRAY[:, 32:]).all()
    assert (disturb(GRAY, "lower_hidden", 3)[:, 32:] == 128).all()
    noise = disturb(np.full((1, 64, 64), 128, np.uint8), "noise", 3).astype(float) - 128
    assert noise.std() == pytest.approx(15, rel=0.05)
    dot = np.zeros((1, 65, 65), np.uint8)
    dot[0, 32, 32:] = 255  # a line from the centre to the right border
    assert disturb(dot, "frame_in", 3)[0, 32, 40] > 200
    turned = disturb(dot, "rotation", 3)[0]
    assert np.abs(np.nonzero(turned[:, 60])[0] - 32).max() == pytest.approx(28 * np.tan(np.radians(20)), abs=2)


def test_chance_depends_on_the_seed() -> None:
    for name in ("noise", "uneven_light"):
        assert (disturb(GRAY, name, 1, seed=1) != disturb(GRAY, name, 1, seed=2)).any()


def test_unknown_names_and_strengths_are_refused_with_what_there_is() -> None:
    with pytest.raises(FerError, match="known are frame_in"):
        disturb(GRAY, "fog", 1)
    with pytest.raises(FerError, match="strengths 1 to 1"):
        disturb(GRAY, "mirrored", 2)


def test_rows_count_right_and_unchanged_answers() -> None:
    labels, before, said = (np.array(values) for values in ([0, 1, 2, 3], [0, 1, 1, 0], [0, 2, 1, 3]))
    found = row("blur", 1, 0.1, said, before, labels)
    assert (found.accuracy.value, found.unchanged.value) == (0.5, 0.5)
    assert found.accuracy.interval.low <= 0.5 <= found.accuracy.interval.high
    better = row("noise", 1, 5, labels, before, labels)
    all_of_it = Disturbed("validation", 4, "0123", 0, share(before == labels), (better, found))
    assert all_of_it.worst == found
    assert list(all_of_it.strongest()) == [better, found]
    assert Disturbed.from_dict(json.loads(all_of_it.to_json())) == all_of_it
    assert str(Share(0.5, found.accuracy.interval)).startswith("50.0 % [")
