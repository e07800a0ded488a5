"""The photo with its numbered faces, each a button, and how many there are."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from fer_explain.types import Face
from fer_explain.ui.shell.photo import Shown
from fer_explain.ui.shell.session import Session
from fer_explain.ui.shell.status import status
from fer_explain.ui.shell.texts import Texts


def face_picker(shown: Shown, faces: Sequence[Face], chosen: int, texts: Texts) -> str:
    """The photo and a button over each face; the chosen one is bold."""
    alt = escape(texts("photo.alt", n=len(faces)))
    buttons = "".join(
        _face_button(shown, face, i, i == chosen, _name(face, i, len(faces), texts)) for i, face in enumerate(faces)
    )
    return (
        f'<div class="fer-photo" style="--ratio:{shown.width / shown.height:.4f}">'
        f'<img src="{shown.uri}" alt="{alt}">{buttons}</div>'
    )


def _name(face: Face, index: int, total: int, texts: Texts) -> str:
    return texts("photo.face_of", n=index + 1, total=total, score=round(100 * face.score))


def _face_button(shown: Shown, face: Face, index: int, chosen: bool, name: str) -> str:
    box = shown.place(face).box
    left, top = max(0.0, box.x0 / shown.width), max(0.0, box.y0 / shown.height)
    right, bottom = min(1.0, box.x1 / shown.width), min(1.0, box.y1 / shown.height)
    place = f"left:{left:.3%};top:{top:.3%};width:{right - left:.3%};height:{bottom - top:.3%}"
    return (
        f'<button type="button" class="fer-face" data-face="{index}" aria-pressed="{str(chosen).lower()}" '
        f'aria-label="{escape(name)}" title="{escape(name)}" style="{place}"><span>{index + 1}</span></button>'
    )


def faces_found(session: Session, texts: Texts) -> str:
    """How many faces there are and which one is shown."""
    total = len(session.faces)
    if session.detection is None:
        return status(texts("status.ready"))
    if not total:
        return status(texts("status.none"), error=True)
    if total > 1:
        return status(texts("status.many", total=total, n=session.chosen + 1))
    source = session.faces[0].source
    return status(texts({"whole image": "status.whole", "face crop": "status.crop"}.get(source, "status.one")))
