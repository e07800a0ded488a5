"""The report as one HTML file that opens without a network, and as Markdown; and the tables as parquet."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Final

import pandas as pd
from plotly.offline import get_plotlyjs

from fer_explain.hub.files import write_atomically, write_text
from training.audit.findings import Audit
from training.audit.sections import SUSPECTS, Section, sections

HTML: Final = "report.html"
MARKDOWN: Final = "README.md"
PAIRS: Final = "pairs.parquet"
_ROWS: Final = 60  # of a table that the report shows; the parquet files hold all

_STYLE: Final = """
:root { color-scheme: light dark; --line: #8884; }
body { font: 16px/1.5 "IBM Plex Sans", system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.875rem; }
th, td { padding: 0.2rem 0.6rem; text-align: right; border-bottom: 1px solid var(--line); }
caption { text-align: left; padding: 0.5rem 0; }
"""


def write_report(folder: Path, found: Audit, title: str) -> list[Section]:
    """Writes ``report.html``, ``README.md``, ``pairs.parquet`` and ``suspects.parquet``, and returns the sections.

    Raises:
        FerError: the folder cannot be written.
    """
    parts = sections(found)
    write_text(folder / HTML, as_html(parts, title))
    write_text(folder / MARKDOWN, as_markdown(parts, title))
    for name, table in ((PAIRS, found.pairs), (SUSPECTS, found.suspects)):
        _write_parquet(folder / name, table)
    return parts


def as_html(parts: Sequence[Section], title: str) -> str:
    """The page with its script inside (4 MB), so that it opens anywhere."""
    body = "\n".join(_section_as_html(part) for part in parts)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style><script>{get_plotlyjs()}</script></head>"
        f"<body><h1>{escape(title)}</h1>\n{body}</body></html>\n"
    )


def as_markdown(parts: Sequence[Section], title: str) -> str:
    """The sentences and tables without the figures, small enough to be read beside the code."""
    blocks = [f"# {title}"]
    for part in parts:
        blocks += [f"## {part.title}", *part.sentences]
        if part.table is not None:
            blocks += [_caption(part), _table_as_markdown(part.table.head(_ROWS))]
    return "\n\n".join(blocks) + "\n"


def _section_as_html(part: Section) -> str:
    text = "".join(f"<p>{escape(sentence)}</p>" for sentence in part.sentences)
    drawn = "" if part.figure is None else part.figure.to_html(full_html=False, include_plotlyjs=False)
    table = ""
    if part.table is not None:
        rows = part.table.head(_ROWS).to_html(border=0, escape=True)
        table = rows.replace("<thead>", f"<caption>{escape(_caption(part))}</caption><thead>", 1)
    return f'<section><h2>{escape(part.title)}</h2>{text}{drawn}<div class="wide">{table}</div></section>'


def _caption(part: Section) -> str:
    n = 0 if part.table is None else len(part.table)
    return part.caption if n <= _ROWS else f"{part.caption} The first {_ROWS} of {n:,}; {part.file} holds all."


def _table_as_markdown(table: pd.DataFrame) -> str:
    head = [str(table.index.name or ""), *map(str, table.columns)]
    lines = [head, ["---"] + ["---:"] * len(table.columns)]
    lines += [[str(row[0]), *map(_cell, row[1:])] for row in table.itertuples()]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _write_parquet(path: Path, table: pd.DataFrame) -> None:
    write_atomically(path, lambda temporary: table.to_parquet(temporary, index=False))
