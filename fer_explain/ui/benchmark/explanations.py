"""Which explanation holds for which network: tables of what the checkpoints' ``explanations.json`` say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from fer_explain.figures.chart import Chart
from fer_explain.ui.shell.texts import LANGUAGES, Texts

if TYPE_CHECKING:
    from fer_explain.explain.tested import Explanations, Trial
    from fer_explain.explain.truth import Truths

BEST: Final = "★"


@dataclass(frozen=True, slots=True)
class Way:
    """An explanation with its settings, which a row is about: by network how it did, where it was tried."""

    method: str
    settings: Mapping[str, Any]
    trials: Mapping[str, Trial]

    @property
    def mean(self) -> float:
        """Mean share of faces on which it holds, over the networks it was tried on."""
        return sum(trial.holds for trial in self.trials.values()) / len(self.trials)


def explanation_charts(found: Mapping[str, Explanations | None], truths: Truths, texts: Texts) -> list[Chart]:
    """How often each explanation holds for each network, how long a map takes, and which check it fails most.

    Args:
        found: by network what was measured; None where nothing was, or for other weights. Not all are None.
        truths: how much of a map lies on a known cause.
        texts: of the reader's language.
    """
    ways, none = _ways(found), texts("bench.unmeasured")
    best = {name: one.best for name, one in found.items() if one is not None}

    def holds(name: str, trial: Trial) -> str:
        mark = f"{BEST} " if trial is best[name] else ""
        ends = {"low": round(100 * trial.low), "high": round(100 * trial.high)}
        return mark + texts("bench.holds", k=round(trial.holds * trial.n), n=trial.n, **ends)

    def table(key: str, cell: Callable[[str, Trial], str], note: list[str], *, truth: bool = False) -> Chart:
        kept = ("explanation", "settings", "truth") if truth else ("explanation", "settings")
        rows = [
            [
                *_named(way, texts),
                *([_truth(way, truths, texts)] if truth else []),
                *(cell(name, way.trials[name]) if name in way.trials else none for name in found),
            ]
            for way in ways
        ]
        columns = [*(texts(f"bench.{one}") for one in kept), *found]
        return Chart(key, texts(f"bench.{key}"), None, columns, rows, note, listed=True)

    about = texts("bench.truth.note", networks=truths.networks, faces=truths.faces)
    told = [*_draws(found, texts), texts("bench.tested", mark=BEST), about, texts("bench.explanations.own")]
    return [
        table("explanations-hold", holds, told, truth=True),
        table("explanations-seconds", lambda _, trial: f"{trial.seconds:.2f} s", [texts("bench.seconds.note")]),
        table("explanations-fail", lambda _, trial: _worst(trial, texts), [texts("bench.fail.note")]),
    ]


def _ways(found: Mapping[str, Explanations | None]) -> list[Way]:
    """All that was tried on any of the networks, what holds most often first."""
    tried: dict[str, Way] = {}
    for name, one in found.items():
        for trial in one.trials if one is not None else []:
            key = f"{trial.method} {sorted(trial.settings.items())}"
            before = tried[key].trials if key in tried else {}
            tried[key] = Way(trial.method, trial.settings, {**before, name: trial})
    return sorted(tried.values(), key=lambda way: -way.mean)


def _named(way: Way, texts: Texts) -> tuple[str, str]:
    """The method's title, and the settings that are not its own."""
    from fer_explain.explain.registry import method

    known = LANGUAGES[texts.language]
    told = []
    for name, value in way.settings.items():
        shown = f"{value:g}" if isinstance(value, float) else str(value)
        told.append(f"{known.get(f'setting.{name}', name)}: {known.get(f'setting.{name}.{value}', shown)}")
    return method(way.method).title, "; ".join(told) or texts("bench.settings.own")


def _truth(way: Way, truths: Truths, texts: Texts) -> str:
    truth = truths.of(way.method, way.settings)
    if truth is None:
        return texts("bench.unmeasured")
    return texts("bench.mass", **{key: round(100 * getattr(truth, key)) for key in ("mass", "low", "high")})


def _worst(trial: Trial, texts: Texts) -> str:
    """The check that fails on most faces, and on how many; several where they fail equally often."""
    least = min(trial.checks.values())
    if least == 1:
        return texts("bench.fail.none")
    names = [texts(f"receipt.{check}") for check, share in trial.checks.items() if share == least]
    return f"{', '.join(names)} ({100 * (1 - least):.0f} %)"


def _draws(found: Mapping[str, Explanations | None], texts: Texts) -> Iterator[str]:
    """Which faces the maps were tested on; by network where these are not the same ones."""
    draws: dict[tuple[int, str, int, int], list[str]] = {}
    for name, one in found.items():
        if one is not None:
            draws.setdefault((one.best.n, one.split, one.seed, one.skip), []).append(name)
    for (n, split, seed, skip), names in draws.items():
        shown = LANGUAGES[texts.language].get(f"bench.{split}", split)
        key = "bench.draw.skip" if skip else "bench.draw"
        sentence = texts(key, n=n, split=shown, seed=seed, skip=skip)
        yield sentence if len(draws) == 1 else f"{', '.join(names)}: {sentence}"
