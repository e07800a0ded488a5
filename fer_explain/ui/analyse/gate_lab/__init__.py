"""Channels of a gate can be closed, frozen or boosted."""
