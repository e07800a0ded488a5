"""The English words of the benchmark's charts, for the report and for the page, which has them in other languages."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

from fer_explain.benchmark.published import FLAGS

ENGLISH: Final = MappingProxyType(
    {
        "bench.confusion.title": "Which expressions are confused?",
        "bench.confusion.hint": "Rows are the true class, columns the predicted one.",
        "bench.classes.title": "How well is each expression recognised?",
        "bench.classes.hint": "Bars are 95 % bootstrap intervals; a class with few images has a wide one.",
        "bench.confidence.title": "Can the confidence be trusted?",
        "bench.confidence.hint": "A set of classes that holds the true one at the chosen rate, when to rather say "
        "nothing, and how often a stated confidence is right.",
        "bench.cost.title": "What does accuracy cost?",
        "bench.cost.hint": "Accuracy with its 95 % interval against the size of the network.",
        "bench.training.title": "How did the training go?",
        "bench.training.hint": "Loss and validation accuracy by epoch; the kept epoch is marked.",
        "bench.habits.title": "What do the inner parts do with each expression?",
        "bench.habits.hint": "Windows of the spatial transformers and weights of the gates, over validation faces.",
        "bench.evidence.title": "Is it really better?",
        "bench.evidence.hint": "Row minus column in points of accuracy; bold where Holm's correction of McNemar's "
        "test and the paired bootstrap interval both say that there is a difference.",
        "bench.claims.title": "What do papers claim?",
        "bench.claims.hint": "Published accuracies beside ours, with the reasons to be careful.",
        "bench.robustness.title": "What survives a worse picture?",
        "bench.robustness.hint": "The same faces in another frame, another light, blurred, noisy or partly hidden. "
        "A good network keeps its answers.",
        "bench.robustness.note": "{n} faces of {split}, drawn with seed {seed}. "
        "The pointer shows the 95 % interval of a cell.",
        "bench.robustness.others": "Measured on other faces, so not shown: {names}.",
        "bench.robustness.accuracy": "Right answers, %",
        "bench.robustness.unchanged": "Answers that stay the same, %",
        "bench.disturbance": "disturbance",
        "bench.strength": "Strength",
        "bench.amount": "amount",
        "bench.disturbance.plain": "As it is",
        "bench.disturbance.frame_in": "Larger",
        "bench.disturbance.frame_out": "Smaller",
        "bench.disturbance.shift": "Shifted",
        "bench.disturbance.rotation": "Turned",
        "bench.disturbance.dark": "Darker",
        "bench.disturbance.bright": "Brighter",
        "bench.disturbance.low_contrast": "Low contrast",
        "bench.disturbance.uneven_light": "Lit from a side",
        "bench.disturbance.blur": "Blurred",
        "bench.disturbance.noise": "Noisy",
        "bench.disturbance.jpeg": "JPEG",
        "bench.disturbance.low_resolution": "Few pixels",
        "bench.disturbance.mirrored": "Mirrored",
        "bench.disturbance.upper_hidden": "Upper part hidden",
        "bench.disturbance.lower_hidden": "Lower part hidden",
        "bench.table": "Numbers",
        "bench.download": "Keep as",
        "bench.shown": "{n} networks on the same {images} images.",
        "bench.true": "true",
        "bench.said": "predicted",
        "bench.model": "model",
        "bench.class": "class",
        "bench.recall": "Recall",
        "bench.precision": "Precision",
        "bench.f1": "F1",
        "bench.accuracy": "accuracy",
        "bench.headline": "Accuracy {accuracy} %, 95 % interval {low} to {high}, n = {n}.",
        "bench.parameters": "parameters (millions)",
        "bench.madds": "multiply-adds (millions)",
        "bench.file": "file (MiB)",
        "bench.latency": "milliseconds per face on this machine",
        "bench.sets": "Prediction sets and abstention",
        "bench.sets.note": "Fitted on validation for {level} %, checked on the images shown here.",
        "bench.covered": "sets with the true class",
        "bench.set_size": "classes per set",
        "bench.singletons": "sets of one class",
        "bench.abstain_from": "answers from confidence",
        "bench.answered": "answered",
        "bench.right": "right of those",
        "bench.set_coverage": "Sets that hold the true class, by class",
        "bench.risk_coverage": "Errors among the most confident answers",
        "bench.coverage": "answered",
        "bench.risk": "wrong of those",
        "bench.confidence": "confidence",
        "bench.reliability": "Reliability",
        "bench.reliability_voted": "Reliability by FER+'s votes",
        "bench.before": "before calibration",
        "bench.after": "after",
        "bench.curve": "curve",
        "bench.temperature": "Temperature {t}, fitted on validation data.",
        "bench.all_images": "All images",
        "bench.deduplicated": "Without near-duplicates of training images ({n} images)",
        "bench.same_answer": "Same answer",
        "bench.pair": "{a} against {b}",
        "bench.images": "images",
        "bench.unleaked": "Without duplicates",
        "bench.undecided": "no evidence",
        "bench.pairs_note": "{real} of {total} pairs really differ.",
        "bench.points": "points",
        "bench.low": "from",
        "bench.high": "to",
        "bench.only_a": "only a right",
        "bench.only_b": "only b right",
        "bench.p_value": "McNemar p",
        "bench.p_holm": "p after Holm",
        "bench.no_evidence": "No evidence of a difference between {a} and {b}: {points} points, "
        "95 % interval {low} to {high}, n = {n}.",
        "bench.better": "{better} is better than {worse}: {a} minus {b} is {points} points, "
        "95 % interval {low} to {high}, n = {n}.",
        "bench.ours": "ours",
        "bench.published": "published",
        "bench.doubtful": "published, doubtful",
        "bench.paper": "Paper",
        "bench.split": "Split",
        "bench.views": "views",
        "bench.gap": "gap in points (95 % interval)",
        "bench.cautions": "cautions",
        "bench.claims_of": "{n} published accuracies on FER2013 beside ours",
        "bench.claims_best": "The gap is that of {model}, our best one here, to the published number.",
        "bench.noise": "smaller than the noise",
        "bench.larger": "larger than the noise",
        "bench.steps": "Which published numbers differ at all",
        "bench.steps_note": "{small} of {total} steps from one published number to the next are smaller than the noise "
        "of {n} images.",
        "bench.steps_pairs": "A cell without colour: {small} of all {total} pairs differ by less than the noise.",
        "bench.above": "higher",
        "bench.below": "next",
        "bench.verdict": "verdict",
        "bench.seeds": "seeds",
        "bench.train": "training",
        "bench.validation": "validation",
        "bench.test": "test",
        "bench.epoch": "epoch",
        "bench.loss": "loss",
        "bench.best": "best",
        "bench.window_note": "Median and the middle 90 % over faces of each predicted class.",
        "bench.gate_means": "Mean gate weight",
        "studio.reading.rotation": "turn, °",
        "studio.reading.zoom": "zoom, ×",
        "gates.layer": "Layer",
    }
    | {f"bench.flag.{flag}": sentence for flag, sentence in FLAGS.items()}
)


class English:
    """The words of a report, as :class:`fer_explain.figures.chart.Words`."""

    def __call__(self, key: str, **values: Any) -> str:
        """A text with its values filled in."""
        return ENGLISH[key].format(**values) if values else ENGLISH[key]

    def emotion(self, label: str) -> str:
        """What a class is called."""
        return label
