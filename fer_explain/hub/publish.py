"""A checkpoint folder onto the Hugging Face Hub."""

from __future__ import annotations

from pathlib import Path

from huggingface_hub import HfApi

from fer_explain.errors import FerError
from fer_explain.hub.checkpoint import read_config
from fer_explain.hub.remote import FILES, HUB_ERRORS, reason


def publish(folder: Path, repo_id: str, *, private: bool = True) -> str:
    """Uploads the known files of a checkpoint folder in one commit; returns the repository's address.

    The token is the one huggingface_hub stores (``hf auth login``); a repository that exists keeps its visibility.

    Raises:
        FerError: the folder is no checkpoint, nobody is logged in, or the Hub refuses.
    """
    read_config(folder)
    api = HfApi()
    try:
        url = api.create_repo(repo_id, private=private, exist_ok=True)
        api.upload_folder(repo_id=url.repo_id, folder_path=folder, allow_patterns=list(FILES))
    except HUB_ERRORS as error:
        raise FerError(
            f"{folder} could not be published as '{repo_id}': {reason(error)}. Log in with: hf auth login."
        ) from error
    return str(url)
