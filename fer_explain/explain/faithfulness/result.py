"""The outcome of the checks: numbers and a verdict, free of pixels, so that it may outlive the face."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

Numbers = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """One check with its pre-stated rule.

    Attributes:
        name: ``curves`` | ``road`` | ``infidelity`` | ``randomisation`` | ``sensitivity``.
        passed: whether the rule holds.
        value: what was measured for the map.
        rule: the rule in one sentence.
        random: the same measure for each random map; empty where the rule does not compare maps.
        centre: the same measure for the Gaussian at the centre.
        limit: the bound of a rule that compares no maps.
        higher_is_better: whether a larger value speaks for the map.
    """

    name: str
    passed: bool
    value: float
    rule: str
    random: Numbers = ()
    centre: float | None = None
    limit: float | None = None
    higher_is_better: bool = True

    @property
    def bar(self) -> float:
        """What the value must get past: the limit, or the best of the maps that know nothing of the face."""
        if self.limit is not None:
            return self.limit
        rivals = [*self.random, *([] if self.centre is None else [self.centre])]
        return max(rivals) if self.higher_is_better else min(rivals)


@dataclass(frozen=True, slots=True)
class Curve:
    """A measure along the ``shares`` (0..1) of the face, or of the network, that were changed.

    ``random`` has a curve for each random map; it and ``centre`` are empty where no maps are compared.
    """

    shares: Numbers
    values: Numbers
    random: tuple[Numbers, ...] = ()
    centre: Numbers = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """Whether a heat map held when it was put to the test. All passed is no proof; one failure is a reason to doubt.

    Attributes:
        model: name of the checkpoint.
        method: name of the explanation.
        target: index of the class that was explained.
        probability: of that class for the whole face, 0..1.
        checks: in a fixed order.
        curves: ``deletion``, ``insertion`` and ``road`` (probability of the class along the share of the face that
            was changed), ``randomisation`` (rank correlation along the share of the layers that forgot; not for slow
            explanations).
        seconds: what it took when it was computed.
    """

    model: str
    method: str
    target: int
    probability: float
    checks: list[Check]
    curves: dict[str, Curve]
    seconds: float

    @property
    def passed(self) -> int:
        """How many checks the map passed."""
        return sum(check.passed for check in self.checks)

    @property
    def failed(self) -> list[Check]:
        """The checks the map did not pass."""
        return [check for check in self.checks if not check.passed]

    @property
    def ok(self) -> bool:
        """Whether no check failed; otherwise the map gets the red mark."""
        return not self.failed

    @property
    def verdict(self) -> str:
        """The outcome in one plain line, in English."""
        line = f"passed {self.passed} of {len(self.checks)} checks"
        return line if self.ok else f"{line}; failed: {', '.join(check.name for check in self.failed)}"

    def to_json(self) -> dict[str, Any]:
        """All numbers and the verdict, ready for :func:`json.dumps`."""
        bars = [asdict(check) | {"bar": check.bar} for check in self.checks]
        return asdict(self) | {"checks": bars, "passed": self.passed, "verdict": self.verdict}
