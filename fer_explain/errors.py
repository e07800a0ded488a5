"""The one exception a person may cause: its text is a sentence to show as it is."""

from __future__ import annotations


class FerError(ValueError):
    """Something the user gave cannot be used.

    The message is one clear sentence: what was wrong, and what is accepted. The app shows it in place of a result and
    the commands print it and exit with status 2; neither ever shows a traceback for it.
    """
