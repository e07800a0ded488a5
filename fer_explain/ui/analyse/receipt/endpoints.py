"""Tests of a map, for the programming interface."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fer_explain.analyzer import Analyzer
from fer_explain.ui.shell import endpoints

if TYPE_CHECKING:
    pass


def offer_receipt(analyzer: Analyzer) -> None:
    """Adds the test of a map."""

    def receipt(photo: str, model: str = "", method: str = "gradcam", target: str = "") -> list[dict[str, Any]]:
        """Puts the explanation of each face of a photo to the test: should one believe where it points?

        Args:
            photo: the image file.
            model: name of a model, see list_models; empty for the default one.
            method: name of an explanation, see list_methods.
            target: the expression to explain, e.g. happy; empty for the predicted one.

        Returns:
            for each face a verdict, its checks with rule, value and rivals, and the curves behind them.
        """
        from fer_explain.explain.faithfulness import make_receipt  # imports torch

        question = model or None, method or "gradcam", target or None
        return [make_receipt(analyzer, face, *question).to_json() for face in analyzer.detect(photo).faces]

    endpoints.endpoint(receipt, [endpoints.photo(), *endpoints.question()])
