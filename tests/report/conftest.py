from __future__ import annotations

import pytest

from fer_explain.analyzer import Analyzer
from fer_explain.faces.drawn import draw_face
from fer_explain.report import Report, make_report


@pytest.fixture(scope="session")
def analyzer() -> Analyzer:
    return Analyzer()


@pytest.fixture(scope="session")
def report(analyzer: Analyzer) -> Report:
    """A small network with a spatial transformer and gates, two explanations, one of them signed; not tested."""
    return make_report(
        analyzer,
        draw_face("surprise", size=150, rotation=12).pixels,
        model="emonext_nano",
        method=["gradcam", "saliency"],
        target="fear",
        receipts=False,
    )
