"""One face through several models."""
