"""How the spatial transformer turned the face."""
