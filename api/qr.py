"""QR codes of addresses, as SVG or PNG."""

from __future__ import annotations

from io import BytesIO
from typing import Literal

import segno

Format = Literal["svg", "png"]

MEDIA: dict[Format, bytes] = {"svg": b"image/svg+xml", "png": b"image/png"}
"""Format -> its media type."""

SCALE = 8
"""Pixels of one module: a printed code of 4 cm is read from an arm's length."""

BORDER = 4
"""Modules of the quiet zone, as the standard asks for."""


def drawn(address: str, kind: Format) -> bytes:
    """Return the image of an address; a quarter of it may be hidden or dirty (error correction Q)."""
    image = BytesIO()
    segno.make_qr(address, error="q").save(image, kind=kind, scale=SCALE, border=BORDER)
    return image.getvalue()
