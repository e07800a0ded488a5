"""Whether the answer survives small changes of this very photo."""
