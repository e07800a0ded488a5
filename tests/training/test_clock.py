from __future__ import annotations

from training.clock import Clock


class Hands:
    """A clock that only moves when told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_earlier_sittings_count() -> None:
    hands = Hands()
    clock = Clock(budget=0, used=40, now=hands)
    hands.seconds += 2
    assert clock.elapsed() == 42


def test_steps_that_fit_leave_time_for_validations_and_the_final_measurement() -> None:
    hands = Hands()
    clock = Clock(budget=100, now=hands)
    hands.seconds += 20
    steps = clock.steps_that_fit(0.5, 3.0, steps_per_epoch=10)
    validations = -(-steps // 10) + 1
    assert 90 < 20 + 0.5 * steps + 3 * validations <= 100
    hands.seconds += 100
    assert clock.steps_that_fit(0.5, 3.0, steps_per_epoch=10) == 0
