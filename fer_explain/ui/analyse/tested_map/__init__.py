"""The map that measurably holds for a network, beside the one that is there at once."""
