"""A TWAIN source, through a helper process of 32 bits: the drivers of scanners are, and this program is not.

The helper (packaging/twain) speaks the lines of devices.worker; this end hands them on. JPEG that the source made is
kept as it came; lines of pixels become a JPEG here.
"""

from __future__ import annotations

import contextlib
import io
import json
import locale
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from PIL import Image, UnidentifiedImageError

from contract.problem import Problem, Retry
from devices.scanner import BatchEnd, Capabilities, Colour, ScannedPage, ScanProfile, Source, page_of
from devices.scanner.drivers.bilevel import bilevel
from devices.transports.wholeness import is_whole
from devices.worker import BLOB_LIMIT

_LINE_LIMIT = 1 << 16
_END = 2.0  # seconds that the helper has to end by itself
_MODES = {8: ("L", "L"), 24: ("RGB", "RGB")}


class TwainScanner:
    """See the manifest for the options."""

    def __init__(self, source: str = "", helper: str = "", manager: str = "", quality: int = 85) -> None:
        self._helper = helper or str(Path(sys.executable).with_name("tongban-twain.exe"))
        self._options = {"source": _hex(source), "manager": _hex(manager)}
        self._quality = min(max(quality, 50), 95)

    def capabilities(self) -> Capabilities:
        with _Helper(self._helper, self._options) as helper:
            answer, _ = next(helper.call("capabilities", {}, bool, lambda: None))
            return Capabilities.from_wire(answer)

    def scan(
        self, profile: Mapping[str, Any], *, cancelled: Callable[[], bool], alive: Callable[[], None]
    ) -> Generator[tuple[ScannedPage, bytes], None, BatchEnd]:
        """One batch: the feeder until it is empty, the glass once."""
        wanted = ScanProfile.from_wire(profile)
        duplex, count = wanted.source is Source.ADF_DUPLEX, 0
        with _Helper(self._helper, self._options) as helper:
            for item, data in helper.call("scan", {"profile": dict(profile)}, cancelled, alive):
                media_type, page, width, height = self._page(item, data, wanted)
                count += 1
                yield page_of(count, duplex, media_type, page, width, height, int(item["dpi"])), page
        return BatchEnd(count, "single" if wanted.source is Source.FLATBED else "empty")

    def _page(self, item: Mapping[str, Any], data: bytes, wanted: ScanProfile) -> tuple[str, bytes, int, int]:
        """The page's file. Raises Problem ``scanner.garbled``, ``scanner.unsupported``."""
        if item["jpeg"] and not is_whole(data):
            raise Problem("scanner.garbled", Retry.AGAIN)
        try:
            picture = Image.open(io.BytesIO(data), formats=("JPEG",)) if item["jpeg"] else _of_lines(item, data)
            if item["jpeg"] and wanted.colour is not Colour.BW:
                return "image/jpeg", data, picture.width, picture.height
            if wanted.colour is Colour.BW:
                picture = bilevel(picture)
        except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
            raise Problem("scanner.garbled", Retry.AGAIN) from None
        out, dpi = io.BytesIO(), (int(item["dpi"]), int(item["dpi"]))
        if wanted.colour is Colour.BW:
            picture.save(out, "PNG", dpi=dpi)
            return "image/png", out.getvalue(), picture.width, picture.height
        picture.save(out, "JPEG", quality=self._quality, dpi=dpi)
        return "image/jpeg", out.getvalue(), picture.width, picture.height


class _Helper:
    """The helper's process for one call. It ends with its stdin; what hangs in it is killed."""

    def __init__(self, path: str, options: Mapping[str, str]) -> None:
        try:
            self._process = subprocess.Popen(
                [path],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError:
            raise Problem("scanner.no_twain", Retry.AFTER_FIX) from None
        assert self._process.stdin is not None and self._process.stdout is not None
        self._calls: IO[bytes] = self._process.stdin
        self._answers: IO[bytes] = self._process.stdout
        try:
            self._write(options)
            if "ready" not in self._read():
                raise Problem("scanner.no_twain", Retry.AFTER_FIX)
        except BaseException:
            self.close()
            raise

    def call(
        self, do: str, arguments: Mapping[str, Any], cancelled: Callable[[], bool], alive: Callable[[], None]
    ) -> Iterator[tuple[dict[str, Any], bytes]]:
        """What the helper answers, item by item. A cancellation is handed on at its next sign of life."""
        self._write({"id": 1, "do": do, "with": arguments})
        told = False
        while True:
            line = self._read()
            if cancelled() and not told:
                told = True
                self._write({"cancel": 1})
            if "problem" in line:
                raise Problem.from_wire(line["problem"])
            if "ok" in line:
                yield line["ok"], b""
                return
            if "end" in line:
                return
            if "item" in line:
                yield line["item"], self._blob(line)
            alive()

    def _write(self, line: Mapping[str, Any]) -> None:
        try:
            self._calls.write(json.dumps(line).encode("ascii") + b"\n")
            self._calls.flush()
        except OSError:
            raise Problem("scanner.crashed", Retry.AGAIN) from None

    def _read(self) -> dict[str, Any]:
        line = self._answers.readline(_LINE_LIMIT)
        if not line.endswith(b"\n"):
            raise Problem("scanner.crashed", Retry.AGAIN)
        try:
            said = json.loads(line)
        except ValueError:
            raise Problem("scanner.garbled", Retry.AGAIN) from None
        if not isinstance(said, dict):
            raise Problem("scanner.garbled", Retry.AGAIN)
        return said

    def _blob(self, line: Mapping[str, Any]) -> bytes:
        size = int(line.get("blob", 0))
        if not 0 < size <= BLOB_LIMIT:
            raise Problem("scanner.garbled", Retry.AGAIN)
        data = self._answers.read(size)
        if len(data) < size:
            raise Problem("scanner.crashed", Retry.AGAIN)
        return data

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._calls.close()
        try:
            self._process.wait(_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._answers.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _of_lines(item: Mapping[str, Any], data: bytes) -> Image.Image:
    """A picture of the lines that a memory transfer gives, each as long as the source likes."""
    if item["bits"] not in _MODES:
        raise Problem("scanner.unsupported", Retry.NEVER)
    mode, raw = _MODES[item["bits"]]
    size = (int(item["width"]), int(item["rows"]))
    return Image.frombytes(mode, size, data, "raw", raw, int(item["row_bytes"]), 1)


def _hex(name: str) -> str:
    """A name as the system's own libraries take it."""
    return name.encode(locale.getencoding(), "replace").hex()


OPEN = TwainScanner
