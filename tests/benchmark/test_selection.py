import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from sklearn.metrics import log_loss

from fer_explain.benchmark.saved import Saved
from fer_explain.benchmark.selection import Selection, disagreement, losses, select
from fer_explain.errors import FerError

ROWS = np.array([10, 11, 12, 13, 14])
LABELS = np.array([0, 0, 1, 1, 2])


def saved(name: str, said: list[int], sure: float = 2.0) -> Saved:
    return Saved(name, "test", ROWS, LABELS, sure * np.eye(3)[said], 1.0, ("a", "b", "c"))


ONE, TWO = saved("one", [0, 1, 1, 2, 2]), saved("two", [0, 0, 1, 2, 1])
BOTH = [ONE, TWO]


def rows(wanted: Selection, **known: np.ndarray) -> list[int]:
    return sorted(select(BOTH, wanted, **known).tolist())


def test_a_cell_holds_its_faces() -> None:
    assert rows(Selection("one", true=0, said=1)) == [11]
    assert rows(Selection("two", true=0, said=0)) == [10, 11]
    assert rows(Selection("one", true=2, said=0)) == []


def test_a_cell_of_a_difference_holds_the_faces_of_exactly_one_model() -> None:
    assert rows(Selection("one", true=0, said=0, against="two")) == [11]
    assert rows(Selection("two", true=2, said=1, against="one")) == [14]
    assert rows(Selection("one", true=1, said=1, against="two")) == []


def test_right_wrong_and_disputed() -> None:
    assert rows(Selection("one", outcome="right")) == [10, 12, 14]
    assert rows(Selection("one", outcome="wrong")) == [11, 13]
    assert rows(Selection("one", outcome="disagree")) == [11, 14]


def test_confidence_counts_with_its_ends() -> None:
    confidence = ONE.probabilities.max(axis=1)
    assert len(rows(Selection("one", low=confidence.min(), high=confidence.max()))) == 5
    assert rows(Selection("one", low=confidence.max() + 1e-6)) == []


def test_duplicates_and_disputed_labels() -> None:
    leaked = np.array([11, 14])
    assert rows(Selection("one", duplicates=True), leaked=leaked) == [11, 14]
    assert rows(Selection("one", duplicates=False), leaked=leaked) == [10, 12, 13]
    assert rows(Selection("one", disputed=True), disputed=np.array([12])) == [12]


def test_what_is_not_known_cannot_be_asked() -> None:
    with pytest.raises(FerError, match="which test images have duplicates"):
        select(BOTH, Selection("one", duplicates=True))
    with pytest.raises(FerError, match="votes of FER"):
        select(BOTH, Selection("one", disputed=True))
    with pytest.raises(FerError, match=r"no model 'three'.*one, two"):
        select(BOTH, Selection("three"))


def test_the_largest_comes_first() -> None:
    logits = np.array([[0, 1, 0], [0, 4, 0], [0, 9, 0], [0, 2, 0], [0, 3, 0]], float)
    model = Saved("one", "test", ROWS, LABELS, logits, 1.0, ("a", "b", "c"))
    assert select([model], Selection("one", outcome="wrong")).tolist() == [11, 14, 10]
    assert select([model], Selection("one", order="row")).tolist() == ROWS.tolist()
    assert select(BOTH, Selection("one", order="disagreement")).tolist()[:2] == [11, 14]


def test_losses_are_those_of_scikit_learn() -> None:
    assert losses(ONE).mean() == pytest.approx(log_loss(LABELS, ONE.probabilities))


def test_disagreement_is_the_jensen_shannon_divergence() -> None:
    p, q = (model.probabilities for model in (ONE, saved("two", [0, 0, 1, 2, 1], sure=0.5)))
    apart = disagreement([ONE, saved("two", [0, 0, 1, 2, 1], sure=0.5)])
    np.testing.assert_allclose(apart, [jensenshannon(a, b) ** 2 for a, b in zip(p, q, strict=True)])
    np.testing.assert_allclose(disagreement([ONE, ONE]), 0, atol=1e-12)
