"""Whether to believe the heat map."""
