"""The receipt of a heat map: one line, and the numbers behind it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from fer_explain.figures.receipt import BAND, OWN
from fer_explain.figures.style import INK
from fer_explain.ui.shell.texts import Texts

if TYPE_CHECKING:
    from fer_explain.explain.faithfulness import Check, Receipt

MARKS: Final = {
    True: '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="m4.5 12.5 5 5 10-11"/></svg>',
    False: '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="m6 6 12 12M18 6 6 18"/></svg>',
}


def receipt_line(receipt: Receipt, texts: Texts) -> str:
    """The verdict: a mark, how many checks were passed, and a plain sentence for each that was not."""
    head = texts("receipt.line", passed=receipt.passed, total=len(receipt.checks))
    reasons = [texts(f"receipt.{check.name}.failed") for check in receipt.failed]
    rest = [texts("receipt.caveat")] if receipt.ok else [*reasons, texts("receipt.doubt")]
    return (
        f'<div class="fer-receipt" data-ok="{str(receipt.ok).lower()}" role="status">{MARKS[receipt.ok]}'
        f"<p><b>{escape(head)}</b></p>{''.join(f'<p>{escape(sentence)}</p>' for sentence in rest)}</div>"
    )


def working(share: float, texts: Texts) -> str:
    """How far the test is; ``share`` in 0..1."""
    percent = round(100 * share)
    return (
        f'<div class="fer-receipt fer-working"><p>{escape(texts("receipt.working"))} {percent} %</p>'
        f'<progress max="100" value="{percent}" aria-label="{escape(texts("receipt.working"))}"></progress></div>'
    )


def note(sentence: str) -> str:
    """Why there is no receipt."""
    return f'<p class="fer-note" role="status">{escape(sentence)}</p>'


def check_table(receipt: Receipt, texts: Texts) -> str:
    """Every check with its rule and its numbers."""
    names = ("check", "value", "random", "centre", "bar")
    head = "".join(f"<th>{escape(texts(f'receipt.{name}'))}</th>" for name in names)
    rows = "".join(_row(check, texts) for check in receipt.checks)
    random = max(len(check.random) for check in receipt.checks)
    took = texts("receipt.took", seconds=f"{receipt.seconds:.1f}", randoms=random)
    return (
        f'<div class="fer-checks"><table class="fer-table"><thead><tr>{head}<th></th></tr></thead>'
        f'<tbody>{rows}</tbody></table></div><p class="fer-small">{escape(took)}</p>'
    )


def curve_key(texts: Texts) -> str:
    """What the lines of the curves are."""
    styles = {
        "map": f"border-top:3px solid {OWN}",
        "random": f"height:12px;background:{BAND}",
        "centre": f"border-top:2px dashed {INK}",
    }
    entries = "".join(
        f'<span><i style="{style}"></i>{escape(texts(f"receipt.key.{name}"))}</span>' for name, style in styles.items()
    )
    return f'<p class="fer-key">{entries}</p>'


def _row(check: Check, texts: Texts) -> str:
    random = f"{min(check.random):.2f} … {max(check.random):.2f}" if check.random else "–"
    centre = "–" if check.centre is None else f"{check.centre:.2f}"
    word = texts("receipt.passed" if check.passed else "receipt.failed")
    return (
        f'<tr data-check="{check.name}" data-ok="{str(check.passed).lower()}">'
        f"<td><b>{escape(texts(f'receipt.{check.name}'))}</b><small>{escape(texts(f'receipt.{check.name}.rule'))}"
        f"</small></td><td><b>{check.value:.2f}</b></td><td>{random}</td><td>{centre}</td>"
        f"<td>{'&gt;' if check.higher_is_better else '&lt;'} {check.bar:.2f}</td>"
        f'<td class="fer-mark">{MARKS[check.passed]} {escape(word)}</td></tr>'
    )
