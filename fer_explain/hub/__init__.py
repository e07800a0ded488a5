"""Checkpoint folders, here and on the Hugging Face Hub."""
