"""A checkpoint folder onto the Hugging Face Hub.

huggingface_hub does the transfer: over Xet, or over LFS where ``HF_HUB_DISABLE_XET=1`` is set. What already arrived is
not sent again, so a publication that broke off is gone on with by repeating it.
"""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
import pandas as pd
from huggingface_hub import HfApi, get_token
from huggingface_hub.errors import HfHubHTTPError

from fer_explain.benchmark.metrics import read_splits
from fer_explain.errors import FerError
from fer_explain.hub.card import write_card
from fer_explain.hub.checkpoint import load_checkpoint
from fer_explain.hub.folder import METRICS, PREDICTIONS
from fer_explain.hub.remote import FILES, HUB_ERRORS, reason

# What an upload raises beside them: a file that could not be sent, an answer that is no answer.
_ERRORS: Final = (*HUB_ERRORS, RuntimeError, ValueError)
# Upstream defect, no issue found: these requests huggingface_hub tries only once, however busy the Hub is.
# Test: test_repository_is_created_with_one_attempt. And the seconds until we try again.
_TRIED_ONCE: Final = re.compile(r"/api/repos/create|/commit/")
_WAITS: Final = (1.0, 3.0)
_ADVICE: Final = {
    401: "nobody is logged in, or the stored token is not valid: run hf auth login",
    403: "the stored token may not write there",
    409: "something else is changing the repository just now: publish again in a moment",
}

T = TypeVar("T")


def publish(folder: Path, repo_id: str, *, private: bool = True) -> str:
    """Uploads the known files of a checkpoint folder with a fresh model card; returns the repository's address.

    The folder is verified first: weights that load, metrics that follow from the saved predictions, a model that test
    data had no part in choosing. The token is the one huggingface_hub stores (``hf auth login``); a repository that
    exists keeps its visibility.

    Raises:
        FerError: the folder is no sound checkpoint, nobody is logged in, or the Hub refuses or cannot be reached.
    """
    _verify(folder)
    write_card(folder, ref=repo_id)
    api = HfApi()
    patterns = [*FILES, f"{PREDICTIONS}/*.parquet"]
    try:
        url = _patiently(lambda: api.create_repo(repo_id, private=private, exist_ok=True))
        with warnings.catch_warnings():  # predictions are data and belong here nevertheless
            warnings.filterwarnings("ignore", message=".*commit a data file")
            _patiently(lambda: api.upload_folder(repo_id=url.repo_id, folder_path=folder, allow_patterns=patterns))
    except _ERRORS as error:
        raise FerError(f"{folder} could not be published as '{repo_id}': {_why(error)}.") from error
    return str(url)


def _verify(folder: Path) -> None:
    """Loads the checkpoint and counts its saved predictions again."""
    for split, scores in read_splits(load_checkpoint(folder).metrics).items():
        path = folder / PREDICTIONS / f"{split}.parquet"
        try:
            saved = pd.read_parquet(path)
            predicted = saved.filter(like="logit_").to_numpy().argmax(axis=1)
            counts = np.zeros_like(scores.confusion)
            np.add.at(counts, (saved["label"].to_numpy(), predicted), 1)
        except (OSError, ValueError, KeyError, IndexError) as error:
            raise FerError(f"{path} is missing or damaged, evaluate the checkpoint again: {reason(error)}.") from error
        if not np.array_equal(counts, scores.confusion):
            raise FerError(f"{folder / METRICS} and {path} do not agree: evaluate the checkpoint again.")


def _patiently(call: Callable[[], T]) -> T:
    """The result of a call that may be repeated, tried again when the Hub is out of order or busy."""
    for wait in _WAITS:
        try:
            return call()
        except HfHubHTTPError as error:
            status = error.response.status_code
            if (status < 500 and status != 409) or not _TRIED_ONCE.search(str(error.response.url)):
                raise
            time.sleep(wait)
    return call()


def _why(error: Exception) -> str:
    """Why an upload failed, without anything secret in it."""
    if isinstance(error, HfHubHTTPError) and error.response.status_code in _ADVICE:
        return _ADVICE[error.response.status_code]
    if "xet-write-token" in str(error) and "404" in str(error):
        return "this Hub does not offer Xet: set HF_HUB_DISABLE_XET=1"
    text = reason(error)
    if isinstance(error, RuntimeError) and isinstance(error.__cause__, Exception):  # tells only which file it was
        text = f"{text} ({reason(error.__cause__)})"
    text = re.sub(r"\?[^\s'\")]+", "", text)  # signatures of upload addresses
    token = get_token()
    return text.replace(token, "***") if token else text
