"""Which channels, or places, the gates let through."""
