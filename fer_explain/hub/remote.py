"""A checkpoint from the Hugging Face Hub: only its known files are fetched, never anything that could run."""

from __future__ import annotations

import shutil
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final

from huggingface_hub import HfApi, constants, hf_hub_download
from huggingface_hub.errors import (  # type: ignore[attr-defined]
    EntryNotFoundError,
    HFValidationError,
    HTTPError,  # of whichever HTTP library this huggingface_hub uses
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.file_download import repo_folder_name
from huggingface_hub.utils.tqdm import tqdm

from fer_explain.errors import FerError
from fer_explain.hub.bounds import check_disk, check_hub
from fer_explain.hub.folder import (
    CALIBRATION,
    CARD,
    CONFIG,
    CONFUSION,
    DISTURBED,
    EXPLANATIONS,
    HISTORY,
    METRICS,
    PREDICTIONS,
    PROFILE,
    REGION_PROFILE,
    WEIGHTS,
)
from fer_explain.hub.time_limit import check_time

REQUIRED: Final = (CONFIG, WEIGHTS)
FILES: Final = (
    *REQUIRED,
    METRICS,
    HISTORY,
    CARD,
    CONFUSION,
    EXPLANATIONS,
    PROFILE,
    REGION_PROFILE,
    DISTURBED,
    f"{PREDICTIONS}/validation.parquet",
    f"{PREDICTIONS}/test.parquet",
    f"{PREDICTIONS}/{CALIBRATION}.parquet",
)
FURTHER: Final = f"{PREDICTIONS}/*.parquet"  # of further measurements
TIMEOUT: Final = 5.0  # seconds until the Hub counts as out of reach
HUB_ERRORS: Final = (HTTPError, HFValidationError, OSError)  # refused, no connection, no such name, no token, disk full


def download(ref: str) -> Path:
    """The local folder of the Hub checkpoint ``org/name[@revision]``, fetched or from huggingface_hub's cache.

    The files all come from one commit. Without a connection the cached copy serves. Access to private repositories
    uses the token that ``hf auth login`` stored.

    Raises:
        FerError: the Hub has no such repository or revision, it holds no checkpoint, or the Hub is out of reach and
            nothing is cached.
    """
    repo, _, revision = ref.partition("@")
    revision = revision or "main"
    try:
        listed = _list_files(repo, revision)
    except HFValidationError as error:
        raise FerError(f"'{ref}' is not a Hub id such as org/name or org/name@revision.") from error
    except RevisionNotFoundError as error:
        raise FerError(f"The Hub repository '{repo}' has no revision '{revision}'.") from error
    except RepositoryNotFoundError as error:
        raise FerError(f"The Hub has no model repository '{repo}', or it is private: try 'hf auth login'.") from error
    except HUB_ERRORS as error:
        return _cached(repo, revision, error)
    for file in REQUIRED:
        if file not in listed:
            raise FerError(f"The Hub repository '{ref}' is not a checkpoint: it has no {file}.")
    further = sorted(file for file in listed if fnmatch(file, FURTHER) and file.count("/") == 1)
    wanted = {file: listed[file] for file in dict.fromkeys((*FILES, *further)) if file in listed}
    check_hub(ref, wanted)
    check_disk(ref, sum(size or 0 for size in wanted.values()), _home(repo))
    return _fetch(repo, revision, list(wanted))


class _Watched(tqdm):  # type: ignore[misc]
    """The bar of a download, which is told of every piece: there it may end."""

    def update(self, n: float | None = 1) -> Any:
        """Moves on by ``n`` bytes."""
        check_time()
        return super().update(n)


def is_here(ref: str) -> bool:
    """Whether anything of a Hub checkpoint was downloaded before."""
    return _home(ref.partition("@")[0]).exists()


def forget(ref: str) -> None:
    """Deletes what was downloaded of a Hub checkpoint."""
    shutil.rmtree(_home(ref.partition("@")[0]), ignore_errors=True)


def _home(repo: str) -> Path:
    """Where huggingface_hub keeps a repository."""
    return Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=repo, repo_type="model")


def _list_files(repo: str, revision: str) -> dict[str, int | None]:
    """Files with their bytes. Asked first because it alone fails at once: a download tries again for minutes."""
    info = HfApi().model_info(repo, revision=revision, timeout=TIMEOUT, files_metadata=True)
    return {sibling.rfilename: sibling.size for sibling in info.siblings or ()}


def _fetch(repo: str, revision: str, files: list[str]) -> Path:
    """Downloads ``files``, the configuration first: it tells the commit that all others are taken from."""
    folder = None
    try:
        for file in files:
            commit = folder.name if folder else revision
            check_time()
            path = Path(hf_hub_download(repo, file, revision=commit, etag_timeout=TIMEOUT, tqdm_class=_Watched))
            folder = folder or path.parent
    except HUB_ERRORS as error:
        raise FerError(f"The download of '{repo}' from the Hub broke off: {reason(error)}.") from error
    assert folder is not None, "a checkpoint has files"
    return folder


def _cached(repo: str, revision: str, error: Exception) -> Path:
    """The folder an earlier download left, for when the Hub cannot be asked."""
    try:
        return Path(hf_hub_download(repo, CONFIG, revision=revision, local_files_only=True)).parent
    except EntryNotFoundError:
        raise FerError(
            f"'{repo}' was not downloaded before and cannot be had from the Hub now: {reason(error)}."
        ) from error


def reason(error: Exception) -> str:
    """The first line of an error, without its full stop, to be put into a sentence."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
