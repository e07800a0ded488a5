"""The camera's faces, read as they come."""
