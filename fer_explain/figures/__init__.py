"""Numbers in; plotly figures and uint8 images out. Knows neither Gradio nor torch."""
