"""The page of a report: complete, escaped, and without a single address outside itself."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from plotly.offline import get_plotlyjs

from fer_explain.analyzer import Analyzer
from fer_explain.errors import FerError
from fer_explain.explain.faithfulness import Check, Curve, Receipt
from fer_explain.faces.drawn import draw_face
from fer_explain.report import Report, to_html, words, write_report


@pytest.fixture(scope="module")
def page(report: Report) -> str:
    """The text without the library that draws the figures."""
    return without_library(to_html(report))


def without_library(html: str) -> str:
    first, library, *rest = re.split(r"(?<=<script>)", html)[:1] + re.split(r"(?<=<script>)", html)[1:]
    longest = max([first, library, *rest], key=len)
    return html.replace(longest[: longest.index("</script>")], "")


def test_all_parts_are_there(report: Report, page: str) -> None:
    label = report.faces[0].prediction.label
    assert f"Expression report: {label}" in page
    for text in ("Grad-CAM", "Saliency", "Parts of the face", "spatial transformer", "gates", "Limits", "theta ="):
        assert text in page
    assert report.facts.weights in page
    assert page.count('class="plotly-graph-div"') == 1 + 2 + 1  # probabilities, two audits, the last gate
    assert "not put to the test" in page


def test_nothing_outside_is_asked_for(page: str) -> None:
    assert not re.findall(r"""(?:src|href|action|data)\s*=\s*["']?(?!data:)[^"'#\s>]+:""", page)
    assert "default-src 'none'" in page
    assert "url(" not in page
    assert not re.findall(r"@import|<link|<iframe|<base", page)


def test_every_picture_says_what_it_shows(page: str) -> None:
    pictures = re.findall(r"<img [^>]*>", page)
    assert len(pictures) == 1 + 2 * 2 + 2
    assert all(re.search(r'alt="[^"]{8,}"', picture) for picture in pictures)
    assert len(re.findall(r'<figure role="img" aria-label="[^"]{8,}"', page)) == 4
    assert 'role="img" aria-label="The photo, with 1 face marked"' in page


def test_what_a_checkpoint_says_is_escaped(report: Report) -> None:
    evil = "<script>alert('x')</script>"
    facts = replace(report.facts, name=evil, provenance={"recipe": f'"><img src=x onerror=1>{evil}'}, detector=evil)
    check = Check("road", False, 0.1, evil, limit=0.5)
    receipt = Receipt(evil, "gradcam", 2, 0.5, [check], {"road": Curve((0.0, 1.0), (0.9, 0.1))}, 0.1)
    face = report.faces[0]
    tested = replace(face, explanations=[replace(face.explanations[0], title=evil, receipt=receipt)])
    page = without_library(to_html(replace(report, facts=facts, faces=[tested])))
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert page.count("&lt;script&gt;alert") >= 5
    assert "✗ failed" in page


def test_a_tested_map_has_its_curves_beside_those_of_its_rivals(report: Report) -> None:
    check = Check("infidelity", True, 0.2, "a rule", random=(0.4,), centre=0.5, higher_is_better=False)
    line = Curve((0.0, 0.5, 1.0), (0.9, 0.4, 0.1), random=((0.9, 0.7, 0.1), (0.9, 0.6, 0.1)), centre=(0.9, 0.5, 0.1))
    curves = dict.fromkeys(("deletion", "insertion", "road", "randomisation"), line)
    receipt = Receipt("m", "gradcam", 2, 0.9, [check], curves, 0.1)
    face = report.faces[0]
    tested = replace(face, explanations=[replace(face.explanations[0], receipt=receipt)])
    whole = to_html(replace(report, faces=[tested]))
    page = without_library(whole)
    assert whole.count(get_plotlyjs()[:200]) == 1, "the library is inlined once"
    assert page.count('class="plotly-graph-div"') == 1 + 3 + 1 + 1  # probabilities, curves, audit, the last gate
    for caption in words.CURVES.values():
        assert f'aria-label="Curves: {caption}"' in page
    assert "passed 1 of 1 checks" in page
    assert "sums under squares (infidelity)" in page


def test_untrained_weights_are_called_that(report: Report) -> None:
    assert "This network is untrained" in to_html(replace(report, facts=replace(report.facts, trained=False)))
    assert "This network is untrained" not in to_html(report)


def test_files_are_written_whole_or_not_at_all(analyzer: Analyzer, tmp_path: Path) -> None:
    drawn = draw_face("happy", size=110).pixels
    html, numbers = tmp_path / "a.html", tmp_path / "a.json"
    write_report(analyzer, drawn, html, model="convnext_nano", json_path=numbers, receipts=False)
    assert html.read_text().startswith("<!doctype html>")
    assert numbers.read_text().startswith('{"format": "fer_explain report 1"')
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.html", "a.json"]
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(FerError, match=r"folder\.html could not be written"):
        write_report(analyzer, drawn, tmp_path / "folder.html", model="convnext_nano", receipts=False)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
