"""The child's end of a driver process: one driver, calls in, answers out.

Started as ``python -m devices.worker <kind>/<name>``. The first line on stdin is the driver's options
(never the command line, which every user of the machine can read), each further line a call or a
cancellation:

    {"id": 1, "do": "read", "with": {…}}        {"cancel": 1}

and each answer a line, where ``blob`` says how many raw bytes follow its newline:

    {"ready": true}
    {"id": 1, "ok": value}
    {"id": 1, "item": value, "blob": 1234}      {"id": 1, "end": value}
    {"id": 1, "alive": true}
    {"id": 1, "problem": {…}}

Standard library and contract.problem only, so that it starts fast.
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import importlib
import inspect
import json
import os
import queue
import re
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any, BinaryIO

from contract.problem import Problem, Retry

LINE_LIMIT = 16 * 1024 * 1024
BLOB_LIMIT = 256 * 1024 * 1024
OWN_LINE = "worker: "  # marks what this file writes to stderr, as against what a vendor's library prints there

DRIVER_ID = re.compile(r"([a-z]+)/([a-z0-9_]+)")
_PR_SET_PDEATHSIG = 1


def to_json(value: Any) -> Any:
    """A driver's answer as JSON values: dataclasses become objects, dates ISO strings.

    Raises:
        TypeError: for what has no JSON form; bytes belong in a streamed blob.
    """
    if value is None or isinstance(value, bool | str | int | float):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, Enum):
        return to_json(value.value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(name): to_json(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_json(each) for each in value]
    raise TypeError(f"{type(value).__name__} has no JSON form")


class _Wire:
    """The private copy of stdout. Several threads may say something on it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def say(self, line: Mapping[str, Any], blob: bytes | bytearray | memoryview = b"") -> None:
        head = json.dumps(line).encode("ascii") + b"\n"
        if len(head) > LINE_LIMIT or len(blob) > BLOB_LIMIT:
            raise Problem("device.too_large", Retry.NEVER)
        with self._lock:
            self._stream.write(head)
            if len(blob):
                self._stream.write(blob)
            self._stream.flush()


def _take_over_stdio() -> tuple[BinaryIO, _Wire]:
    """Keep stdin and stdout for the wire alone.

    Whatever a vendor's library prints, from Python or from C, goes to stderr; whatever a program started
    by the driver reads from stdin is empty.
    """
    calls = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return calls, _Wire(answers)


def die_with_parent() -> None:
    """End when the parent does, even stopped or inside a hung library; and leave no core dump of personal data.

    On Linux that is the end of the *thread* that started this process: it must live as long as the process is to.
    """
    if sys.platform == "win32":
        return  # the end of stdin is all there is
    import resource

    # One byte, not none: Linux ignores the limit for a dump that is piped to a program, unless it is exactly 1.
    resource.setrlimit(resource.RLIMIT_CORE, (1, 1))
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


def _tell(error: BaseException) -> None:
    """Where it went wrong, to stderr: files, lines and the kind of error, none of the values."""
    while True:
        for frame in traceback.extract_tb(error.__traceback__):
            sys.stderr.write(f"{OWN_LINE}{frame.filename}:{frame.lineno} {frame.name}\n")
        sys.stderr.write(f"{OWN_LINE}{type(error).__name__}\n")
        sys.stderr.flush()
        if error.__cause__ is None:
            return
        error = error.__cause__


def _as_problem(error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    _tell(error)
    return Problem("device.failed", Retry.AGAIN, kind=type(error).__name__)


@dataclasses.dataclass(frozen=True)
class _Call:
    number: int
    do: str
    arguments: dict[str, Any]
    cancelled: threading.Event


def _read_calls(stream: BinaryIO, calls: queue.SimpleQueue[_Call]) -> None:
    """The second thread: hears cancellations while a call is under way; ends the process with stdin."""
    running: dict[int, threading.Event] = {}
    while line := stream.readline(LINE_LIMIT + 1):
        if len(line) > LINE_LIMIT:
            break
        try:
            heard = json.loads(line)
        except ValueError:
            break  # half a line: the parent died while writing
        if "cancel" in heard:
            if event := running.get(heard["cancel"]):
                event.set()
            continue
        event = threading.Event()
        running = {heard["id"]: event}  # the parent sends one call at a time
        calls.put(_Call(heard["id"], heard["do"], heard.get("with") or {}, event))
    os._exit(0)  # the driver may hang in C: no tidy end is possible from here


class _Session:
    """The driver, opened at the first call and again after an opening that failed."""

    def __init__(self, driver_id: str, options: dict[str, Any], wire: _Wire) -> None:
        self._options = options
        self._wire = wire
        self._driver: Any = None
        self._unloadable: Exception | None = None
        match = DRIVER_ID.fullmatch(driver_id)
        try:
            if match is None:
                raise Problem("device.no_such_driver", Retry.NEVER, driver=driver_id)
            module = importlib.import_module(f"devices.{match[1]}.drivers.{match[2]}.driver")
            self._open: Callable[..., Any] = module.OPEN
        except Exception as error:
            self._unloadable = error

    def answer(self, call: _Call) -> None:
        try:
            value = self._method(call)
            if isinstance(value, Iterator):
                self._stream(call, value)
            else:
                self._wire.say({"id": call.number, "ok": to_json(value)})
        except BrokenPipeError:
            os._exit(0)  # the parent is gone
        except Exception as error:
            self._wire.say({"id": call.number, "problem": _as_problem(error).to_wire()})

    def _method(self, call: _Call) -> Any:
        if self._unloadable is not None:
            raise self._unloadable
        if self._driver is None:
            self._driver = self._open(**self._options)
        method = None if call.do.startswith("_") else getattr(self._driver, call.do, None)
        if not callable(method):
            raise Problem("device.cannot_do", Retry.NEVER, do=call.do)
        arguments = dict(call.arguments)
        known = inspect.signature(method).parameters
        if "cancelled" in known:
            arguments["cancelled"] = call.cancelled.is_set
        if "alive" in known:
            arguments["alive"] = lambda: self._wire.say({"id": call.number, "alive": True})
        return method(**arguments)

    def _stream(self, call: _Call, items: Iterator[Any]) -> None:
        try:
            while not call.cancelled.is_set():
                try:
                    item = next(items)
                except StopIteration as end:
                    self._wire.say({"id": call.number, "end": to_json(end.value)})
                    return
                blob: bytes | bytearray | memoryview = b""
                if isinstance(item, tuple) and len(item) == 2 and isinstance(item[1], bytes | bytearray | memoryview):
                    item, blob = item
                line = {"id": call.number, "item": to_json(item)}
                self._wire.say(line | {"blob": len(blob)} if len(blob) else line, blob)
            raise Problem("device.cancelled", Retry.AGAIN)
        finally:
            if close := getattr(items, "close", None):
                close()


def main(driver_id: str) -> None:
    die_with_parent()
    stream, wire = _take_over_stdio()
    options = json.loads(stream.readline(LINE_LIMIT) or b"{}")
    calls: queue.SimpleQueue[_Call] = queue.SimpleQueue()
    session = _Session(driver_id, options, wire)
    threading.Thread(target=_read_calls, args=(stream, calls), name="calls", daemon=True).start()
    with contextlib.suppress(BrokenPipeError):
        wire.say({"ready": True})
        while True:
            session.answer(calls.get())


if __name__ == "__main__":
    main(sys.argv[1])
