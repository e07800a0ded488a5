"""No picture of a visitor outlives its use: every array of pixels is watched by a weak reference."""

from __future__ import annotations

import ast
import gc
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fer_explain.analyzer import Analyzer
from fer_explain.errors import FerError
from fer_explain.explain.faithfulness import make_receipt
from fer_explain.explain.region_audit import audit_regions
from fer_explain.faces import detect, photo
from fer_explain.faces.drawn import draw_face
from fer_explain.report import make_report

MODEL = "sequential_cnn_compact"
ROOT = Path(__file__).resolve().parents[1]


class Watch:
    """Weak references to all pixels that were opened or cut out."""

    def __init__(self) -> None:
        self.seen: list[weakref.ref[np.ndarray]] = []

    def mark(self, pixels: np.ndarray) -> None:
        self.seen.append(weakref.ref(pixels))

    def alive(self) -> int:
        gc.collect()
        return sum(reference() is not None for reference in self.seen)


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    watching = Watch()
    opened = photo.open_photo

    def open_photo(source: object) -> np.ndarray:
        pixels = opened(source)
        watching.mark(pixels)
        return pixels

    monkeypatch.setattr(photo, "open_photo", open_photo)
    cut = detect.crop_face

    def crop_face(*arguments: object, **named: object) -> object:
        face = cut(*arguments, **named)
        watching.mark(face.pixels)
        return face

    monkeypatch.setattr(detect, "crop_face", crop_face)
    yield watching
    assert watching.seen, "nothing was watched"


def picture() -> np.ndarray:
    return np.array(draw_face("happy").pixels)


def test_analysis_and_what_follows(watch: Watch) -> None:
    analyzer = Analyzer()
    for _ in range(3):
        result = analyzer.analyze(picture(), MODEL, whole_image=True)
        face = result.faces[0].face
        make_receipt(analyzer, face, MODEL)
        audit_regions(analyzer, face, MODEL, "gradcam", None)
        analyzer.stability(face, MODEL)
        make_report(analyzer, picture(), model=MODEL, whole_image=True, receipts=False)
        del result, face
    assert watch.alive() == 0


def test_photos_without_the_preferred_detector(watch: Watch) -> None:
    """Offline, YuNet is refused for every photo: what says so must not keep the photos."""
    analyzer = Analyzer()
    for side in (64, 80, 96):
        analyzer.detect(np.full((side, side, 3), 90, np.uint8))
        analyzer.detect(picture())
    assert watch.alive() == 0


def test_failures(watch: Watch) -> None:
    analyzer = Analyzer()
    for _ in range(2):
        with pytest.raises(FerError):
            analyzer.analyze(picture(), MODEL, target="no such class", whole_image=True)
        with pytest.raises(FerError):
            analyzer.analyze(picture(), MODEL, method="no such method", whole_image=True)
    assert watch.alive() == 0


def test_work_that_is_stopped_or_fails_on_its_way(watch: Watch) -> None:
    from fer_explain.explain.turns import in_steps

    analyzer = Analyzer()
    face = analyzer.analyze(picture(), MODEL, whole_image=True).faces[0].face
    steps = analyzer.explain_in_steps([face], MODEL, "occlusion")
    next(steps)
    steps.close()

    def failing(report: object, held: np.ndarray = face.pixels) -> None:
        raise ValueError(held.shape)

    with pytest.raises(ValueError, match="3"):
        for _ in in_steps(failing):
            pass
    del face, steps, failing
    assert watch.alive() == 0


def _caches(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            names = {ast.unparse(decorator).split("(")[0].split(".")[-1] for decorator in node.decorator_list}
            if names & {"cache", "lru_cache", "cached_property"}:
                yield node


@pytest.mark.parametrize("path", sorted((ROOT / "fer_explain").rglob("*.py")), ids=lambda path: path.stem)
def test_no_cache_holds_an_exception_or_takes_pixels(path: Path) -> None:
    for function in _caches(ast.parse(path.read_text(encoding="utf-8"))):
        returned = ast.unparse(function.returns) if function.returns else ""
        assert "Error" not in returned, function.name
        assert "Exception" not in returned, function.name
        taken = {ast.unparse(argument.annotation) for argument in function.args.args if argument.annotation}
        assert not taken & {"Pixels", "Face", "Detection", "Analysis", "FaceAnalysis"}, function.name


@pytest.mark.parametrize("path", sorted((ROOT / "fer_explain").rglob("*.py")), ids=lambda path: path.stem)
def test_no_attribute_or_module_keeps_an_exception(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for handler in (node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and node.name):
        for node in ast.walk(handler):
            if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Name):
                continue
            kept = [target for target in node.targets if isinstance(target, ast.Attribute | ast.Subscript)]
            assert node.value.id != handler.name or not kept, f"line {node.lineno} keeps an exception"
