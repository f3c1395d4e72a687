"""A PNG of a 1-bit bitmap (ISO/IEC 15948), so that what a thermal head would burn can be looked at."""

from __future__ import annotations

import struct
import zlib

from devices.printer.languages.escpos import Bitmap


def from_bitmap(bitmap: Bitmap, dpi: int = 203) -> bytes:
    """Black where the bitmap has ink."""
    stride = bitmap.stride
    lines = b"".join(
        b"\x00" + bytes(byte ^ 0xFF for byte in bitmap.rows[top : top + stride])
        for top in range(0, stride * bitmap.height, stride)
    )
    per_metre = round(dpi / 0.0254)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (
            _chunk(b"IHDR", struct.pack(">IIBBBBB", bitmap.width, bitmap.height, 1, 0, 0, 0, 0)),
            _chunk(b"pHYs", struct.pack(">IIB", per_metre, per_metre, 1)),
            _chunk(b"IDAT", zlib.compress(lines, 9)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
