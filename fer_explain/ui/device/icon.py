"""The app's sign as a PNG, which phones want of what they install."""

from __future__ import annotations

import io
from typing import Final

from PIL import Image, ImageDraw

from fer_explain.emotions import COLORS

SIZES: Final = (192, 512)
_HEIGHTS: Final = (9, 14, 11, 20, 13, 17, 10)  # as in shell/mark.svg, whose picture is 32 x 26
_PAPER: Final = "#f6f7f9"


def icon(size: int) -> bytes:
    """A square PNG of ``size`` pixels; the bars keep to the middle, as phones cut icons round."""
    fine = 4 * size
    image = Image.new("RGB", (fine, fine), _PAPER)
    pen, unit = ImageDraw.Draw(image), fine / 48
    for place, (height, color) in enumerate(zip(_HEIGHTS, COLORS.values(), strict=True)):
        left, bottom = (4 * place + 10.5) * unit, 34 * unit
        pen.rounded_rectangle((left, bottom - height * unit, left + 3 * unit, bottom), 1.2 * unit, color)
    content = io.BytesIO()
    image.resize((size, size), Image.Resampling.LANCZOS).save(content, "PNG", optimize=True)
    return content.getvalue()
