"""The model card: what the Hub can parse, what a reader must find, and when there is none."""

from dataclasses import replace

import numpy as np
import pytest
from huggingface_hub import ModelCard

from fer_explain.benchmark.metrics import evaluate, headline
from fer_explain.emotions import LABELS
from fer_explain.errors import FerError
from fer_explain.hub.card import model_card, write_card
from fer_explain.hub.checkpoint import CheckpointConfig, write_config
from fer_explain.types import InputSpec

PROVENANCE = {
    "recipe": "modern",
    "seed": 3,
    "epochs": 12,
    "selected_on": "validation",
    "data": {"name": "fer2013", "fingerprint": {"train": "0123abcd"}},
}
CONFIG = CheckpointConfig("emonext_atto", LABELS, InputSpec(64), temperature=1.25, provenance=PROVENANCE)


def _metrics(*splits: str, tta: str = "none") -> dict:
    labels = np.arange(210) % 7
    logits = np.random.default_rng(0).normal(size=(210, 7)) + 2 * np.eye(7)[labels]
    scores = evaluate(logits, labels, LABELS, bootstrap=20).to_dict()
    return {"splits": dict.fromkeys(splits, scores), "temperature": 1.25, "settings": {"tta": tta}}


def test_front_matter_holds_the_scores_the_hub_shows():
    metrics = _metrics("validation", "test")
    data = ModelCard(model_card("my_face", CONFIG, metrics)).data
    assert (data.license, data.library_name, data.model_name) == ("apache-2.0", "fer-explain", "my_face")
    assert data.pipeline_tag == "image-classification"
    found = {(result.dataset_split, result.metric_name): result for result in data.eval_results}
    assert found["test", "Accuracy"].metric_value == metrics["splits"]["test"]["accuracy"]
    assert found["test", "Accuracy"].metric_args == {
        "n": 210,
        "interval_95": metrics["splits"]["test"]["intervals"]["accuracy"],
    }
    assert found["validation", "Macro F1"].dataset_name == "fer2013"


def test_a_reader_finds_number_class_recipe_data_and_limits():
    metrics = _metrics("validation", "test", tta="flip")
    text = model_card("my_face", CONFIG, metrics)
    assert f"**Accuracy {headline(metrics)}**" in text
    assert "Test-time augmentation: flip." in text
    disgust = metrics["splits"]["test"]["classes"]["disgust"]
    assert f"| disgust | {100 * disgust['precision']:.1f} % | {100 * disgust['recall']:.1f} %" in text
    for fact in ("| recipe | modern |", "| data.fingerprint.train | 0123abcd |", "| calibration temperature | 1.250 |"):
        assert fact in text
    for limit in ("not a feeling", "Article 5(1)(f)", "Apache-2.0", "64 x 64 pixels, colours dropped"):
        assert limit in text


def test_every_table_is_rectangular():
    for block in model_card("my_face", CONFIG, _metrics("validation", "test")).split("\n\n"):
        if block.startswith("|"):
            assert len({line.count(" | ") for line in block.splitlines()}) == 1, block


@pytest.mark.parametrize("selected_on", ["test", ["validation", "test"], None])
def test_refuses_a_model_that_test_data_may_have_selected(selected_on):
    config = replace(CONFIG, provenance=PROVENANCE | {"selected_on": selected_on})
    with pytest.raises(FerError, match="No model card for 'my_face'"):
        model_card("my_face", config, _metrics("test"))


def test_refuses_a_model_that_does_not_say_how_it_was_selected():
    with pytest.raises(FerError, match="unknown split"):
        model_card("my_face", replace(CONFIG, provenance={"epochs": 1}), {})


def test_without_test_score_it_says_so():
    assert "**Not yet evaluated on a test split.**" in model_card("my_face", CONFIG, _metrics("validation"))
    bare = model_card("my_face", CONFIG, {})
    assert "## Results" not in bare
    assert ModelCard(bare).data.eval_results is None


def test_an_untrained_network_is_called_untrained():
    assert "**Untrained**" in model_card("my_face", replace(CONFIG, provenance={}), {})


def test_foreign_metrics_are_refused():
    with pytest.raises(FerError, match="not metrics"):
        model_card("my_face", CONFIG, {"splits": {"test": {"accuracy": 1}}})


def test_written_from_the_folder(tmp_path):
    folder = tmp_path / "my_face"
    write_config(folder, CONFIG)
    assert write_card(folder).read_text().startswith("---\n")
    assert "# my_face" in (folder / "README.md").read_text()
