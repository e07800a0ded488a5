"""The table of contents of an answer."""
