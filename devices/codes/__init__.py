"""Bar codes and QR codes from a scanner gun or a built-in reader.

A scanner hands over what a code says and nothing more. Codes of electronic identity documents (网证, 电子社保卡) are
opaque: only the platform that issued them can say whose they are, so a code alone never identifies anybody
(app.people.electronic_id).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from devices.host import Host

LONGEST = 4096  # bytes; a QR code of the largest version holds 2,953


@dataclass(frozen=True, repr=False)
class Code:
    """What was scanned once."""

    text: str
    lossy: bool = False  # bytes that are neither UTF-8 nor GB18030 were replaced

    def __repr__(self) -> str:
        return f"Code({len(self.text)} characters)"

    __str__ = __repr__


class CodeScanner(Protocol):
    """What a driver of this kind can do. It runs in a worker process."""

    def watch(self, cancelled: Callable[[], bool], alive: Callable[[], None]) -> Iterator[Code]:
        """Codes as they are scanned, until cancelled.

        Raises:
            Problem: device.unplugged and the transport's; codes.too_long for a line without an end.
        """
        ...

    def status(self) -> dict[str, Any]:
        """``{}`` of a scanner that is there; raises where it is not."""
        ...


class Scanner:
    """The code scanner of this station, as the application uses it."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def watch(self, stop: threading.Event | None = None) -> Generator[Code, None, None]:
        """Codes as they come; closing the generator ends it, and so does `stop`, set by another thread.

        Raises:
            Problem: as CodeScanner.watch, and the Host's.
        """
        for item, _ in self._host.stream("watch", stop=stop):
            yield Code(text=str(item["text"]), lossy=bool(item["lossy"]))

    def status(self) -> None:
        """Raise what is wrong with the scanner, if anything is."""
        self._host.ask("status")


def decoded(raw: bytes) -> Code:
    """A scanned line as text: strict UTF-8, then GB18030; no scanner says which it sends."""
    for charset in ("utf-8", "gb18030"):
        try:
            return Code(raw.decode(charset))
        except UnicodeDecodeError:
            continue
    return Code(raw.decode("gb18030", "replace"), lossy=True)
