"""The command line: saved predictions of checkpoints in; a report, all numbers, or a short summary out.

python -m fer_explain.benchmark [--checkpoints REF ...] [--ensemble] [--out OUT.html] [--json OUT.json] [--csv FOLDER]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fer_explain.errors import FerError
from fer_explain.hub.folder import list_checkpoints

if TYPE_CHECKING:
    from fer_explain.hub.lineup import Lineup
    from fer_explain.report.benchmark import BenchmarkReport

_EPILOG: Final = """examples:
  python -m fer_explain.benchmark --out report.html
  python -m fer_explain.benchmark --checkpoints emonext_nano my/folder org/name@main --ensemble --out report.html
  python -m fer_explain.benchmark --checkpoints vgg_compact convnext_nano --json numbers.json --csv tables

Only what checkpoints saved is read; no network is run, unless --latency asks how fast they are here."""


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Reads the command line.

    Raises:
        SystemExit: with status 2 and one sentence that names the flag, or 0 after ``--help``.
    """
    parser = argparse.ArgumentParser(
        prog="python -m fer_explain.benchmark",
        description="Sets checkpoints side by side, says which differences are real, and what papers claim.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--checkpoints", nargs="+", metavar="REF", help="embedded names, folders, Hub ids (default: all embedded)")
    add("--split", choices=("test", "validation"), default="test", help="of FER2013 (default: test)")
    add("--ensemble", action="store_true", help="add the ensemble of the checkpoints as a model of its own")
    add("--level", type=_level, default=90.0, metavar="PER_CENT", help="of prediction sets (default: 90)")
    add("--latency", action="store_true", help="load the networks and measure how long a face takes on this machine")
    add("--out", metavar="OUT.html", help="write a report that needs nothing but a browser")
    add("--json", metavar="OUT.json", help="write the numbers behind every chart")
    add("--csv", metavar="FOLDER", help="write them as tables, a file for each chart")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """The command; a mistake a person can make ends in one sentence and status 2."""
    options = parse(argv)
    try:
        lineup = _line_up(options)
        print(_summary(lineup))
        if options.out or options.json or options.csv:
            from fer_explain.report.benchmark import gather

            latencies = _latencies(lineup) if options.latency else None
            _save(gather(lineup, options.level / 100, latencies), options)
    except FerError as error:
        print(f"fer_explain.benchmark: {error}", file=sys.stderr)
        sys.exit(2)


def _line_up(options: argparse.Namespace) -> Lineup:
    from fer_explain.hub.lineup import line_up
    from fer_explain.hub.results import find_results

    found = [find_results(ref) for ref in options.checkpoints or list_checkpoints()]
    names = [entry.name for entry in found]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise FerError(f"Two of the checkpoints are called '{min(twice)}'; give one of their folders another name.")
    return line_up(found, options.split, together=options.ensemble)


def _summary(lineup: Lineup) -> str:
    """Accuracies, and every pair in words."""
    from fer_explain.benchmark.comparison import compare_all
    from fer_explain.benchmark.published import wilson_interval

    lines = []
    for model in lineup.models:
        accuracy = float(model.correct.mean())
        low, high = (100 * end for end in wilson_interval(accuracy, len(model)))
        lines.append(f"{model.name}: {100 * accuracy:.1f} % on {model.split}, 95 % interval {low:.1f} to {high:.1f}")
    return "\n".join([*lines, *(pair.sentence for pair in compare_all(lineup.models))])


def _latencies(lineup: Lineup) -> dict[str, float]:
    from fer_explain.hub.checkpoint import load_checkpoint
    from fer_explain.models.latency import forward_milliseconds

    timed = [entry for entry in lineup.found if entry.file_bytes]  # a run kept without its weights has nothing to time
    loaded = {entry.name: load_checkpoint(entry.folder) for entry in timed}
    return {name: forward_milliseconds(each.model, each.config.input) for name, each in loaded.items()}


def _save(report: BenchmarkReport, options: argparse.Namespace) -> None:
    from fer_explain.hub.files import write_text
    from fer_explain.report.benchmark import to_html, to_numbers, write_tables

    for path, text in ((options.out, to_html), (options.json, to_numbers)):
        if path:
            write_text(Path(path), text(report))
            print(path)
    if options.csv:
        write_tables(report, Path(options.csv))
        print(options.csv)


def _level(text: str) -> float:
    try:
        level = float(text)
    except ValueError:
        level = -1
    if 0 < level < 100:
        return level
    raise argparse.ArgumentTypeError(f"'{text}' is no level; expected a number between 0 and 100, such as 90")


if __name__ == "__main__":
    main()
