"""Whole data sets: what saved predictions say, and the faces behind each number."""
