"""What is said of the tested map."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from fer_explain.ui.shell.texts import Texts

if TYPE_CHECKING:
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


def note(told: str) -> str:
    """One line."""
    return f'<p class="fer-small">{escape(told)}</p>'
