"""The command line: one photo in; a readable summary, a report, or all numbers out.

python -m fer_explain PHOTO [--model NAME] [--explain METHOD ...] [--target CLASS] [--report OUT.html] [--json OUT.json]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fer_explain.errors import FerError

if TYPE_CHECKING:
    from fer_explain.analyzer import Analyzer
    from fer_explain.report import Report

_EPILOG: Final = """examples:
  python -m fer_explain photo.jpg
  python -m fer_explain photo.jpg --explain gradcam hirescam --target fear --report out.html --json out.json
  python -m fer_explain face.png --whole-image --model my/checkpoint-folder

Without --report and --json a summary is printed. Nothing is sent anywhere. A report holds the photo of the face."""


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Reads the command line.

    Raises:
        SystemExit: with status 2 and one sentence that names the flag, or 0 after ``--help``.
    """
    parser = argparse.ArgumentParser(
        prog="python -m fer_explain",
        description="Reads the expressions in a photo, explains them, and puts the explanations to the test.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("photo", metavar="PHOTO", help="any common image file")
    add("--model", metavar="NAME", help="checkpoint: an embedded name, a folder, or a Hub id org/repo[@revision]")
    add(
        "--explain",
        nargs="+",
        default=["gradcam"],
        metavar="METHOD",
        help="explanations, or tested: the one measured to hold (default: gradcam)",
    )
    add("--target", metavar="CLASS", help="class to explain, e.g. fear (default: the predicted one)")
    add("--whole-image", action="store_true", help="take the whole image for one face instead of looking for faces")
    add("--no-test", action="store_true", help="do not put the maps to the test, which takes seconds for each")
    add("--report", metavar="OUT.html", help="write a report that needs nothing but a browser")
    add("--json", metavar="OUT.json", help="write all numbers")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """The command; a mistake a person can make ends in one sentence and status 2."""
    options = parse(argv)
    try:
        report = _report(options)
        _save(report, options)
    except FerError as error:
        print(f"fer_explain: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


def _report(options: argparse.Namespace) -> Report:
    for out in (options.report, options.json):
        if out is not None and not Path(out).resolve().parent.is_dir():
            raise FerError(f"'{out}' cannot be written: there is no folder '{Path(out).resolve().parent}'.")
    from fer_explain.report import make_report

    analyzer, name = _analyzer(options.model)
    try:
        return make_report(
            analyzer,
            options.photo,
            model=name,
            method=options.explain,
            target=options.target,
            whole_image=options.whole_image,
            receipts=not options.no_test,
            progress=_show_progress if sys.stderr.isatty() else None,
        )
    finally:
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def _analyzer(ref: str | None) -> tuple[Analyzer, str | None]:
    """The service, and the name of the wanted checkpoint in it."""
    from fer_explain.analyzer import Analyzer

    embedded = Analyzer()
    if ref is None or ref in embedded.models:
        return embedded, ref
    analyzer = Analyzer([ref])
    if ref in analyzer.problems:
        raise FerError(analyzer.problems[ref])
    return analyzer, ref if ref in analyzer.models else Path(ref).resolve().name


def _save(report: Report, options: argparse.Namespace) -> None:
    from fer_explain.report.write import save

    if options.report is None and options.json is None:
        from fer_explain.report.summary import summary

        print(summary(report))
        return
    save(report, options.report, options.json)
    for out in (options.report, options.json):
        if out is not None:
            print(out)


def _show_progress(share: float, what: str) -> None:
    """One line that changes in place."""
    print(f"\r\033[K{share:4.0%}  {what}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
