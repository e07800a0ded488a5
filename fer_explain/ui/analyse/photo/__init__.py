"""Where a photo comes in and a face of it is chosen."""
