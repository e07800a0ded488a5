"""Checkpoints for the visitor's browser: one ONNX file with all a face's pass tells, and a manifest beside it."""
