"""Which expression, and how sure."""
