"""Writes a report to files, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_explain.hub.files import write_text
from fer_explain.report.gather import DEFAULT, Progress, Report, make_report
from fer_explain.report.numbers import to_json
from fer_explain.report.page import to_html

if TYPE_CHECKING:
    from fer_explain.analyzer import Analyzer, Source


def write_report(
    analyzer: Analyzer,
    image: Source,
    path: str | Path,
    *,
    model: str | None = None,
    method: str | Sequence[str] = DEFAULT,
    target: int | str | None = None,
    json_path: str | Path | None = None,
    whole_image: bool = False,
    receipts: bool = True,
    progress: Progress | None = None,
    **parameters: Any,
) -> Report:
    """Reports on every face of a photo as one HTML file, see :func:`fer_explain.report.make_report`.

    Args:
        path: the HTML file; it holds its pictures and scripts and needs no network.
        json_path: a file for all the numbers, without pictures.

    Raises:
        FerError: as ``make_report``, or a file cannot be written.
    """
    report = make_report(
        analyzer,
        image,
        model=model,
        method=method,
        target=target,
        whole_image=whole_image,
        receipts=receipts,
        progress=progress,
        **parameters,
    )
    save(report, path, json_path)
    return report


def save(report: Report, path: str | Path | None = None, json_path: str | Path | None = None) -> None:
    """Writes a report as HTML, as JSON, or both.

    Raises:
        FerError: a file cannot be written.
    """
    if path is not None:
        write_text(Path(path), to_html(report))
    if json_path is not None:
        write_text(Path(json_path), json.dumps(to_json(report), allow_nan=False) + "\n")
