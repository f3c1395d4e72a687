"""Windows' spooler (winspool.drv), by ctypes: bytes go to a queue as they are, with the datatype RAW.

Source: Microsoft's reference of the Print Spooler API. Its structures are checked against a C compiler's in the
tests; on a Windows machine it has not been run.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from contract.problem import Problem, Retry
from devices.printer import PrinterState, Standing
from devices.printer.spools import JobState

OURS = "通办 "  # how the names of our jobs begin
JOBS_AT_ONCE = 256
_DELETE = 5  # JOB_CONTROL_DELETE
_DWORD, _WSTR = ctypes.c_uint32, ctypes.c_wchar_p

_PRINTER: tuple[tuple[int, Standing], ...] = (
    (0x0000_0008, Standing.JAM),
    (0x0040_0000, Standing.COVER_OPEN),
    (0x0000_0010, Standing.OUT_OF_PAPER),
    (0x0000_0060, Standing.OUT_OF_PAPER),  # manual feed, paper problem
    (0x0004_0000, Standing.NO_INK),
    (0x0000_0002 | 0x0000_0800 | 0x0010_0000 | 0x0020_0000, Standing.FAULT),
    (0x0000_0001 | 0x0000_0004 | 0x0000_0080 | 0x0000_1000 | 0x0080_0000, Standing.OFFLINE),
    (0x0002_0000, Standing.NEAR_END),
)
"""PRINTER_STATUS_ bits, worst first. What only says that it is at work is left out."""

_JOB: tuple[tuple[int, Standing], ...] = (
    (0x0040, Standing.OUT_OF_PAPER),
    (0x0002 | 0x0200 | 0x0400, Standing.FAULT),
    (0x0001 | 0x0020, Standing.OFFLINE),
)
"""JOB_STATUS_ bits that say something of the printer."""
_PRINTED = 0x0080 | 0x1000  # PRINTED, COMPLETE
_DELETED = 0x0004 | 0x0100  # DELETING, DELETED


class _DocInfo(ctypes.Structure):  # DOC_INFO_1W
    _fields_ = (("name", _WSTR), ("output", _WSTR), ("datatype", _WSTR))


class _PrinterInfo(ctypes.Structure):  # PRINTER_INFO_6
    _fields_ = (("status", _DWORD),)


class _JobInfo(ctypes.Structure):  # JOB_INFO_1W
    _fields_ = (
        ("id", _DWORD),
        ("printer", _WSTR),
        ("machine", _WSTR),
        ("user", _WSTR),
        ("document", _WSTR),
        ("datatype", _WSTR),
        ("words", _WSTR),
        ("status", _DWORD),
        ("priority", _DWORD),
        ("position", _DWORD),
        ("pages", _DWORD),
        ("printed", _DWORD),
        ("submitted", ctypes.c_uint16 * 8),
    )


def _system_library() -> Any:
    if sys.platform != "win32":
        raise Problem("device.missing", Retry.NEVER, lacks="winspool.drv")
    return ctypes.WinDLL("winspool.drv")


class WindowsSpool:
    """One queue, by the name under which Windows shows it.

    Args:
        library: winspool.drv; a test's own stands in for it.
    """

    def __init__(self, queue: str, library: Any = None) -> None:
        self.where = queue
        self._library = library

    def look(self) -> PrinterState:
        with self._open() as (spooler, handle):
            return self._look(spooler, handle)

    def submit(self, data: bytes, title: str) -> int:
        with self._open() as (spooler, handle):
            document = _DocInfo(OURS + title, None, "RAW")
            job = int(spooler.StartDocPrinterW(handle, _DWORD(1), ctypes.byref(document)))
            if not job:
                raise Problem("printer.refused", Retry.AFTER_FIX, status="StartDocPrinter")
            try:
                self._write(spooler, handle, data)
            except Problem:
                spooler.AbortPrinter(handle)
                raise
            spooler.EndDocPrinter(handle)
            return job

    def watch(self, job: int) -> tuple[JobState, PrinterState]:
        with self._open() as (spooler, handle):
            printer = self._look(spooler, handle)
            room = ctypes.create_string_buffer(16384)
            needed = _DWORD()
            if not spooler.GetJobW(handle, _DWORD(job), _DWORD(1), room, _DWORD(len(room)), ctypes.byref(needed)):
                return JobState.FORGOTTEN, printer
            status = _JobInfo.from_buffer(room).status
        if status & _DELETED:
            return JobState.ABORTED, printer
        if status & _PRINTED:
            return JobState.DONE, printer
        return JobState.OPEN, _standing(status, _JOB, "JOB_STATUS") or printer

    def open_jobs(self) -> list[int]:
        with self._open() as (spooler, handle):
            needed, count = _DWORD(), _DWORD()
            first, most, level = _DWORD(0), _DWORD(JOBS_AT_ONCE), _DWORD(1)
            spooler.EnumJobsW(handle, first, most, level, None, _DWORD(0), ctypes.byref(needed), ctypes.byref(count))
            room = ctypes.create_string_buffer(max(needed.value, ctypes.sizeof(_JobInfo)))
            size = _DWORD(len(room))
            if not spooler.EnumJobsW(handle, first, most, level, room, size, ctypes.byref(needed), ctypes.byref(count)):
                raise Problem("printer.refused", Retry.AFTER_FIX, status="EnumJobs")
            jobs = (_JobInfo * count.value).from_buffer(room) if count.value else ()
            return [
                job.id
                for job in jobs
                if (job.document or "").startswith(OURS) and not job.status & (_PRINTED | _DELETED)
            ]

    def cancel(self, job: int) -> None:
        with suppress(Problem), self._open() as (spooler, handle):
            spooler.SetJobW(handle, _DWORD(job), _DWORD(0), None, _DWORD(_DELETE))

    @contextmanager
    def _open(self) -> Iterator[tuple[Any, ctypes.c_void_p]]:
        spooler = self._library or _system_library()
        handle = ctypes.c_void_p()
        if not spooler.OpenPrinterW(_WSTR(self.where), ctypes.byref(handle), None):
            raise Problem("printer.unreachable", Retry.AFTER_FIX, where=self.where)
        try:
            yield spooler, handle
        finally:
            spooler.ClosePrinter(handle)

    def _look(self, spooler: Any, handle: ctypes.c_void_p) -> PrinterState:
        said, needed = _PrinterInfo(), _DWORD()
        size = _DWORD(ctypes.sizeof(said))
        if not spooler.GetPrinterW(handle, _DWORD(6), ctypes.byref(said), size, ctypes.byref(needed)):
            return PrinterState(Standing.UNKNOWN)
        # Most drivers say nothing here, and nothing is 0: that is not health.
        return _standing(said.status, _PRINTER, "PRINTER_STATUS") or PrinterState(Standing.UNKNOWN)

    def _write(self, spooler: Any, handle: ctypes.c_void_p, data: bytes) -> None:
        written = _DWORD()
        whole = (
            spooler.StartPagePrinter(handle)
            and spooler.WritePrinter(handle, data, _DWORD(len(data)), ctypes.byref(written))
            and written.value == len(data)
            and spooler.EndPagePrinter(handle)
        )
        if not whole:
            raise Problem("printer.refused", Retry.AFTER_FIX, status="WritePrinter")


def _standing(status: int, bits: tuple[tuple[int, Standing], ...], name: str) -> PrinterState | None:
    for mask, standing in bits:
        if status & mask:
            return PrinterState(standing, (f"{name} {status:#x}",))
    return None
