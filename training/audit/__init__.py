"""Whether a data set can be trusted: duplicates, leakage, labels, images. ``python -m training.audit`` tells."""
