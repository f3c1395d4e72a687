"""libsane through ctypes: just what scanning a batch needs (SANE API 1.0, sane-project.gitlab.io/standard)."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from ctypes import POINTER, byref, c_char_p, c_int, c_void_p
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from contract.problem import Problem, Retry


class Status(IntEnum):
    GOOD = 0
    UNSUPPORTED = 1
    CANCELLED = 2
    DEVICE_BUSY = 3
    INVAL = 4
    EOF = 5
    JAMMED = 6
    NO_DOCS = 7
    COVER_OPEN = 8
    IO_ERROR = 9
    NO_MEM = 10
    ACCESS_DENIED = 11


_PROBLEMS: dict[int, tuple[str, Retry]] = {
    Status.UNSUPPORTED: ("scanner.unsupported", Retry.NEVER),
    Status.CANCELLED: ("scanner.cancelled", Retry.AGAIN),
    Status.DEVICE_BUSY: ("scanner.busy", Retry.AGAIN),
    Status.INVAL: ("scanner.unsupported", Retry.NEVER),
    Status.JAMMED: ("scanner.jam", Retry.AFTER_FIX),
    Status.NO_DOCS: ("scanner.no_paper", Retry.AFTER_FIX),
    Status.COVER_OPEN: ("scanner.cover_open", Retry.AFTER_FIX),
    Status.NO_MEM: ("scanner.memory", Retry.AFTER_FIX),
    Status.ACCESS_DENIED: ("scanner.access", Retry.AFTER_FIX),
}


def problem_of(status: int) -> Problem:
    """What a status means to the clerk; one without words of its own is an input/output error."""
    code, retry = _PROBLEMS.get(status, ("scanner.io", Retry.AGAIN))
    return Problem(code, retry)


class Frame(IntEnum):
    GRAY = 0
    RGB = 1  # 2, 3 and 4 are the single colours of three-pass scanners


class _Device(ctypes.Structure):
    _fields_ = (("name", c_char_p), ("vendor", c_char_p), ("model", c_char_p), ("type", c_char_p))


class _Parameters(ctypes.Structure):
    _fields_ = (
        ("format", c_int),
        ("last_frame", c_int),
        ("bytes_per_line", c_int),
        ("pixels_per_line", c_int),
        ("lines", c_int),
        ("depth", c_int),
    )


class _Range(ctypes.Structure):
    _fields_ = (("min", c_int), ("max", c_int), ("quant", c_int))


class _Constraint(ctypes.Union):
    _fields_ = (("strings", POINTER(c_char_p)), ("words", POINTER(c_int)), ("range", POINTER(_Range)))


class _Descriptor(ctypes.Structure):
    _fields_ = (
        ("name", c_char_p),
        ("title", c_char_p),
        ("desc", c_char_p),
        ("type", c_int),
        ("unit", c_int),
        ("size", c_int),
        ("cap", c_int),
        ("constraint_type", c_int),
        ("constraint", _Constraint),
    )


_BOOL, _INT, _FIXED, _STRING = 0, 1, 2, 3
_UNIT_PIXEL = 1
_CAP_SOFT_SELECT, _CAP_INACTIVE = 1, 32
_NO_CONSTRAINT, _RANGE, _WORD_LIST, _STRING_LIST = 0, 1, 2, 3
_GET, _SET = 0, 1
_FIXED_ONE = 65536
_WORD = ctypes.sizeof(c_int)


@dataclass(frozen=True)
class Option:
    """One option of the device as it stands now. Choices are strings or numbers, in the option's own unit."""

    number: int
    name: str
    kind: int
    size: int
    in_pixels: bool
    settable: bool
    choices: tuple[str | float, ...]
    least: float | None
    most: float | None


@dataclass(frozen=True)
class Parameters:
    """Shape of the frame being read; `lines` is -1 where the device cannot know it before the end."""

    format: int
    last_frame: bool
    bytes_per_line: int
    pixels_per_line: int
    lines: int
    depth: int


def load() -> ctypes.CDLL:
    """The library with its signatures. Raises Problem ``scanner.no_library`` where it is not installed."""
    try:
        sane = ctypes.CDLL("libsane.so.1")
    except OSError:
        raise Problem("scanner.no_library", Retry.AFTER_FIX) from None
    sane.sane_init.argtypes = [POINTER(c_int), c_void_p]
    sane.sane_get_devices.argtypes = [POINTER(POINTER(POINTER(_Device))), c_int]
    sane.sane_open.argtypes = [c_char_p, POINTER(c_void_p)]
    for name in ("sane_close", "sane_cancel"):
        getattr(sane, name).argtypes = [c_void_p]
        getattr(sane, name).restype = None
    sane.sane_exit.argtypes = []
    sane.sane_exit.restype = None
    sane.sane_start.argtypes = [c_void_p]
    sane.sane_get_option_descriptor.argtypes = [c_void_p, c_int]
    sane.sane_get_option_descriptor.restype = POINTER(_Descriptor)
    sane.sane_control_option.argtypes = [c_void_p, c_int, c_int, c_void_p, POINTER(c_int)]
    sane.sane_get_parameters.argtypes = [c_void_p, POINTER(_Parameters)]
    sane.sane_read.argtypes = [c_void_p, c_void_p, c_int, POINTER(c_int)]
    return sane


def device_names(sane: ctypes.CDLL) -> list[tuple[str, str, str]]:
    """(name, vendor, model) of each device that is connected now; asks every backend, so it takes seconds."""
    found = POINTER(POINTER(_Device))()
    if status := sane.sane_get_devices(byref(found), 1):
        raise problem_of(status)
    names = []
    for index in range(1 << 10):
        if not found[index]:
            break
        device = found[index].contents
        names.append((_text(device.name), _text(device.vendor), _text(device.model)))
    return names


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", "replace")


class Device:
    """An open device. `close` it."""

    def __init__(self, sane: ctypes.CDLL, name: str) -> None:
        """Raises ``scanner.absent`` where there is no such device, and the statuses of opening."""
        self._sane = sane
        self._handle = c_void_p()
        status = sane.sane_open(name.encode(), byref(self._handle))
        if status in (Status.INVAL, Status.IO_ERROR):
            raise Problem("scanner.absent", Retry.AFTER_FIX)
        if status:
            raise problem_of(status)

    def close(self) -> None:
        """Cancel whatever runs and close; a second time does nothing."""
        if self._handle:
            self._sane.sane_cancel(self._handle)
            self._sane.sane_close(self._handle)
            self._handle = c_void_p()

    def options(self) -> dict[str, Option]:
        """All options that have a name. Setting one may change the others: ask again."""
        return {option.name: option for option in self._each_option()}

    def _each_option(self) -> Iterator[Option]:
        count = c_int()
        if status := self._sane.sane_control_option(self._handle, 0, _GET, byref(count), byref(c_int())):
            raise problem_of(status)
        for number in range(1, count.value):
            pointer = self._sane.sane_get_option_descriptor(self._handle, number)
            if not pointer or not pointer.contents.name:
                continue
            said = pointer.contents
            choices, least, most = _constraint(said)
            settable = bool(said.cap & _CAP_SOFT_SELECT) and not said.cap & _CAP_INACTIVE
            yield Option(
                number,
                _text(said.name),
                said.type,
                said.size,
                said.unit == _UNIT_PIXEL,
                settable,
                choices,
                least,
                most,
            )

    def set(self, option: Option, value: str | float | bool) -> None:
        """Set an option to a value in its own unit; text is read as the option's type.

        Raises the Problem of the status, ``scanner.unsupported`` where the value cannot be one.
        """
        buffer: Any
        try:
            if option.kind == _STRING:
                raw = str(value).encode()
                buffer = ctypes.create_string_buffer(raw, max(option.size, len(raw) + 1))
            elif option.kind == _FIXED:
                buffer = c_int(round(float(value) * _FIXED_ONE))
            elif option.kind == _BOOL:
                buffer = c_int(str(value).lower() in ("true", "yes", "1"))
            elif option.kind == _INT and option.size == _WORD:
                buffer = c_int(round(float(value)))
            else:
                raise ValueError("a button, a group or a table")
        except ValueError:
            raise Problem("scanner.unsupported", Retry.NEVER) from None
        status = self._sane.sane_control_option(self._handle, option.number, _SET, byref(buffer), byref(c_int()))
        if status:
            raise problem_of(status)

    def number(self, option: Option) -> float:
        """The value of a numeric option as it stands."""
        value = c_int()
        status = self._sane.sane_control_option(self._handle, option.number, _GET, byref(value), byref(c_int()))
        if status:
            raise problem_of(status)
        return value.value / _FIXED_ONE if option.kind == _FIXED else value.value

    def start(self) -> int:
        return int(self._sane.sane_start(self._handle))

    def parameters(self) -> Parameters:
        said = _Parameters()
        if status := self._sane.sane_get_parameters(self._handle, byref(said)):
            raise problem_of(status)
        return Parameters(
            said.format, bool(said.last_frame), said.bytes_per_line, said.pixels_per_line, said.lines, said.depth
        )

    def read(self, address: int, room: int) -> tuple[int, int]:
        """(status, number of bytes) of one read into memory of ours."""
        length = c_int()
        status = self._sane.sane_read(self._handle, address, room, byref(length))
        return int(status), length.value


def _constraint(said: _Descriptor) -> tuple[tuple[str | float, ...], float | None, float | None]:
    scale = _FIXED_ONE if said.type == _FIXED else 1
    if said.constraint_type == _STRING_LIST:
        strings: list[str | float] = []
        for index in range(1 << 10):
            if said.constraint.strings[index] is None:
                break
            strings.append(_text(said.constraint.strings[index]))
        return tuple(strings), None, None
    if said.constraint_type == _WORD_LIST:
        count = said.constraint.words[0]
        return tuple(said.constraint.words[index] / scale for index in range(1, count + 1)), None, None
    if said.constraint_type == _RANGE:
        span = said.constraint.range.contents
        return (), span.min / scale, span.max / scale
    return (), None, None
