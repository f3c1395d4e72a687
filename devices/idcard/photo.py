"""The chip's photograph. Its coding (WLT) is known to makers' closed libraries only, so one of those decodes it.

The customer owns such a library or there is no picture. It is loaded in the driver's process: where it crashes, the
document that was read before is not lost.
"""

from __future__ import annotations

import base64
import ctypes
import struct
from collections.abc import Callable

from contract.problem import Problem, Retry

RAW_SIZE = 1024
RAW_HEAD = b"WL"
PICTURE_HEAD = b"BM"
WIDTH, HEIGHT = 102, 126
_PIXELS = WIDTH * HEIGHT * 3  # blue, green, red
_ROOM = 4 * _PIXELS  # some builds write more than they say


class Photos:
    """What turns the chip's block into a picture.

    Args:
        library: Path of the maker's library; empty where there is none.
    """

    def __init__(self, library: str) -> None:
        self._path = library
        self._unpack: Callable[..., int] | None = None

    def decode(self, raw: str) -> str:
        """The picture as BMP, base64, from the block as base64.

        Raises:
            Problem: idcard.photo_unavailable without a library; idcard.photo_library for one that cannot be used;
                idcard.photo_undecoded where it does not decode this block.
        """
        block = base64.b64decode(raw)
        if block.startswith(PICTURE_HEAD):  # the library that read the card decoded it
            return raw
        if not self._path:
            raise Problem("idcard.photo_unavailable", Retry.NEVER)
        if len(block) != RAW_SIZE or not block.startswith(RAW_HEAD):
            raise Problem("idcard.photo_undecoded", Retry.NEVER)
        unpack = self._unpack or self._load()
        pixels, size = ctypes.create_string_buffer(_ROOM), ctypes.c_int(_ROOM)
        if unpack(block, RAW_SIZE, pixels, ctypes.byref(size)) != 1 or size.value != _PIXELS:
            raise Problem("idcard.photo_undecoded", Retry.NEVER)
        return base64.b64encode(bitmap(pixels.raw[:_PIXELS])).decode("ascii")

    def _load(self) -> Callable[..., int]:
        try:
            function = ctypes.CDLL(self._path)["_Unpack"]
        except (OSError, AttributeError):
            raise Problem("idcard.photo_library", Retry.AFTER_FIX, library=self._path) from None
        function.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.POINTER(ctypes.c_int)]
        function.restype = ctypes.c_int
        self._unpack = function
        return function


def bitmap(pixels: bytes) -> bytes:
    """A BMP file of the decoded pixels, which lie row by row from the top."""
    row = WIDTH * 3
    padding = bytes(-row % 4)
    rows = [pixels[at : at + row] + padding for at in range(0, len(pixels), row)]
    size = (row + len(padding)) * HEIGHT
    head = struct.pack("<2sIHHI", b"BM", 54 + size, 0, 0, 54)
    head += struct.pack("<IiiHHIIiiII", 40, WIDTH, HEIGHT, 1, 24, 0, size, 0, 0, 0, 0)
    return head + b"".join(reversed(rows))
