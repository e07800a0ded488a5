"""The embedded checkpoints: complete, honestly made, and still giving the predictions that were measured."""

import os

import numpy as np
import pandas as pd
import pytest
from safetensors import safe_open
from scipy.special import softmax

from fer_explain.benchmark.further import read_further
from fer_explain.benchmark.metrics import evaluate, headline, read_splits
from fer_explain.emotions import LABELS
from fer_explain.hub.card import model_card
from fer_explain.hub.checkpoint import load_checkpoint, read_config, read_metrics
from fer_explain.hub.disturbed import read_disturbed
from fer_explain.hub.folder import (
    CALIBRATION,
    CARD,
    DEFAULT,
    EMBEDDED,
    EXPLANATIONS,
    HISTORY,
    PREDICTIONS,
    WEIGHTS,
    list_checkpoints,
)
from fer_explain.hub.history import read_history
from fer_explain.hub.predictions import read_saved
from fer_explain.hub.quantized import is_scale
from fer_explain.hub.remote import FILES
from fer_explain.hub.results import find_results

NAMES = list_checkpoints()
TEST_IMAGES = 3589


def test_the_default_its_rival_and_the_baseline_are_there():
    assert {DEFAULT, "emonext_nano", "convnext_nano"} <= set(NAMES)


def test_the_champion_reaches_71_and_a_half_percent_on_the_official_test_images():
    found = headline(read_metrics(EMBEDDED / "stn_se_mobilenetv1"))
    assert found is not None
    assert (found.n, found.tta) == (TEST_IMAGES, "none")
    assert found.accuracy >= 0.715


def test_the_default_is_right_on_votes_and_on_press_photos():
    further = read_further(read_metrics(EMBEDDED / DEFAULT))
    assert further["ferplus-test"].scores.accuracy >= 0.84
    assert further["press-validation"].scores.accuracy >= 0.78
    assert further["press-validation"].scores.classes["neutral"].recall >= 0.75


def test_the_defaults_temperature_and_sets_are_those_of_photos():
    found = find_results(DEFAULT)
    assert found.rule is not None
    assert found.rule.n == len(read_saved(DEFAULT, "calibration").labels)
    told = read_config(EMBEDDED / DEFAULT).provenance["calibration"]
    assert sum(told["n"]) == found.rule.n


@pytest.mark.parametrize("name", NAMES)
class TestEmbedded:
    def test_folder_is_exactly_a_hub_repository(self, name):
        folder = EMBEDDED / name
        there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
        calibrated = f"{PREDICTIONS}/{CALIBRATION}.parquet"
        assert (calibrated in there) == ("calibration" in read_config(folder).provenance)
        further = {f"{PREDICTIONS}/{key}.parquet" for key in read_further(read_metrics(folder))}
        exported = {path for path in there if path.startswith("device/")}  # for the browser; stays in this repository
        assert exported in (set(), {"device/manifest.json", "device/model.onnx"})
        assert (there - further - exported) | {calibrated, EXPLANATIONS} == set(FILES)

    def test_all_were_disturbed_on_the_same_faces(self, name):
        found, own = read_disturbed(EMBEDDED / name), read_disturbed(EMBEDDED / DEFAULT)
        assert found is not None
        assert own is not None
        assert (found.split, found.n, found.seed) == (own.split, own.n, own.seed)

    def test_trained_on_train_selected_on_validation(self, name):
        config = read_config(EMBEDDED / name)
        assert config.trained
        assert config.label_names == LABELS
        assert config.provenance["selected_on"] == "validation"
        told = config.provenance
        assert told["data"]["n"] == (33620 if "press" in told["data"]["name"] else 28709)
        epochs = pd.read_csv(EMBEDDED / name / HISTORY)
        kept = len(epochs) if told["config"].get("keep") == "last" else epochs["validation_accuracy"].idxmax() + 1
        assert kept == told["epochs"]
        history = read_history(EMBEDDED / name)
        assert history is not None
        assert history.epochs[history.kept] == told["epochs"]  # what the page says was kept is what was

    def test_weights_are_half_precision_or_eight_bits(self, name):
        with safe_open(EMBEDDED / name / WEIGHTS, framework="pt") as file:
            types = {key: file.get_slice(key).get_dtype() for key in file.keys()}  # noqa: SIM118
        scales = {key for key in types if is_scale(key, types)}
        assert {types[key] for key in scales} <= {"F32"}
        assert {types[key] for key in types.keys() - scales} <= {"F16", "I8", "I64"}

    def test_eight_bits_cost_less_than_a_third_of_a_point(self, name):
        stored = read_config(EMBEDDED / name).provenance.get("stored")
        if stored:
            now = headline(read_metrics(EMBEDDED / name), "validation")
            assert now is not None
            assert stored["validation_accuracy_before"] - now.accuracy < 0.003

    def test_metrics_follow_from_the_saved_predictions(self, name):
        config = read_config(EMBEDDED / name)
        for split, scores in read_splits(read_metrics(EMBEDDED / name)).items():
            table = pd.read_parquet(EMBEDDED / name / PREDICTIONS / f"{split}.parquet")
            again = evaluate(table.filter(like="logit_"), table["label"], LABELS, config.temperature)
            assert again.confusion == scores.confusion, split
            assert again.intervals.keys() == scores.intervals.keys()
            for field, interval in scores.intervals.items():
                assert getattr(again, field) == pytest.approx(getattr(scores, field), abs=1e-6), (split, field)
                assert again.intervals[field] == pytest.approx(interval, abs=1e-6), (split, field)

    def test_card_is_the_one_of_its_config_and_metrics(self, name):
        folder = EMBEDDED / name
        assert (folder / CARD).read_text() == model_card(
            name, read_config(folder), read_metrics(folder), read_disturbed(folder)
        )

    @pytest.mark.skipif("FER_EXPLAIN_DATA" not in os.environ, reason="needs FER2013: set FER_EXPLAIN_DATA")
    def test_gives_the_predictions_that_were_measured(self, name):
        from training.data import ImageForm, load_split
        from training.validation import predict

        checkpoint = load_checkpoint(name)
        spec = checkpoint.config.input
        faces = load_split(os.environ["FER_EXPLAIN_DATA"], "test", ImageForm(spec.gray, spec.size)).head(64)
        saved = pd.read_parquet(checkpoint.folder / PREDICTIONS / "test.parquet").head(64)
        np.testing.assert_array_equal(faces.rows, saved["row"])
        logits = predict(checkpoint.model, faces, spec).numpy()
        np.testing.assert_allclose(softmax(logits, 1), softmax(saved.filter(like="logit_").to_numpy(), 1), atol=2e-3)
