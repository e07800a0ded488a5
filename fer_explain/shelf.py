"""The checkpoints an app holds: each is loaded when first asked for and runs under its own lock; more can be added."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from fer_explain.errors import FerError
from fer_explain.explain.turns import FairLock
from fer_explain.hub.folder import list_checkpoints
from fer_explain.hub.reference import find_folder, is_hub_id
from fer_explain.hub.time_limit import time_limit

if TYPE_CHECKING:  # torch takes seconds to import
    from fer_explain.hub.checkpoint import Checkpoint
    from fer_explain.models import Architecture

MOST = 24  # checkpoints a shelf holds: what visitors add stays in memory
LOADING = 60.0  # seconds in which a checkpoint has to be read
ADDING = 180.0  # the same for one that is added, its download included


class Shelf:
    """Checkpoints by name. Every method may be called from several threads.

    Args:
        checkpoints: folders or Hub ids ``org/repo[@revision]``, beside the embedded checkpoints.
        device: where the networks run, e.g. ``"cuda"``.

    Attributes:
        problems: the checkpoints that cannot be used, each with the sentence that says why.
    """

    def __init__(self, checkpoints: Sequence[str | Path] = (), device: str = "cpu") -> None:
        self.device = device
        self.problems: dict[str, str] = {}
        self._adding = threading.Lock()
        self._added: list[str] = []  # names of what visitors added
        self._residents = {name: _Resident(name, find_folder(name), device) for name in list_checkpoints()}
        for ref in checkpoints:
            self._admit(str(ref))

    @property
    def models(self) -> list[str]:
        """Names of the usable checkpoints, the default one first."""
        return [name for name, resident in self._residents.items() if resident.ref not in self.problems]

    def add(self, ref: str) -> str:
        """Adds a checkpoint while others are in use, and loads it; returns the name under which it can be asked.

        Args:
            ref: a folder or a Hub id ``org/repo[@revision]``.

        Raises:
            FerError: it cannot be used or not be had within :data:`ADDING` seconds, and the sentence says why; or the
                app was started with :data:`MOST` or more.
        """
        if not self._adding.acquire(timeout=LOADING):
            raise FerError("Somebody else is adding a checkpoint; try again in a minute.")
        try:
            return self._add(ref)
        finally:
            self._adding.release()

    def _add(self, ref: str) -> str:
        if len(self._residents) >= MOST and not self._added:
            raise FerError(
                f"The app was started with {len(self._residents)} checkpoints; there is no room for another."
            )
        self.problems.pop(ref, None)
        before, traces = set(self._residents), _Traces(ref)
        try:
            with time_limit(ref, ADDING):
                name = self._admit(ref)
                if ref in self.problems:
                    raise FerError(self.problems[ref])
                self.checkpoint(name)
        except FerError:
            for name in set(self._residents) - before:
                del self._residents[name]
            self.problems.pop(ref, None)
            traces.remove()
            raise
        if name not in before:
            self._make_room(name)
        return name

    def _make_room(self, name: str) -> None:
        """Lets the added checkpoint go that was not asked for the longest; ``name`` is the newest."""
        self._added.append(name)
        if len(self._residents) <= MOST:
            return
        longest = min(self._added[:-1], key=lambda added: self._residents[added].used)
        self._added.remove(longest)
        del self._residents[longest]

    def settle_in_fork(self, device: str, model: str | None = None) -> None:
        """Makes the copy of an analyzer in a forked process usable, where the threads that held its locks are not.

        Args:
            device: where the networks run in this process.
            model: the one whose network was at rest when the process was forked; the others are loaded anew.
        """
        rested = self._name(model)
        self.device = device
        self._adding = threading.Lock()
        self._residents = {
            name: resident.copy(device, loaded=name == rested) for name, resident in self._residents.items()
        }

    def checkpoint(self, name: str | None = None) -> Checkpoint:
        """A loaded checkpoint with its configuration and metrics; None means the default one.

        Run its network in :meth:`borrow` only, which holds the lock.

        Raises:
            FerError: there is no such checkpoint, or it is broken.
        """
        return self._resident(name).checkpoint

    def folder(self, name: str | None = None) -> Path:
        """Where a checkpoint lies; None means the default one.

        Raises:
            FerError: there is no such checkpoint.
        """
        return self._residents[self._name(name)].folder

    @contextmanager
    def borrow(self, model: str | None = None) -> Iterator[tuple[Checkpoint, Architecture]]:
        """A checkpoint and its architecture; while the block lasts, its network is the caller's alone.

        Others who ask for the same network wait, so long work gives it back between its steps.

        Raises:
            FerError: there is no such checkpoint, or it is broken.
        """
        resident = self._resident(model)
        with resident.lock:
            yield resident.checkpoint, resident.architecture

    def layers(self, model: str | None = None) -> list[str]:
        """The layers whose feature maps can be explained, in the order in which they run.

        Raises:
            FerError: there is no such checkpoint, or it is broken.
        """
        resident = self._resident(model)
        with resident.lock:
            return resident.layers

    def _admit(self, ref: str) -> str:
        """Adds a checkpoint from outside under its folder's name (Hub id: as given), which it returns.

        One that cannot be used is noted as a problem.
        """
        from fer_explain.hub.config import read_config

        try:
            folder = find_folder(ref)
            read_config(folder)
        except FerError as error:
            self.problems[ref] = str(error)
            return ref
        name = folder.resolve().name if Path(ref).is_dir() else ref
        known = self._residents.get(name)
        if known is None or known.folder.resolve() != folder.resolve():
            name = name if known is None else ref
            self._residents[name] = _Resident(ref, folder, self.device)
        return name

    def _name(self, model: str | None) -> str:
        """The name itself when there is such a checkpoint; the default one's for None."""
        if model is not None and model in self._residents:
            return model
        if not self.models:
            raise FerError("There is no usable checkpoint: give a folder or Hub id with --checkpoints.")
        if model is not None:
            raise FerError(f"There is no checkpoint '{model}' here; choose one of {', '.join(self.models)}.")
        return self.models[0]

    def _resident(self, model: str | None) -> _Resident:
        """A checkpoint that is loaded and sound."""
        resident = self._residents[self._name(model)]
        if resident.ref in self.problems:
            raise FerError(self.problems[resident.ref])
        resident.used = time.monotonic()
        try:
            with resident.lock:
                _ = resident.checkpoint
        except FerError as error:
            self.problems[resident.ref] = str(error)
            raise
        return resident


class _Traces:
    """What an attempt to add a checkpoint leaves on the disk: its download, unless that was there before."""

    def __init__(self, ref: str) -> None:
        self._ref = ref if is_hub_id(ref) else None
        if self._ref is not None:
            from fer_explain.hub.remote import is_here  # imports huggingface_hub

            self._ref = None if is_here(self._ref) else self._ref

    def remove(self) -> None:
        """Deletes it."""
        if self._ref is not None:
            from fer_explain.hub.remote import forget

            forget(self._ref)


class _Resident:
    """A checkpoint whose network, once loaded, stays; it is loaded and run only while the lock is held."""

    def __init__(self, ref: str, folder: Path, device: str) -> None:
        self.ref = ref
        self.folder = folder
        self.lock = FairLock()
        self.used = time.monotonic()  # when it was last asked for
        self._device = device

    def copy(self, device: str, *, loaded: bool) -> _Resident:
        """The same one with a free lock, on another device, with its loaded network or without."""
        fresh = _Resident(self.ref, self.folder, device)
        if loaded and "checkpoint" in self.__dict__:
            self.checkpoint.model.to(device)
            fresh.checkpoint = self.checkpoint
        return fresh

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint, read from its folder when first asked for."""
        import torch

        from fer_explain.hub.checkpoint import load_checkpoint

        with time_limit(self.ref, LOADING):
            checkpoint = load_checkpoint(self.folder)
        checkpoint.model.to(self._device).to(memory_format=torch.channels_last)  # convolutions are faster on a CPU
        return checkpoint

    @cached_property
    def architecture(self) -> Architecture:
        """Its registry entry; kept, because one of a family is worked out anew each time."""
        from fer_explain.models import architecture

        return architecture(self.checkpoint.config.architecture)

    @cached_property
    def layers(self) -> list[str]:
        """Its layers with feature maps."""
        from fer_explain.explain.base import undisturbed
        from fer_explain.explain.layers import list_layers

        with undisturbed(self.checkpoint.model, gradients=False):
            return list_layers(self.checkpoint.model, self.architecture)
