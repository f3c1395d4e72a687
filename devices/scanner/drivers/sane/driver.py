"""Any scanner with a SANE backend.

SANE hands over raw lines, so there are no device bytes to keep: the file made here, in the worker, is the
original from then on. libsane hangs now and then (sane-backends merge request 881), which is why nobody calls
this driver but through its own process and a watchdog.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import os
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any

from PIL import Image

from contract.problem import Problem, Retry
from devices.scanner import PAPERS, BatchEnd, Capabilities, Colour, ScannedPage, ScanProfile, Source, page_of
from devices.scanner.drivers.bilevel import bilevel
from devices.scanner.drivers.sane import library
from devices.scanner.drivers.sane.library import Device, Frame, Option, Status

_CHUNK = 1 << 20  # measured: smaller reads cost time, larger ones delay a cancellation
_RAW_LIMIT = 512 << 20  # A4 at 1200 dpi in colour is 400 MB
_USUAL_DPI = (75, 100, 150, 200, 300, 400, 600, 1200)
_MM_PER_INCH = 25.4

# How backends call things; the first that the device offers is taken. Lower case.
_MODES: dict[Colour, tuple[str, ...]] = {
    Colour.COLOR: ("color", "colour", "24bit color", "color 24bit", "24-bit color"),
    Colour.GRAY: ("gray", "grey", "grayscale", "true gray", "8-bit grayscale", "256 gray levels"),
    Colour.BW: ("lineart", "black & white", "black and white", "binary", "monochrome"),
}


class SaneScanner:
    """See the manifest for the options."""

    def __init__(
        self,
        device: str = "",
        adf_name: str = "",
        duplex_name: str = "",
        flatbed_name: str = "",
        settings: str = "",
        quality: int = 85,
        config_dir: str = "",
    ) -> None:
        if config_dir:
            os.environ["SANE_CONFIG_DIR"] = config_dir
        self._name = device
        self._source_names = {Source.ADF: adf_name, Source.ADF_DUPLEX: duplex_name, Source.FLATBED: flatbed_name}
        self._settings = _pairs(settings)
        self._quality = min(max(quality, 50), 95)
        self._opened_name = device

    def devices(self) -> list[dict[str, str]]:
        """Scanners connected now, for the settings page: name, maker, model."""
        with _library() as sane:
            return [{"name": name, "maker": maker, "model": model} for name, maker, model in library.device_names(sane)]

    def capabilities(self) -> Capabilities:
        with self._opened() as (device, _):
            options = device.options()
            sources = tuple(source for source in Source if self._source_value(options, source) is not None)
            colours = tuple(colour for colour in Colour if _mode(options, _made_from(options, colour)) is not None)
            return Capabilities(sources, colours or (Colour.COLOR,), _resolutions(options))

    def scan(
        self, profile: Mapping[str, Any], *, cancelled: Callable[[], bool], alive: Callable[[], None]
    ) -> Generator[tuple[ScannedPage, bytes], None, BatchEnd]:
        """One batch: the feeder until it is empty, the flatbed once."""
        wanted = ScanProfile.from_wire(profile)
        duplex = wanted.source is Source.ADF_DUPLEX
        count = 0
        with self._opened() as (device, sane):
            dpi = self._prepare(device, wanted)
            while not cancelled():
                status = device.start()
                if status == Status.NO_DOCS and count:
                    return BatchEnd(count, "empty")
                if status != Status.GOOD:
                    raise self._problem(status, sane, device)
                alive()
                picture = self._read(device, sane, cancelled, alive)
                if picture is None:
                    break
                if wanted.colour is Colour.BW and picture.mode != "1":
                    picture = bilevel(picture)
                media_type, data = _encode(picture, dpi, self._quality)
                count += 1
                yield page_of(count, duplex, media_type, data, picture.width, picture.height, dpi), data
                if wanted.source is Source.FLATBED:
                    return BatchEnd(count, "single")
        raise Problem("scanner.cancelled", Retry.AGAIN)

    @contextlib.contextmanager
    def _opened(self) -> Iterator[tuple[Device, ctypes.CDLL]]:
        with _library() as sane:
            name = self._name
            if not name:
                found = library.device_names(sane)
                if not found:
                    raise Problem("scanner.absent", Retry.AFTER_FIX)
                name = found[0][0]
            device = Device(sane, name)
            self._opened_name = name
            try:
                yield device, sane
            finally:
                device.close()

    def _source_value(self, options: Mapping[str, Option], source: Source) -> str | None:
        """The device's word for a source, "" where it has only one source, None where it lacks this one."""
        option = options.get("source")
        if option is None or not option.settable:
            return "" if source is Source.FLATBED else None
        if given := self._source_names[source]:
            return given if given in option.choices else None
        for choice in option.choices:
            if isinstance(choice, str) and _kind_of_source(choice) is source:
                return choice
        if source is Source.ADF_DUPLEX and _duplex_option(options) is not None:
            return self._source_value(options, Source.ADF)
        return None

    def _prepare(self, device: Device, wanted: ScanProfile) -> int:
        """Set everything, in the order in which options depend on each other. Returns the resolution got."""
        options = device.options()
        source = self._source_value(options, wanted.source)
        if source is None:
            raise Problem("scanner.no_such_source", Retry.AFTER_FIX, source=wanted.source)
        if source:
            device.set(options["source"], source)
        options = device.options()
        if (both := _duplex_option(options)) is not None and wanted.source is not Source.FLATBED:
            device.set(both[0], both[1] if wanted.source is Source.ADF_DUPLEX else both[2])
        colour = _made_from(options, wanted.colour)
        if "mode" in options:
            mode = _mode(options, colour)
            if mode is None:
                raise Problem("scanner.unsupported", Retry.NEVER)
            device.set(options["mode"], mode)
        options = device.options()
        depth = options.get("depth")
        if depth is not None and depth.settable and 8 in (depth.choices or (8,)) and colour is not Colour.BW:
            device.set(depth, 8)
        if (resolution := options.get("resolution")) and resolution.settable:
            device.set(resolution, _nearest(resolution, wanted.dpi))
        self._set_paper(device, wanted)
        for name, value in self._settings:
            option = device.options().get(name)
            if option is None:
                raise Problem("scanner.no_such_setting", Retry.AFTER_FIX, setting=name)
            device.set(option, value)
        resolution = device.options().get("resolution")
        return round(device.number(resolution)) if resolution is not None else wanted.dpi

    def _set_paper(self, device: Device, wanted: ScanProfile) -> None:
        width, height = PAPERS[wanted.paper]
        sizes = {"page-width": width, "page-height": height, "tl-x": 0.0, "tl-y": 0.0, "br-x": width, "br-y": height}
        for name, millimetres in sizes.items():
            option = device.options().get(name)
            if option is None or not option.settable:
                continue
            value = millimetres * wanted.dpi / _MM_PER_INCH if option.in_pixels else millimetres
            if option.least is not None and option.most is not None:
                value = min(max(value, option.least), option.most)
            device.set(option, value)

    def _read(
        self, device: Device, sane: ctypes.CDLL, cancelled: Callable[[], bool], alive: Callable[[], None]
    ) -> Image.Image | None:
        """One page; None if it was cancelled in the middle."""
        shape = device.parameters()
        if shape.format not in (Frame.GRAY, Frame.RGB) or not shape.last_frame or shape.depth not in (1, 8):
            raise Problem("scanner.unsupported", Retry.NEVER)
        expected = shape.bytes_per_line * shape.lines if shape.lines > 0 else 0
        if expected > _RAW_LIMIT:
            raise Problem("scanner.too_large", Retry.AFTER_FIX, limit=_RAW_LIMIT >> 20)
        raw = bytearray(expected + _CHUNK)
        got = 0
        while True:
            if len(raw) - got < _CHUNK:  # only where the device did not know its number of lines
                if len(raw) > _RAW_LIMIT:
                    raise Problem("scanner.too_large", Retry.AFTER_FIX, limit=_RAW_LIMIT >> 20)
                raw.extend(bytes(len(raw)))
            view = (ctypes.c_char * len(raw)).from_buffer(raw)
            status, length = device.read(ctypes.addressof(view) + got, _CHUNK)
            del view  # a bytearray that is looked into cannot grow
            got += length
            if cancelled():
                return None
            if status == Status.EOF:
                break
            if status != Status.GOOD:
                raise self._problem(status, sane, device)
            alive()
        lines = got // shape.bytes_per_line if shape.bytes_per_line > 0 else 0
        if lines == 0 or shape.pixels_per_line <= 0 or (shape.lines > 0 and lines < shape.lines):
            raise Problem("scanner.io", Retry.AGAIN)
        mode, raw_mode = ("RGB", "RGB") if shape.format == Frame.RGB else ("L", "L")
        if shape.depth == 1:
            if shape.format == Frame.RGB:
                raise Problem("scanner.unsupported", Retry.NEVER)
            mode, raw_mode = "1", "1;I"  # SANE: a set bit is black
        size = (shape.pixels_per_line, lines)
        return Image.frombytes(
            mode, size, memoryview(raw)[: lines * shape.bytes_per_line], "raw", raw_mode, shape.bytes_per_line, 1
        )

    def _problem(self, status: int, sane: ctypes.CDLL, device: Device) -> Problem:
        """The Problem of a status in the middle of work.

        Unplugging too is an input/output error. Whether the device is still there only opening it again tells:
        not every device that can be opened is listed.
        """
        if status == Status.IO_ERROR:
            device.close()
            try:
                Device(sane, self._opened_name).close()
            except Problem as problem:
                if problem.code == "scanner.absent":
                    return Problem("scanner.gone", Retry.AFTER_FIX)
        return library.problem_of(status)


@contextlib.contextmanager
def _library() -> Iterator[ctypes.CDLL]:
    sane = library.load()
    if status := sane.sane_init(ctypes.byref(ctypes.c_int()), None):
        raise library.problem_of(status)
    try:
        yield sane
    finally:
        sane.sane_exit()


def _pairs(settings: str) -> list[tuple[str, str]]:
    """``name=value; name=value`` in order."""
    pairs = []
    for part in filter(str.strip, settings.split(";")):
        name, equals, value = part.partition("=")
        if not equals:
            raise Problem("scanner.no_such_setting", Retry.AFTER_FIX, setting=name.strip())
        pairs.append((name.strip(), value.strip()))
    return pairs


def _kind_of_source(name: str) -> Source | None:
    """Which source a backend means by a name such as "ADF Front", "Automatic Document Feeder(Duplex)", "FB"."""
    lower = name.lower()
    if any(word in lower for word in ("card", "back", "transparen", "negative", "slide", "film")):
        return None
    if any(word in lower for word in ("adf", "feeder", "simplex", "duplex")):
        return Source.ADF_DUPLEX if "duplex" in lower or "both" in lower else Source.ADF
    if any(word in lower for word in ("flatbed", "platen", "normal", "fb")):
        return Source.FLATBED
    return None


def _duplex_option(options: Mapping[str, Option]) -> tuple[Option, str, str] | None:
    """Backends that switch the sides apart from the source: (option, both sides, one side)."""
    for name in ("adf-mode", "duplex"):
        option = options.get(name)
        if option is None or not option.settable:
            continue
        words = {str(choice).lower(): str(choice) for choice in option.choices}
        if "duplex" in words:
            return option, words["duplex"], words.get("simplex", str(option.choices[0]))
        if not option.choices:
            return option, "true", "false"
    return None


def _mode(options: Mapping[str, Option], colour: Colour) -> str | None:
    option = options.get("mode")
    if option is None:
        return None
    words = {str(choice).lower(): str(choice) for choice in option.choices}
    return next((words[word] for word in _MODES[colour] if word in words), None)


def _made_from(options: Mapping[str, Option], colour: Colour) -> Colour:
    """What to ask the device for: one that has no mode for black and white gives grey, which is cut here."""
    return Colour.GRAY if colour is Colour.BW and _mode(options, colour) is None else colour


def _resolutions(options: Mapping[str, Option]) -> tuple[int, ...]:
    option = options.get("resolution")
    if option is None:
        return ()
    if option.choices:
        return tuple(round(float(choice)) for choice in option.choices)
    least, most = option.least or 0, option.most or max(_USUAL_DPI)
    return tuple(dpi for dpi in _USUAL_DPI if least <= dpi <= most)


def _nearest(option: Option, dpi: int) -> float:
    """The least resolution on offer that is not below the one asked for, else the greatest."""
    if option.choices:
        offered = sorted(float(choice) for choice in option.choices)
        return next((each for each in offered if each >= dpi), offered[-1])
    if option.least is not None and option.most is not None:
        return min(max(float(dpi), option.least), option.most)
    return dpi


def _encode(picture: Image.Image, dpi: int, quality: int) -> tuple[str, bytes]:
    """JPEG, or PNG for one bit a pixel: both open in every browser, which G4 does not."""
    out = io.BytesIO()
    if picture.mode == "1":
        picture.save(out, "PNG", dpi=(dpi, dpi), optimize=False)
        return "image/png", out.getvalue()
    picture.save(out, "JPEG", quality=quality, dpi=(dpi, dpi))
    return "image/jpeg", out.getvalue()


OPEN = SaneScanner
