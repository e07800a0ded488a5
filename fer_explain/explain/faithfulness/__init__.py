"""A test of a heat map: does what it points at matter to the network?

One file per check, each with its rule in the docstring; :mod:`.receipt` puts them together.
"""

from __future__ import annotations

from fer_explain.explain.faithfulness.receipt import examine, kept_receipt, make_receipt
from fer_explain.explain.faithfulness.result import Check, Curve, Receipt

__all__ = ["Check", "Curve", "Receipt", "examine", "kept_receipt", "make_receipt"]
