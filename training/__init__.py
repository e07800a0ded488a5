"""Trains, evaluates and publishes checkpoints; the app never imports it."""
