"""What a pen digitiser says of itself and of its pen: USB HID 1.11 §6.2.2 and the HID Usage Tables' digitizer page.

A report descriptor is a list of short items. Only what a pen needs is read of it: where in which report the tip
switch, the position and the pressure stand, and how large the writing area is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from contract.problem import Problem, Retry
from devices.signature import FULL, Area

_INPUT, _COLLECTION, _END = 0x8, 0xA, 0xC
_PENS = frozenset({0x0D_0001, 0x0D_0002})  # digitizer, pen
_TIP, _PRESSURE, _X, _Y = 0x0D_0042, 0x0D_0030, 0x01_0030, 0x01_0031
_CM, _INCH = 0x11, 0x13  # units of length
_MM = {_CM: 10.0, _INCH: 25.4}
LARGEST = 4096  # bytes of a descriptor


@dataclass(frozen=True)
class Field:
    """One number in a report, and what its values stand for."""

    report: int
    bit: int
    size: int
    least: int
    most: int
    millimetres: float  # from least to most; 0 where the device does not say

    def read(self, report: bytes) -> int:
        """The number in a report's bytes (without the report's own number)."""
        value = int.from_bytes(report, "little") >> self.bit & ((1 << self.size) - 1)
        return value - (1 << self.size) if self.least < 0 and value >> (self.size - 1) else value


@dataclass(frozen=True)
class Layout:
    """How a pen's reports are to be read."""

    tip: Field
    x: Field
    y: Field
    pressure: Field | None
    numbered: bool  # each report begins with its number

    @property
    def area(self) -> Area:
        """The writing area: in hundredths of a millimetre where the device says how large it is."""
        across, down = self._span(self.x), self._span(self.y)
        return Area(max(across, 1), max(down, 1), self.pressure is not None)

    def read(self, report: bytes) -> tuple[int, int, int] | None:
        """Position and pressure (0: lifted) in a report; None for a report of something else, or a cut one."""
        number, body = (report[0], report[1:]) if self.numbered and report else (0, report)
        if number != self.tip.report or len(body) * 8 < max(
            each.bit + each.size for each in (self.tip, self.x, self.y)
        ):
            return None
        x, y = (self._scaled(each, each.read(body)) for each in (self.x, self.y))
        if not self.tip.read(body):
            return x, y, 0
        pressed = self.pressure
        if pressed is None or pressed.most <= pressed.least:
            return x, y, FULL
        return x, y, max(1, round((pressed.read(body) - pressed.least) * FULL / (pressed.most - pressed.least)))

    def _span(self, each: Field) -> int:
        return round(each.millimetres * 100) if self._is_measured else each.most - each.least

    def _scaled(self, each: Field, value: int) -> int:
        value = min(max(value, each.least), each.most) - each.least
        return round(value * self._span(each) / max(each.most - each.least, 1))

    @property
    def _is_measured(self) -> bool:
        return self.x.millimetres > 0 and self.y.millimetres > 0


@dataclass(frozen=True)
class _Globals:
    page: int = 0
    least: int = 0
    most: int = 0
    physical_least: int = 0
    physical_most: int = 0
    exponent: int = 0
    unit: int = 0
    size: int = 0
    report: int = 0
    count: int = 0


_GLOBAL = ("page", "least", "most", "physical_least", "physical_most", "exponent", "unit", "size", "report", "count")
_SIGNED = {"least", "most", "physical_least", "physical_most"}


@dataclass
class _Reading:
    now: _Globals = field(default_factory=_Globals)
    pushed: list[_Globals] = field(default_factory=list)
    usages: list[int] = field(default_factory=list)
    first: int = 0
    depth: int = 0
    pen_from: int = 0  # the depth at which a pen's collection began; 0 outside
    bits: dict[int, int] = field(default_factory=dict)
    found: dict[int, Field] = field(default_factory=dict)
    numbered: bool = False


def read_layout(descriptor: bytes) -> Layout:
    """Where a pen's reports say what.

    Raises:
        Problem: ``signature.no_pen`` where the device describes no pen with tip and position.
    """
    reading = _Reading()
    for kind, tag, raw in _items(descriptor[:LARGEST]):
        value = int.from_bytes(raw, "little")
        if kind == 1:
            _take_global(reading, tag, raw)
        elif kind == 2 and tag == 0:
            reading.usages.append(_usage(reading, raw))
        elif kind == 2 and tag == 1:
            reading.first = _usage(reading, raw)
        elif kind == 2 and tag == 2:
            reading.usages += range(reading.first, min(_usage(reading, raw), reading.first + 255) + 1)
        elif kind == 0:
            _take_main(reading, tag, value)
            reading.usages = []
    found = reading.found
    if not {_TIP, _X, _Y} <= found.keys():
        raise Problem("signature.no_pen", Retry.AFTER_FIX)
    return Layout(found[_TIP], found[_X], found[_Y], found.get(_PRESSURE), reading.numbered)


def _items(descriptor: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = 0
    while at < len(descriptor):
        head = descriptor[at]
        if head == 0xFE:  # a long item; nobody defined one
            at += 3 + (descriptor[at + 1] if at + 1 < len(descriptor) else 0)
            continue
        size = (0, 1, 2, 4)[head & 3]
        yield head >> 2 & 3, head >> 4, descriptor[at + 1 : at + 1 + size]
        at += 1 + size


def _take_global(reading: _Reading, tag: int, raw: bytes) -> None:
    if tag == 0xA:
        reading.pushed.append(reading.now)
    elif tag == 0xB and reading.pushed:
        reading.now = reading.pushed.pop()
    elif tag < len(_GLOBAL):
        name = _GLOBAL[tag]
        value = int.from_bytes(raw, "little", signed=name in _SIGNED)
        if name == "exponent":
            value = (value & 0xF) - 16 if value & 0x8 else value & 0xF
        reading.now = replace(reading.now, **{name: value})
        reading.numbered |= name == "report"


def _usage(reading: _Reading, raw: bytes) -> int:
    value = int.from_bytes(raw, "little")
    return value if len(raw) == 4 else reading.now.page << 16 | value


def _take_main(reading: _Reading, tag: int, flags: int) -> None:
    if tag == _COLLECTION:
        reading.depth += 1
        if not reading.pen_from and _PENS & set(reading.usages):
            reading.pen_from = reading.depth
    elif tag == _END:
        if reading.depth == reading.pen_from:
            reading.pen_from = 0
        reading.depth -= 1
    elif tag == _INPUT:
        _take_input(reading, flags)


def _take_input(reading: _Reading, flags: int) -> None:
    now, start = reading.now, reading.bits.get(reading.now.report, 0)
    reading.bits[now.report] = start + now.size * now.count
    is_value = flags & 0b111 == 0b010  # data, variable, absolute
    if not (is_value and reading.pen_from and reading.usages and 0 < now.size <= 32):
        return
    for n in range(min(now.count, 64)):
        usage = reading.usages[min(n, len(reading.usages) - 1)]
        most = now.most if now.most >= now.least else now.most & ((1 << now.size) - 1)  # 255 in one byte reads as -1
        each = Field(now.report, start + n * now.size, now.size, now.least, most, _millimetres(now))
        reading.found.setdefault(usage, each)


def _millimetres(now: _Globals) -> float:
    scale = _MM.get(now.unit, 0.0)
    return max(now.physical_most - now.physical_least, 0) * scale * 10.0**now.exponent if scale else 0.0
