"""Prints the table of architectures: ``python -m fer_explain.models``."""

from fer_explain.models.catalogue import table

print(table())
