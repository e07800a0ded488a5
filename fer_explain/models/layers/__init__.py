"""Layers the architectures share. Every tensor worth showing is the output of a named submodule."""
