"""Numbers over whole data sets: metrics, uncertainty, comparisons, prediction sets, and what papers claim.

Predictions that checkpoints saved are enough; no network runs. Example::

    from fer_explain.benchmark.comparison import compare
    from fer_explain.benchmark.conformal import coverage, fit_conformal
    from fer_explain.benchmark.published import claims_of, gap
    from fer_explain.hub.predictions import read_saved

    ours, other = read_saved("vgg_compact", "test"), read_saved("emonext_nano", "test")
    compare(ours, other).sentence  # "vgg_compact is better than emonext_nano: ..."
    validation = read_saved("vgg_compact", "validation")
    rule = fit_conformal(validation.probabilities, validation.labels, level=0.9)
    coverage(rule, ours.probabilities, ours.labels).covered
    [gap(ours.correct.mean(), len(ours), claim).interval for claim in claims_of("emonext")]

``python -m fer_explain.benchmark --out report.html`` writes all of it down.
"""
