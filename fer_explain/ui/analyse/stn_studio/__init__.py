"""The window of the spatial transformer, turned by hand."""
