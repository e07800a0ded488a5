"""What is said of the tested map."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from fer_explain.ui.analyse.receipt.view import MARKS
from fer_explain.ui.shell.texts import Texts

if TYPE_CHECKING:
    from fer_explain.explain.faithfulness import Receipt
    from fer_explain.explain.tested import Explanations


def sentence(found: Explanations | None, texts: Texts, *, own: bool = False) -> str:
    """How often the tested map holds, beside Grad-CAM on the same faces; ``own``: it is the map that was chosen."""
    if found is None:
        return note(texts("tested.none"))
    best, quick = found.best, found.quick
    numbers = {"share": round(100 * best.holds), "n": best.n}
    if quick is None or quick is best:
        told = texts("tested.alone", **numbers)
    else:
        told = texts("tested.holds", **numbers, quick=round(100 * quick.holds))
    return note(f"{texts('tested.own')} {told}" if own else told)


def verdicts(first: Receipt | None, tested: Receipt | None, texts: Texts) -> str:
    """How each map did on this face, under the map, and what that means; None: not tested, or there is no such map."""
    told = "".join(_verdict(receipt, texts) for receipt in (first, tested))
    if first is None or tested is None:
        return f'<div class="fer-verdicts">{told}</div>'
    meaning = {(False, True): "only_tested", (True, False): "only_first", (True, True): "both"}
    key = meaning.get((first.ok, tested.ok), "neither")
    return f'<div class="fer-verdicts" data-says="{key}">{told}</div>{note(texts(f"tested.{key}"))}'


def _verdict(receipt: Receipt | None, texts: Texts) -> str:
    if receipt is None:
        return "<p></p>"
    told = texts("tested.passed" if receipt.ok else "tested.failed", passed=receipt.passed, total=len(receipt.checks))
    return f'<p data-ok="{str(receipt.ok).lower()}" class="fer-mark">{MARKS[receipt.ok]} {escape(told)}</p>'


def note(told: str) -> str:
    """One line."""
    return f'<p class="fer-small">{escape(told)}</p>'
