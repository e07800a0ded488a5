"""How good a model is, with the uncertainty beside every number: metrics, calibration, comparison of two models."""
