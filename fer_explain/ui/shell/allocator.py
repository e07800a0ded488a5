"""How the C library gives memory back. With glibc only; elsewhere nothing happens.

Photos of all sizes come and go in many threads.

Upstream defect, no issue found: glibc gives each thread an arena of its own, and takes what is freed at 32 MB or less
for something that will soon be wanted again, so memory that holds nothing grows with every thread and every larger
photo. Test: test_freed_memory_is_kept.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any, Final

_M_MMAP_THRESHOLD: Final = -3  # of mallopt(3)
_M_TRIM_THRESHOLD: Final = -1
_M_ARENA_MAX: Final = -8
# A block of that many bytes is the system's again as soon as it is freed: a large photo, but no layer of a pass of
# eleven faces (the default's largest takes 1 MB for each). The system clears each block, which takes longer than the
# layer: with 8 MB here, a pass of 21 faces took twice as long for each as one of eight.
_LARGE: Final = 12 << 20
_TOP: Final = 32 << 20  # free bytes at the end of the heap that are kept, until the next trim
_ARENAS: Final = 2


def settle() -> None:
    """Sets it up, before threads are started."""
    library = _glibc()
    if library is not None:
        library.mallopt(_M_ARENA_MAX, _ARENAS)
        library.mallopt(_M_MMAP_THRESHOLD, _LARGE)  # a fixed one, so that it does not rise by itself
        library.mallopt(_M_TRIM_THRESHOLD, _TOP)


def trim() -> None:
    """Gives free memory back to the system."""
    library = _glibc()
    if library is not None:
        library.malloc_trim(0)


def _glibc() -> Any:
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "malloc_trim") and hasattr(library, "mallopt") else None
