"""Results in, HTML out: one file per panel, without Gradio."""
