"""A stream of JPEG pictures with anything between them: Motion JPEG over HTTP, over a pipe, out of a file.

Every server has its own idea of the lines between two pictures: boundaries with and without dashes, quoted or not,
lengths that are missing or wrong. So they are not read at all: a picture is found by its own structure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_START = b"\xff\xd8\xff"
_MARKER_IN_SCAN = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")  # stuffed zeros and restarts belong to the picture
_BARE = frozenset({0x01, *range(0xD0, 0xD8)})  # markers without a length
_SOI, _EOI, _SOS, _FILL = 0xD8, 0xD9, 0xDA, 0xFF


class TooLarge(ValueError):
    """So many bytes and no end of a picture."""


class Jpegs:
    """Cuts whole pictures out of a stream. A picture that breaks off is left out; the next one is found again."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._held = bytearray()
        self._at = 0  # where in the picture that is held the walk goes on; 0: none has begun
        self._in_scan = self._scanned = False
        self._since = 0  # bytes since the last whole picture

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The pictures that are whole with this.

        Raises:
            TooLarge: nothing whole came in the largest size of a picture.
        """
        self._held += data
        self._since += len(data)
        while (end := self._end()) is not None:
            picture = bytes(self._held[:end])
            del self._held[:end]
            self._at, self._since = 0, len(self._held)
            yield picture
        if self._since > self._largest:
            raise TooLarge

    def _end(self) -> int | None:
        """Where the picture that is held ends; None while more must come."""
        held = self._held
        while True:
            if not self._at:
                start = held.find(_START)
                if start < 0:
                    del held[: max(len(held) - len(_START) + 1, 0)]
                    return None
                del held[:start]
                self._at = 2
                self._in_scan = self._scanned = False
            if self._in_scan:
                found = _MARKER_IN_SCAN.search(held, self._at)
                if found is None:
                    self._at = max(self._at, len(held) - 1)  # a marker may be cut in two
                    return None
                self._at, self._in_scan = found.end() - 2, False
            if self._at + 2 > len(held):
                return None
            marker = held[self._at + 1]
            if held[self._at] != 0xFF or marker == _SOI or (marker == _EOI and not self._scanned):
                del held[:2]  # broken off, or none at all: the next one may begin anywhere
                self._at = 0
            elif marker == _EOI:
                return self._at + 2
            elif marker == _FILL:
                self._at += 1
            elif marker in _BARE:
                self._at += 2
            elif self._at + 4 > len(held):
                return None
            else:
                self._at += 2 + int.from_bytes(held[self._at + 2 : self._at + 4], "big")
                self._in_scan = marker == _SOS
                self._scanned = self._scanned or self._in_scan
