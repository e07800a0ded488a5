"""The model card: what the Hub can parse, what a reader must find, and when there is none."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from huggingface_hub import ModelCard
from matplotlib.figure import Figure
from PIL import Image

from fer_explain.benchmark.further import UNLEAKED, Further
from fer_explain.benchmark.metrics import evaluate, headline, read_splits
from fer_explain.emotions import LABELS
from fer_explain.errors import FerError
from fer_explain.hub.card import model_card, write_card
from fer_explain.hub.checkpoint import CheckpointConfig, write_config
from fer_explain.hub.confusion import draw_confusion
from fer_explain.hub.files import write_text
from fer_explain.hub.folder import METRICS
from fer_explain.types import InputSpec

PROVENANCE = {
    "recipe": "modern",
    "seed": 3,
    "epochs": 12,
    "selected_on": "validation",
    "data": {"name": "fer2013", "fingerprint": {"train": "0123abcd"}},
}
CONFIG = CheckpointConfig("emonext_nano", LABELS, InputSpec(64), temperature=1.25, provenance=PROVENANCE)


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


def test_the_way_to_use_it_names_it_as_it_is_found():
    text = model_card("org/my_face", CONFIG, {})
    assert "\n# my_face\n" in text
    assert 'fx.Analyzer(checkpoints=["org/my_face"])' in text
    assert 'model="org/my_face"' in text
    assert ModelCard(text).data.model_name == "my_face"


def test_it_does_not_say_that_the_test_split_was_never_looked_at_before():
    text = model_card("my_face", CONFIG, _metrics("validation", "test"))
    assert "Epoch and temperature were chosen on the validation split; the test split was read after training." in text
    assert "once" not in text


def test_what_was_measured_otherwise_is_listed_apart_from_the_results():
    metrics = _metrics("validation", "test")
    scores = read_splits(metrics)["test"]
    measured = [
        Further("", "test", scores, "ten_crop"),
        Further("", "test", scores, part=UNLEAKED),
        Further("raf db", "test", scores, left_out={"contempt": 1200}),
    ]
    assert "## Further measurements" not in model_card("my_face", CONFIG, metrics)
    text = model_card("my_face", CONFIG, metrics | {"further": {one.name: one.to_dict() for one in measured}})
    results, further = text.split("## Further measurements")
    assert "ten_crop" not in results
    accuracy = f"{100 * scores.accuracy:.1f} %"
    assert f"| own | test | 210 | ten_crop | {accuracy}" in further
    assert f"| own | test, without leaks | 210 | none | {accuracy}" in further
    assert f"| raf db | test | 210 | none | {accuracy}" in further
    assert "1,200 contempt |" in further


def test_the_picture_shows_the_counts_of_the_table(tmp_path, monkeypatch):
    scores = read_splits(_metrics("test"))["test"]
    drawn = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, path, **_: (drawn.append(figure), path.touch()))
    draw_confusion(tmp_path / "confusion.png", scores, "test split")
    axes = drawn[0].axes[0]
    assert [int(text.get_text().split("\n")[0]) for text in axes.texts] == [n for row in scores.confusion for n in row]
    assert [label.get_text() for label in axes.get_yticklabels()] == list(LABELS)
    np.testing.assert_allclose(axes.images[0].get_array().sum(axis=1), 1)


def test_written_from_the_folder(tmp_path):
    folder = tmp_path / "my_face"
    write_config(folder, CONFIG)
    assert write_card(folder).read_text().startswith("---\n")
    assert "# my_face" in (folder / "README.md").read_text()
    assert not (folder / "confusion.png").exists(), "there is nothing to draw yet"
    write_text(folder / METRICS, json.dumps(_metrics("validation", "test")))
    text = write_card(folder).read_text()
    (picture,) = re.findall(r"!\[[^]]+\]\((.+)\)", text)
    assert Image.open(folder / picture).format == "PNG"


class TestOrigin:
    teachers = ({"name": "big", "fingerprint": "01"}, {"name": "other", "fingerprint": "02"})

    def text(self, **provenance: object) -> str:
        return model_card("my_face", replace(CONFIG, provenance=PROVENANCE | provenance), {})

    def test_from_scratch_or_from_pretrained_weights(self) -> None:
        assert "Trained from scratch by recipe `modern`.\n" in self.text()
        assert "Fine-tuned from `lite0` by recipe `modern`.\n" in self.text(pretrained="lite0")
        assert "Fine-tuned from timm's pretrained weights by" in self.text(pretrained=True)

    def test_further_training_names_what_it_went_on_from(self) -> None:
        assert "Trained on from `big` by" in self.text(starts=self.teachers[:1])
        starts = (self.teachers[0], *self.teachers)
        assert "Trained on from the mean of `big` (2 x), `other` by" in self.text(starts=starts)

    def test_teachers_votes_and_stored_bits_are_named(self) -> None:
        text = self.text(teachers=self.teachers, config={"distill": 0.5, "votes": 0.3}, stored={"weights": "int8"})
        assert ", distilled from `big` and `other` (share of the loss: 0.5), with the votes of FER+'s" in text
        assert "Stored in eight bits" in text
        assert "| teachers | big 01, other 02 |" in text
