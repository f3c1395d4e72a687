"""The parent's end of a driver process: start it, ask it, and outlive it.

A driver runs in its own process because vendor libraries hang, crash and print. The wire is described in
devices.worker. Page bytes travel over the pipe, so nothing plain touches the disk.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from contract.problem import Problem, Retry
from devices.worker import BLOB_LIMIT, LINE_LIMIT, OWN_LINE, to_json

SOURCE_ROOT = Path(__file__).resolve().parent.parent
START_PATIENCE = 30.0  # seconds for the interpreter and the driver's imports on a slow, cold machine
STOP_PATIENCE = 2.0  # seconds a cancelled stream has to end by itself
_LOST = {"device.unplugged", "device.silent", "device.crashed", "device.no_such_port"}
_PIPE_HOLDS = 32 * 1024  # a shorter line never blocks the writer

_log = logging.getLogger("devices.host")


class _Said(NamedTuple):
    """One thing heard from the worker. The last one of its life is `over`, with a problem where we ended it."""

    line: dict[str, Any]
    blob: bytes = b""
    over: bool = False
    problem: Problem | None = None


class _Process:
    """One life of the worker.

    The thread that starts the process also reads from it until it ends: on Linux the worker is killed when
    *the thread* that started it ends, so that must be a thread which lives exactly as long.
    """

    def __init__(self, driver_id: str, options: Mapping[str, Any]) -> None:
        self._driver_id = driver_id
        self._options = json.dumps(dict(options)).encode("ascii") + b"\n"
        self.pid = 0
        self._started = threading.Event()
        self._popen: subprocess.Popen[bytes] | None = None
        self._reaped = False
        self.ready = False
        # Short, so that a fast scanner waits for a slow reader instead of filling the memory.
        self.heard: queue.Queue[_Said] = queue.Queue(maxsize=2)
        self._thread = threading.Thread(target=self._live, name=f"host {driver_id}", daemon=True)
        self._thread.start()
        self._started.wait()
        if self._popen is None:
            self._thread.join()
            raise Problem("device.cannot_start", Retry.AFTER_FIX, driver=driver_id)
        self.pid = self._popen.pid
        self.write(self._options, START_PATIENCE)

    def _live(self) -> None:
        environment = dict(os.environ)
        environment["PYTHONPATH"] = os.pathsep.join(
            [str(SOURCE_ROOT), *filter(None, [environment.get("PYTHONPATH", "")])]
        )
        try:
            self._popen = subprocess.Popen(
                [sys.executable, "-P", "-X", "utf8", "-m", "devices.worker", self._driver_id],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                start_new_session=True,  # a group of its own, so that programs a driver starts die with it
            )
        except OSError:
            return
        finally:
            self._started.set()
        errors = threading.Thread(target=self._read_errors, name=f"stderr {self._driver_id}", daemon=True)
        errors.start()
        problem = None
        try:
            self._read_answers()
        except (OSError, ValueError):
            problem = None  # a cut pipe is the end of the process
        except Problem as found:
            problem = found
        # Reached when stdout is closed or nonsense came: either way this life is over.
        self._kill()
        self._popen.wait()
        self._reaped = True
        errors.join()
        for pipe in (self._popen.stdin, self._popen.stdout, self._popen.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self.heard.put(_Said({}, over=True, problem=problem))

    def _read_answers(self) -> None:
        assert self._popen is not None and self._popen.stdout is not None
        answers = self._popen.stdout
        while line := answers.readline(LINE_LIMIT + 1):
            if len(line) > LINE_LIMIT:
                raise Problem("device.too_large", Retry.AGAIN)
            if not line.endswith(b"\n"):
                return  # cut in the middle of a line
            try:
                said = json.loads(line)
                blob_size = int(said.get("blob", 0))
            except (ValueError, TypeError, AttributeError):
                raise Problem("device.garbled", Retry.AGAIN) from None
            if not 0 <= blob_size <= BLOB_LIMIT:
                raise Problem("device.too_large", Retry.AGAIN)
            blob = answers.read(blob_size) if blob_size else b""
            if len(blob) != blob_size:
                return
            self.heard.put(_Said(said, blob))

    def _read_errors(self) -> None:
        assert self._popen is not None and self._popen.stderr is not None
        with contextlib.suppress(OSError, ValueError):
            while line := self._popen.stderr.readline(4096):
                text = line.decode("utf-8", "replace").rstrip()
                _log.debug("%s: %s", self._driver_id, text if text.startswith(OWN_LINE) else without_personal(text))

    def write(self, line: bytes, patience: float) -> None:
        """Give the worker a line. A worker that does not take a long one within the patience is killed."""
        assert self._popen is not None and self._popen.stdin is not None
        stdin = self._popen.stdin
        watch = threading.Timer(patience, self._kill) if len(line) > _PIPE_HOLDS else None
        if watch is not None:
            watch.start()
        try:
            stdin.write(line)
            stdin.flush()
        except (OSError, ValueError):
            pass  # it has ended: `heard` says so
        finally:
            if watch is not None:
                watch.cancel()
                watch.join()

    def _kill(self) -> None:
        assert self._popen is not None
        if self._reaped:
            return  # the number may belong to somebody else by now
        if sys.platform == "win32":
            self._popen.kill()
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)

    def end(self) -> str:
        """Kill it, wait for it, leave nothing open. Returns how it had ended."""
        assert self._popen is not None
        self._kill()
        deadline = time.monotonic() + STOP_PATIENCE
        # A process in an uninterruptible system call (a stuck USB transfer) cannot be waited for.
        while self._thread.is_alive() and time.monotonic() < deadline:
            with contextlib.suppress(queue.Empty):
                self.heard.get(timeout=0.02)  # the reader may be waiting for room
        with contextlib.suppress(queue.Full):
            self.heard.put_nowait(_Said({}, over=True))  # wakes a call that still waits on this life
        status = self._popen.returncode
        return "unkillable" if status is None else exit_words(status)


def exit_words(status: int) -> str:
    """``signal SIGSEGV`` or ``exit 3``, for technicians."""
    if status >= 0:
        return f"exit {status}"
    try:
        return f"signal {signal.Signals(-status).name}"
    except ValueError:
        return f"signal {-status}"


def without_personal(text: str) -> str:
    """A vendor's line, fit for a log: letters beyond ASCII and runs of five or more digits are taken out."""
    return re.sub(r"\d{5,}[\dXx]?", "#", re.sub(r"[^\x20-\x7e]+", "·", text))


class Host:
    """A driver, reachable from any thread, one call at a time.

    Args:
        driver_id: ``kind/name``, e.g. ``idcard/samv_serial``.
        options: The driver's options; they go through the pipe, not the command line.
        patience: Seconds the driver may say nothing before it is taken for hung and killed.

    Raises (from `ask` and `stream`):
        device.silent: nothing came within the patience; the process was killed.
        device.crashed: the process ended by itself.
        device.busy: another call was still running after the patience.
        device.closed: `close` was called.
        and whatever the driver raises. After each of them the next call works on a fresh process if need be.
    """

    def __init__(self, driver_id: str, options: Mapping[str, Any] | None = None, patience: float = 10.0) -> None:
        self.driver_id = driver_id
        self.patience = patience
        self._options = dict(options or {})
        self._numbers = itertools.count(1)
        self._calling = threading.Lock()  # not an RLock: a stream may be closed by another thread than its reader's
        self._process: _Process | None = None
        self._closed = False
        self._lost = False

    def __repr__(self) -> str:
        return f"Host({self.driver_id!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """Process number of the worker, if one is running."""
        return self._process.pid if self._process is not None else None

    @property
    def busy(self) -> bool:
        """Whether a call is under way."""
        return self._calling.locked()

    def ask(self, do: str, *, patience: float | None = None, **arguments: Any) -> Any:
        """Call the driver's method `do` and return its answer as JSON values."""
        patience = self.patience if patience is None else patience
        self._take_turn(patience)
        try:
            process, number = self._send(do, arguments, patience)
            said = self._hear(process, number, patience)
            if "ok" not in said.line:
                self._end(process)
                raise Problem("device.garbled", Retry.AGAIN, driver=self.driver_id)
            self._note(None)
            return said.line["ok"]
        except Problem as problem:
            self._note(problem)
            raise
        finally:
            self._calling.release()

    def stream(
        self, do: str, *, patience: float | None = None, stop: threading.Event | None = None, **arguments: Any
    ) -> Generator[tuple[Any, bytes], None, Any]:
        """Call a method that hands things over as they appear; `patience` is between two of them.

        Closing the iterator cancels the call; so does `stop`, set by another thread, at the next sign of life. A
        generator: nothing starts before the first ``next``. Its return value is what the driver's generator returned.
        """
        patience = self.patience if patience is None else patience
        self._take_turn(patience)
        try:
            process, number = self._send(do, arguments, patience)
            ended = False
            try:
                while True:
                    said = self._hear(process, number, patience, stop)
                    self._note(None)
                    if "alive" in said.line:
                        return None
                    if "item" in said.line:
                        yield said.line["item"], said.blob
                        continue
                    ended = True
                    if "ok" in said.line:
                        yield said.line["ok"], b""
                    return said.line.get("end")
            except Problem as problem:
                ended = True
                self._note(problem)
                raise
            finally:
                if not ended:
                    self._cancel(process, number)
        finally:
            self._calling.release()

    def fresh(self) -> None:
        """Kill the worker, whatever it does. The next call starts a new one."""
        process, self._process = self._process, None
        if process is not None:
            process.end()

    def close(self) -> None:
        """Kill the worker for good. No thread, process or pipe is left."""
        self._closed = True
        self.fresh()

    def _note(self, problem: Problem | None) -> None:
        """Log once that the device was lost and once that it is back, not every failing call."""
        if problem is None and self._lost:
            self._lost = False
            _log.info("%s is back", self.driver_id)
        elif problem is not None and problem.code in _LOST and not self._lost:
            self._lost = True
            _log.warning("%s was lost: %s", self.driver_id, problem.code)

    def _take_turn(self, patience: float) -> None:
        if not self._calling.acquire(timeout=patience):
            raise Problem("device.busy", Retry.AGAIN, driver=self.driver_id)

    def _send(self, do: str, arguments: Mapping[str, Any], patience: float) -> tuple[_Process, int]:
        if self._closed:
            raise Problem("device.closed", Retry.AGAIN, driver=self.driver_id)
        number = next(self._numbers)
        line = json.dumps({"id": number, "do": do, "with": to_json(arguments)}).encode("ascii") + b"\n"
        if len(line) > LINE_LIMIT:
            raise Problem("device.too_large", Retry.NEVER)
        if self._process is None:
            self._process = _Process(self.driver_id, self._options)
        process = self._process
        if self._closed:  # by another thread, while this one was starting the process
            self._end(process)
            raise Problem("device.closed", Retry.AGAIN, driver=self.driver_id)
        if not process.ready:
            if "ready" not in self._next(process, START_PATIENCE).line:
                self._end(process)
                raise Problem("device.garbled", Retry.AGAIN, driver=self.driver_id)
            process.ready = True
        process.write(line, patience)
        return process, number

    def _next(self, process: _Process, patience: float) -> _Said:
        try:
            said = process.heard.get(timeout=patience)
        except queue.Empty:
            self._end(process)
            raise Problem("device.silent", Retry.AGAIN, driver=self.driver_id, seconds=f"{patience:g}") from None
        if not said.over:
            return said
        taken_away = self._process is not process  # by `fresh` or `close`, under this call
        status = self._end(process)
        if taken_away:
            raise Problem("device.closed", Retry.AGAIN, driver=self.driver_id)
        raise said.problem or Problem("device.crashed", Retry.AGAIN, driver=self.driver_id, status=status)

    def _hear(self, process: _Process, number: int, patience: float, stop: threading.Event | None = None) -> _Said:
        """The next line that belongs to the call; a heartbeat starts the patience anew, or is the last after `stop`."""
        while True:
            said = self._next(process, patience)
            if said.line.get("id") != number:
                self._end(process)
                raise Problem("device.garbled", Retry.AGAIN, driver=self.driver_id)
            if "alive" in said.line:
                if stop is not None and stop.is_set():
                    return said
                continue
            if "problem" in said.line:
                raise Problem.from_wire(said.line["problem"])
            return said

    def _cancel(self, process: _Process, number: int) -> None:
        """Ask the call to end and hear it out, so that the next call finds a quiet wire."""
        process.write(json.dumps({"cancel": number}).encode("ascii") + b"\n", STOP_PATIENCE)
        deadline = time.monotonic() + STOP_PATIENCE
        with contextlib.suppress(Problem):  # silent or crashed: the next call starts afresh
            while True:
                line = self._next(process, max(deadline - time.monotonic(), 0.001)).line
                if "end" in line or "problem" in line:
                    return

    def _end(self, process: _Process) -> str:
        if self._process is process:
            self._process = None
        return process.end()
