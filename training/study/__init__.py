"""Seeds, folds and ablations: many runs, and the one table they make. ``python -m training.study`` does it."""
