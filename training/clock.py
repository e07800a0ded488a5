"""The time a run has taken, and how many of its steps fit into the time it was given."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

_RESERVE: Final = 0.03  # of the budget, for writing files and for a pace that slackens in the last stretch


class Clock:
    """Counts the seconds of a run over all its sittings and fits the number of its steps to a budget.

    Args:
        budget: seconds the run may take; 0 = as long as it needs.
        used: seconds that earlier sittings took.
        now: the time in seconds.
    """

    def __init__(self, budget: float = 0.0, used: float = 0.0, now: Callable[[], float] = time.monotonic) -> None:
        self.budget, self.now = budget, now
        self.began = now() - used

    def elapsed(self) -> float:
        """Seconds since the run began, without the time between two sittings."""
        return self.now() - self.began

    def steps_that_fit(self, seconds_per_step: float, seconds_per_validation: float, steps_per_epoch: int) -> int:
        """How many more steps the budget has room for, with their validations and the final measurement."""
        left = self.budget * (1 - _RESERVE) - self.elapsed()
        # One validation for the epoch that the last step may cut short, one to measure the finished checkpoint.
        left -= 2 * seconds_per_validation
        return max(0, int(left / (seconds_per_step + seconds_per_validation / steps_per_epoch)))
