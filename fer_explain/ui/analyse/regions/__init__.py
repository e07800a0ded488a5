"""Which parts of the face the map points at."""
