"""Tells whether a data set can be trusted.

    python -m training.audit --data PATH_OR_HUB_ID --output audits/fer2013

Duplicates within and across splits, conflicting labels, blank images and non-faces, class balance, and disagreement
with FER+ where the data has its votes. Prints a summary, and writes a report (HTML that opens offline, and Markdown)
and parquet files of all pairs and all suspect images. No image is written.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from training.audit.findings import audit
from training.audit.report import HTML, write_report
from training.data import SPLITS, ImageForm, Reading, classes_in, load_mix
from training.data.classes import SEVEN
from training.flags import add_columns, share
from training.manners import command


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.audit", description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "--data",
        required=True,
        nargs="+",
        metavar="PATH_OR_HUB_ID",
        help="parquet folder or file, Hub id, CSV or image folder; several are audited as one",
    )
    add_columns(parser)
    parser.add_argument("--output", required=True, type=Path, metavar="DIR", help="the folder of the report")
    parser.add_argument("--splits", nargs="+", choices=SPLITS, default=list(SPLITS), help="those the data has")
    parser.add_argument(
        "--detector-sample",
        type=int,
        default=200,
        metavar="N",
        help="show N random images to a face detector (30 ms each); 0 = none",
    )
    return parser


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; see the module's docstring."""
    options = _parser().parse_args(arguments)
    splits = list(dict.fromkeys(options.splits))
    broken = share(options.max_broken, "--max-broken")
    reading = Reading(image_column=options.image_column, label_column=options.label_column, max_broken=broken)
    classes = classes_in(options.data, options.classes, reading, fewest=1)
    some_of_seven = not options.classes and set(classes.names) <= set(SEVEN.names)
    reading = replace(reading, classes=SEVEN if some_of_seven else classes)
    sets = [load_mix(options.data, split, ImageForm(), every_class=False, reading=reading) for split in splits]
    found = audit(sets, detector_sample=options.detector_sample)
    names = " and ".join(Path(source).name for source in options.data)
    for section in write_report(options.output, found, f"Audit of {names}"):
        print(f"{section.title}. {' '.join(section.sentences)}")
    print(f"The report is {options.output / HTML}.")


if __name__ == "__main__":
    main()
