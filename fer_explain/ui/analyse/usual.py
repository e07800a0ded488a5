"""What is usual for the network a visitor looks at."""

from __future__ import annotations

import logging

from fer_explain.analyzer import Analyzer
from fer_explain.errors import FerError
from fer_explain.explain.profile import Profile, read_profile
from fer_explain.ui.shell.session import Session

_log = logging.getLogger(__name__)


def usual_profile(analyzer: Analyzer, session: Session) -> Profile | None:
    """The profile of the session's network; None where nobody measured it or the file is damaged."""
    if session.question is None:
        return None
    try:
        return read_profile(analyzer.checkpoint(session.question.model).folder)
    except FerError as error:
        _log.warning("%s", error)
        return None
