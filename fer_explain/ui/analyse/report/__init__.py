"""Everything about a face in a file."""
