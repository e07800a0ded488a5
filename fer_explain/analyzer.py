"""The service behind the app: finds faces, predicts and explains, with cached networks that several threads share."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_explain.errors import FerError
from fer_explain.explain.turns import FairLock
from fer_explain.hub.folder import list_checkpoints
from fer_explain.hub.reference import find_folder, is_hub_id
from fer_explain.hub.time_limit import time_limit
from fer_explain.types import Analysis, Detection, Face, FaceAnalysis, Prediction

# torch, timm and the detectors take seconds to import: each is imported by the first call that needs it.
if TYPE_CHECKING:
    from PIL import Image

    from fer_explain.explain.stability import Stability
    from fer_explain.hub.checkpoint import Checkpoint
    from fer_explain.models import Architecture

    Source = str | Path | Image.Image | np.ndarray[Any, Any]

MOST = 24  # checkpoints an analyzer holds: what visitors add stays in memory
LOADING = 60.0  # seconds in which a checkpoint has to be read
ADDING = 180.0  # the same for one that is added, its download included


class Analyzer:
    """Analyses photos with any of its checkpoints. Every method may be called from several threads.

    A network is loaded when it is first asked for, and runs under its own lock.

    Args:
        checkpoints: folders or Hub ids ``org/repo[@revision]``, beside the embedded checkpoints.
        detector: the face detector, see :func:`fer_explain.faces.detect.detect`.
        device: where the networks run, e.g. ``"cuda"``.

    Attributes:
        problems: the checkpoints that cannot be used, each with the sentence that says why.

    Example::

        analyzer = Analyzer()
        face = analyzer.analyze("photo.jpg", target="happy").faces[0]
        face.prediction.label, face.warp.rotation, face.heatmap.values
    """

    def __init__(self, checkpoints: Sequence[str | Path] = (), detector: str = "auto", device: str = "cpu") -> None:
        self.detector = detector
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

    def verify(self) -> dict[str, str]:
        """Loads every checkpoint, as only that shows damaged weights, and returns :attr:`problems`."""
        for name in self.models:
            with suppress(FerError):
                self.checkpoint(name)
        return self.problems

    def warm_up(self, model: str | None = None) -> None:
        """Pays for imports, detector and network now, so that the first person need not wait for them.

        Raises:
            FerError: there is no such checkpoint, or it is broken.
        """
        blank = np.full((64, 64, 3), 128, dtype=np.uint8)
        self.detect(blank)
        self.analyze(blank, model, whole_image=True)

    def checkpoint(self, name: str | None = None) -> Checkpoint:
        """A loaded checkpoint with its configuration and metrics; None means the default one.

        Run its network through the methods below or :meth:`borrow` only: they hold the lock.

        Raises:
            FerError: there is no such checkpoint, or it is broken.
        """
        return self._resident(name).checkpoint

    def folder(self, name: str) -> Path:
        """Where a checkpoint lies.

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

    def detect(self, image: Source, *, fast: bool = False) -> Detection:
        """The upright photo and the faces in it; ``fast`` looks for large faces only, once: for the live view.

        Raises:
            FerError: the image cannot be read.
        """
        from fer_explain.faces.detect import FAST, THOROUGH, detect
        from fer_explain.faces.photo import open_photo

        return detect(open_photo(image), self.detector, search=FAST if fast else THOROUGH)

    def predict(self, faces: Sequence[Face], model: str | None = None) -> list[Prediction]:
        """Predictions alone, in one forward pass, for the live view; otherwise like :meth:`explain`."""
        return [analysis.prediction for analysis in self.explain(faces, model, method=None)]

    def stability(self, face: Face, model: str | None = None) -> Stability:
        """Whether the answer to a face holds under ten small changes of frame, light and focus, in one pass.

        Args:
            face: as found by :meth:`detect`.
            model: one of :attr:`models`; None means the default one.

        Raises:
            FerError: there is no such checkpoint, or it is broken.
        """
        from fer_explain.explain.stability import small_changes, weigh

        changed = small_changes(face, self.checkpoint(model).config.input)
        return weigh(changed, self.predict([face, *changed], model))

    def explain(
        self,
        faces: Sequence[Face],
        model: str | None = None,
        method: str | None = "gradcam",
        target: int | str | None = None,
        **parameters: Any,
    ) -> list[FaceAnalysis]:
        """Prediction, spatial transformer, gates and heat map of each face, from one pass of all as a batch.

        Args:
            faces: as found by :meth:`detect`.
            model: one of :attr:`models`; None means the default one.
            method: one of :func:`fer_explain.explain.registry.list_methods`; None leaves the heat map out.
            target: the class to explain, by index or name; None means the predicted class of each face.
            parameters: settings of the method, e.g. ``layer="backbone.blocks.4"``.

        Raises:
            FerError: there is no such checkpoint, method, parameter or class; the sentence names what there is.
        """
        return self._explain(faces, model, method, target, parameters, report=lambda _share: None)

    def explain_in_steps(
        self,
        faces: Sequence[Face],
        model: str | None = None,
        method: str | None = "gradcam",
        target: int | str | None = None,
        **parameters: Any,
    ) -> Generator[float, None, list[FaceAnalysis]]:
        """Like :meth:`explain`, but yields the share (0..1) that is done and can be closed to stop it.

        Example::

            steps = analyzer.explain_in_steps(faces, method="occlusion")
            for share in steps:
                print(f"{share:.0%}")
        """
        from fer_explain.explain.turns import in_steps

        return in_steps(lambda report: self._explain(faces, model, method, target, parameters, report))

    def layers(self, model: str | None = None) -> list[str]:
        """The layers whose feature maps can be explained, in the order in which they run.

        Raises:
            FerError: there is no such checkpoint, or it is broken.
        """
        resident = self._resident(model)
        with resident.lock:
            return resident.layers

    def analyze(
        self,
        image: Source,
        model: str | None = None,
        method: str | None = "gradcam",
        target: int | str | None = None,
        *,
        whole_image: bool = False,
        **parameters: Any,
    ) -> Analysis:
        """Finds the faces of a photo and explains each. A photo without a face gives an analysis without faces.

        Args:
            image: a path, a PIL image or a uint8 array (H, W[, 3]).
            model: like ``method``, ``target`` and ``parameters`` as in :meth:`explain`.
            whole_image: take the whole image for one face instead of looking for faces.

        Raises:
            FerError: the image cannot be read, or as in :meth:`explain`.
        """
        name = self._name(model)
        found = self._faces(image, whole_image)
        faces = self.explain(found.faces, name, method, target, **parameters)
        return Analysis(found.photo, faces, name, found.detector)

    def compare(
        self,
        image: Source,
        models: Sequence[str],
        method: str | None = "gradcam",
        target: int | str | None = None,
        *,
        whole_image: bool = False,
        **parameters: Any,
    ) -> dict[str, Analysis]:
        """The same faces through several checkpoints: name -> analysis; otherwise like :meth:`analyze`."""
        names = [self._name(model) for model in models]
        found = self._faces(image, whole_image)
        faces = {name: self.explain(found.faces, name, method, target, **parameters) for name in names}
        return {name: Analysis(found.photo, faces[name], name, found.detector) for name in names}

    def _explain(
        self,
        faces: Sequence[Face],
        model: str | None,
        method: str | None,
        target: int | str | None,
        parameters: dict[str, Any],
        report: Callable[[float], None],
    ) -> list[FaceAnalysis]:
        """:meth:`explain`, which between two passes reports how far it is and lets others have the network."""
        from fer_explain.explain.base import observe
        from fer_explain.explain.inputs import batch, class_index, facial_regions, with_class_indices
        from fer_explain.explain.registry import explainer
        from fer_explain.explain.results import per_face

        resident = self._resident(model)
        config = resident.checkpoint.config
        settings = with_class_indices(method, parameters, config.label_names)
        chosen = None if method is None else explainer(method, **settings)
        index = None if target is None else class_index(target, config.label_names)
        if not faces:
            return []

        @contextmanager
        def turn(share: float) -> Iterator[None]:
            report(share)
            with resident.lock:
                yield

        x = batch(faces, config.input).to(self.device)
        regions = facial_regions(method, faces, config.input.size)
        network = resident.checkpoint.model
        if chosen is not None:
            told = chosen.attribute(network, resident.architecture, x, index, regions=regions, turn=turn)
        else:
            with turn(0.0):
                told = observe(network, x)
        return per_face(told, faces, spec=config.input, labels=config.label_names, temperature=config.temperature)

    def _faces(self, image: Source, whole_image: bool) -> Detection:
        if not whole_image:
            return self.detect(image)
        from fer_explain.faces.detect import whole_image as as_face
        from fer_explain.faces.photo import open_photo

        photo = open_photo(image)
        face = as_face(photo)
        return Detection(photo, [face], face.source)

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
