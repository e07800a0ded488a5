"""The service behind the app: finds faces, predicts and explains, with networks that several threads share."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_explain.shelf import Shelf
from fer_explain.types import Analysis, Detection, Face, FaceAnalysis, Prediction

# torch, timm and the detectors take seconds to import: each is imported by the first call that needs it.
if TYPE_CHECKING:
    from PIL import Image

    from fer_explain.explain.stability import Stability

    Source = str | Path | Image.Image | np.ndarray[Any, Any]


class Analyzer(Shelf):
    """Analyses photos with any of its checkpoints. Every method may be called from several threads.

    Its checkpoints are those of its :class:`fer_explain.shelf.Shelf`: :attr:`models`, :meth:`add`, :meth:`borrow`.

    Args:
        checkpoints: folders or Hub ids ``org/repo[@revision]``, beside the embedded checkpoints.
        detector: the face detector, see :func:`fer_explain.faces.detect.detect`.
        device: where the networks run, e.g. ``"cuda"``.

    Example::

        analyzer = Analyzer()
        face = analyzer.analyze("photo.jpg", target="happy").faces[0]
        face.prediction.label, face.warp.rotation, face.heatmap.values
    """

    def __init__(self, checkpoints: Sequence[str | Path] = (), detector: str = "auto", device: str = "cpu") -> None:
        super().__init__(checkpoints, device)
        self.detector = detector

    def warm_up(self, model: str | None = None) -> None:
        """Pays for imports, detector and network now, so that the first person need not wait for them.

        Raises:
            FerError: there is no such checkpoint, or it is broken.
        """
        blank = np.full((64, 64, 3), 128, dtype=np.uint8)
        self.detect(blank)
        self.analyze(blank, model, whole_image=True)

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
