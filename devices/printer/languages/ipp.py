"""IPP/2.0 messages (RFC 8010) and the few operations of RFC 8011 that printing a PDF needs.

Pure functions. An attribute is (tag, name, value); an answer is a status and its groups of attributes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

from contract.problem import Problem, Retry
from devices.printer import PrinterState, Standing

MEDIA_TYPE = "application/ipp"
PRINT_JOB, CANCEL_JOB, GET_JOB_ATTRIBUTES, GET_JOBS, GET_PRINTER_ATTRIBUTES = 0x0002, 0x0008, 0x0009, 0x000A, 0x000B

OPERATION, JOB, END, PRINTER = 0x01, 0x02, 0x03, 0x04
INTEGER, BOOLEAN, ENUM = 0x21, 0x22, 0x23
NAME, KEYWORD, URI, CHARSET, LANGUAGE, MIME = 0x42, 0x44, 0x45, 0x47, 0x48, 0x49
FIRST_VALUE_TAG = 0x10

CANCELED, ABORTED, COMPLETED = 7, 8, 9
IDLE, STOPPED = 3, 5  # printer-state
BUSY = 0x0507  # server-error-busy: the printer takes the job when another is over (RFC 8011, B.1.5.8)

Value = int | bool | str | bytes
Attribute = tuple[int, str, Value]

_REASONS: tuple[tuple[str, Standing], ...] = (
    ("media-jam", Standing.JAM),
    ("cover-open", Standing.COVER_OPEN),
    ("door-open", Standing.COVER_OPEN),
    ("interlock-open", Standing.COVER_OPEN),
    ("media-empty", Standing.OUT_OF_PAPER),
    ("media-needed", Standing.OUT_OF_PAPER),
    ("input-tray-missing", Standing.OUT_OF_PAPER),
    ("toner-empty", Standing.NO_INK),
    ("marker-supply-empty", Standing.NO_INK),
    ("marker-waste-full", Standing.NO_INK),
    ("output-area-full", Standing.FAULT),
    ("output-tray-missing", Standing.FAULT),
    ("fuser", Standing.FAULT),
    ("spool-area-full", Standing.FAULT),
    ("other-error", Standing.FAULT),
    ("offline", Standing.OFFLINE),
    ("shutdown", Standing.OFFLINE),
    ("paused", Standing.OFFLINE),
    ("connecting-to-device", Standing.OFFLINE),
    ("timed-out", Standing.OFFLINE),
    ("media-low", Standing.NEAR_END),
    ("toner-low", Standing.NEAR_END),
    ("marker-supply-low", Standing.NEAR_END),
    ("marker-waste-almost-full", Standing.NEAR_END),
)
"""printer-state-reasons by beginning, worst first: printers add -error, -warning or -report as they like."""


@dataclass(frozen=True)
class Group:
    """One group of attributes; every attribute holds a list of values."""

    tag: int
    values: dict[str, list[Value]] = field(default_factory=dict)

    def texts(self, name: str) -> tuple[str, ...]:
        return tuple(str(value) for value in self.values.get(name, ()))

    def find_int(self, name: str) -> int | None:
        found = self.values.get(name, [None])[0]
        return found if isinstance(found, int) else None


@dataclass(frozen=True)
class Answer:
    status: int
    groups: tuple[Group, ...]

    @property
    def successful(self) -> bool:
        return self.status < 0x0100

    def groups_of(self, tag: int) -> tuple[Group, ...]:
        return tuple(group for group in self.groups if group.tag == tag)


def _attribute(tag: int, name: str, value: Value) -> bytes:
    match value:
        case bool():
            raw = b"\x01" if value else b"\x00"
        case int():
            raw = struct.pack(">i", value)
        case str():
            raw = value.encode()
        case bytes():
            raw = value
    key = name.encode("ascii")
    return struct.pack(">BH", tag, len(key)) + key + struct.pack(">H", len(raw)) + raw


def request(
    operation: int, uri: str, attributes: Iterable[Attribute] = (), job: Iterable[Attribute] = (), number: int = 1
) -> bytes:
    """The head of a request; the document follows it."""
    first: list[Attribute] = [
        (CHARSET, "attributes-charset", "utf-8"),
        (LANGUAGE, "attributes-natural-language", "zh-cn"),
        (URI, "printer-uri", uri),
    ]
    message = struct.pack(">BBHI", 2, 0, operation, number) + bytes([OPERATION])
    message += b"".join(_attribute(*each) for each in [*first, *attributes])
    if ticket := b"".join(_attribute(*each) for each in job):
        message += bytes([JOB]) + ticket
    return message + bytes([END])


def read_answer(data: bytes) -> Answer:
    """What a printer answered.

    Raises:
        Problem: printer.garbled.
    """
    try:
        _, status, _ = struct.unpack_from(">HHI", data, 0)
        at = 8
        groups: list[Group] = []
        last: list[Value] = []
        while data[at] != END:
            tag = data[at]
            at += 1
            if tag < FIRST_VALUE_TAG:
                groups.append(Group(tag))
                continue
            name, at = _counted(data, at)
            raw, at = _counted(data, at)
            if name:
                last = groups[-1].values.setdefault(name.decode("ascii"), [])
            last.append(_value(tag, raw))
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise Problem("printer.garbled", Retry.AGAIN) from error
    return Answer(status, tuple(groups))


def _counted(data: bytes, at: int) -> tuple[bytes, int]:
    (length,) = struct.unpack_from(">H", data, at)
    if at + 2 + length > len(data):
        raise IndexError
    return data[at + 2 : at + 2 + length], at + 2 + length


def _value(tag: int, raw: bytes) -> Value:
    if tag in (INTEGER, ENUM):
        return int(struct.unpack(">i", raw)[0])
    if tag == BOOLEAN:
        return raw != b"\x00"
    if 0x41 <= tag <= 0x49:
        return raw.decode("utf-8", "replace")
    return raw  # dates, ranges, resolutions, collections: nothing that we ask for


def standing_of(printer_state: int | None, reasons: Iterable[str], accepting: bool = True) -> PrinterState:
    """What a printer's state and reasons mean for whoever wants to print."""
    said = tuple(reason for reason in reasons if reason != "none")
    for beginning, standing in _REASONS:
        if any(reason.startswith(beginning) for reason in said):
            return PrinterState(standing, said)
    if printer_state == STOPPED or not accepting:
        return PrinterState(Standing.OFFLINE, said)
    return PrinterState(Standing.OK, said)
