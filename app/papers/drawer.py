"""Papers drawn in a process of their own, so that the counter's memory stays flat and a hang is survived."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from app.papers.paper import PaperInput, PaperKind
from app.papers.pipe import hear, say
from contract.problem import Problem, Retry
from contract.wire import sha256

SOURCE_ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 30.0  # seconds; the first paper loads fonts on a cold machine
THERMAL_DOTS = 576


class Drawer:
    """Asks the drawing process, from any thread, one paper at a time. It is started when first needed.

    Raises (from its methods): papers.silent after `patience` seconds, papers.crashed where the process ended, and
    what `app.papers.draw` raises. The next call starts afresh.
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        self.patience = patience
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None  # which started the process, and waits for its end

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """Process number of the drawing process, if one is running."""
        return self._process.pid if self._process is not None else None

    def draw(self, kind: PaperKind, given: PaperInput) -> bytes:
        """The paper as a PDF."""
        return self._ask({"do": "draw", "kind": kind.value}, given.model_dump_json().encode())

    def bitmap(self, pdf: bytes, dots: int = THERMAL_DOTS) -> bytes:
        """A receipt's PDF as PBM "P4", `dots` wide: what devices.printer.PrintSink.print_raster takes."""
        return self._ask({"do": "bitmap", "dots": dots}, pdf)

    def png(self, pdf: bytes, dpi: float = 150) -> bytes:
        """All pages under each other as one PNG."""
        return self._ask({"do": "png", "dpi": dpi}, pdf)

    def warm(self) -> None:
        """Start the process ahead of the first paper; call it from a background job."""
        with self._lock:
            self._running()

    def close(self) -> None:
        """End the process. A later call would start a new one."""
        with self._lock:
            self._end()

    def _ask(self, line: dict[str, Any], blob: bytes) -> bytes:
        with self._lock:
            process = self._running()
            assert process.stdin is not None and process.stdout is not None
            late = threading.Event()

            def give_up() -> None:
                late.set()
                process.kill()

            watch = threading.Timer(self.patience, give_up)
            watch.start()
            heard = None
            try:
                # a process that has ended is seen by what it does not answer
                with contextlib.suppress(OSError, ValueError):
                    say(process.stdin, line, blob)
                    heard = hear(process.stdout)
            except BaseException:
                self._end()  # half a conversation: the next paper must not get this one's answer (F20)
                raise
            finally:
                watch.cancel()
                watch.join()
            if heard is None:
                self._end()
                if late.is_set():
                    raise Problem("papers.silent", Retry.AGAIN, seconds=f"{self.patience:g}")
                raise Problem("papers.crashed", Retry.AGAIN)
            said, answer = heard
            if "problem" in said:
                raise Problem.from_wire(said["problem"])
            if said["made_from"] != sha256(blob):  # never another person's paper (F20)
                self._end()
                raise Problem("papers.crashed", Retry.AGAIN)
            return answer

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            started: queue.SimpleQueue[subprocess.Popen[bytes] | OSError] = queue.SimpleQueue()
            self._thread = threading.Thread(target=_live, args=(started,), name="drawing process", daemon=True)
            self._thread.start()
            found = started.get()
            if isinstance(found, OSError):
                raise Problem("papers.crashed", Retry.AGAIN) from found
            self._process = found
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        assert self._thread is not None
        self._thread.join()


def _live(started: queue.SimpleQueue[subprocess.Popen[bytes] | OSError]) -> None:
    """One life of the drawing process, from start to end in one thread: on Linux it dies with that thread."""
    environment = dict(os.environ)
    path = [str(SOURCE_ROOT), *filter(None, [environment.get("PYTHONPATH", "")])]
    environment["PYTHONPATH"] = os.pathsep.join(path)
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-X", "utf8", "-m", "app.papers.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError as error:
        started.put(error)
        return
    started.put(process)
    process.wait()
