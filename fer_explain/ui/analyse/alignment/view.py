"""The spatial transformer: the window it sampled, the face it passed on, and its numbers."""

from __future__ import annotations

from html import escape

from fer_explain.figures.stn import Reading, reading, sampled_window
from fer_explain.types import FaceAnalysis
from fer_explain.ui.shell.photo import photo_uri, picture_uri
from fer_explain.ui.shell.texts import Texts


def stn(analysis: FaceAnalysis, network: str, texts: Texts) -> str:
    """Both pictures and the read-out; one line that names a ``network`` without a spatial transformer."""
    warp = analysis.warp
    if warp is None:
        return f'<p class="fer-note">{escape(texts("stn.absent", network=network))}</p>'
    size = warp.aligned.shape[0]
    return (
        '<div class="fer-stn">'
        f"{_picture(photo_uri(sampled_window(analysis.face, warp)), texts('stn.before'))}"
        '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 4v15m-6-6 6 6 6-6"/></svg>'
        f"{_picture(picture_uri(warp.aligned), texts('stn.after'))}"
        f"</div>{_readout(reading(warp, size), size, texts)}"
    )


def _picture(uri: str, caption: str) -> str:
    return f'<figure><img src="{uri}" alt="{escape(caption)}"><figcaption>{escape(caption)}</figcaption></figure>'


def _readout(read: Reading, size: int, texts: Texts) -> str:
    right, down = read.shift
    across = f"{abs(right):.1f} px {texts('stn.right' if right >= 0 else 'stn.left')}"
    along = f"{abs(down):.1f} px {texts('stn.down' if down >= 0 else 'stn.up')}"
    entries = [
        ("rotation", f"{read.rotation:+.1f}°"),
        ("zoom", f"{read.zoom:.2f} ×"),
        ("shear", f"{read.shear:+.1f}°"),
        ("shift", f"{across}, {along}"),
    ]
    rows = "".join(
        f'<div title="{escape(texts(f"stn.{key}.help", size=size))}"><dt>{escape(texts(f"stn.{key}"))}</dt>'
        f"<dd>{escape(value)}</dd></div>"
        for key, value in entries
    )
    return f'<dl class="fer-readout">{rows}</dl>'
