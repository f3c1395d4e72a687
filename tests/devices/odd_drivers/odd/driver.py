"""A driver with every bad habit the host must outlive."""

import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from contract.problem import Problem, Retry


@dataclass(frozen=True)
class Answer:
    day: date
    words: tuple[str, ...]


class Odd:
    def __init__(self, greeting: str = "hello", opens: bool = True) -> None:
        if not opens:
            raise Problem("device.unplugged", Retry.AFTER_FIX, port="nowhere")
        self.greeting = greeting
        self.calls = 0

    def greet(self) -> str:
        return self.greeting

    def count(self) -> int:
        self.calls += 1
        return self.calls

    def echo(self, text: str) -> str:
        return text

    def dated(self) -> Answer:
        return Answer(date(2025, 1, 2), ("一", "二"))

    def noisy(self) -> str:
        print('{"id": 1, "ok": "from Python"}', flush=True)
        ctypes.CDLL(None).puts(b'{"id": 1, "ok": "from C"}')
        ctypes.CDLL(None).fflush(None)
        os.write(1, b'{"id": 1, "ok": "raw"}\n')
        subprocess.run([sys.executable, "-c", "import sys; print('child', sys.stdin.read())"], check=True)
        return "clean"

    def mutter(self) -> str:
        os.write(2, "a library mutters: 读到 王小明 11010519491231002X\n".encode())
        return "read"

    def wrong(self) -> None:
        secret = "110105194912310021"
        raise ValueError(secret)

    def unplugged(self) -> None:
        raise Problem("device.unplugged", Retry.AFTER_FIX, port="COM3")

    def hang(self) -> None:
        while True:
            time.sleep(3600)

    def busy(self) -> None:
        while True:
            pass

    def busy_in_library(self) -> None:
        """At work in C for ever, with the interpreter locked: not even the thread that hears cancellations runs."""
        re.match(r"(a+)+$", "a" * 64 + "b")

    def crash(self) -> None:
        ctypes.string_at(0)

    def leave(self, status: int) -> None:
        os._exit(status)

    def pages(self, sizes: list[int], fail_after: int = -1) -> Iterator[Any]:
        for number, size in enumerate(sizes):
            if number == fail_after:
                raise Problem("device.unplugged", Retry.AFTER_FIX, port="COM3")
            yield {"page": number}, bytes([number]) * size
        return {"pages": len(sizes)}

    def events(self) -> Iterator[int]:
        yield from range(3)

    def patient(self, alive: Callable[[], None], file: str) -> Iterator[str]:
        """Waits for paper as long as it takes, saying so."""
        while not Path(file).exists():
            alive()
            time.sleep(0.02)
        yield "paper"

    def endless(self, cancelled: Callable[[], bool]) -> Iterator[int]:
        number = 0
        while not cancelled():
            yield number
            number += 1

    def deaf(self, file: str) -> Iterator[int]:
        yield 1
        Path(file).touch()  # from here on nothing is heard
        while True:
            time.sleep(3600)

    def stop(self) -> None:
        os.kill(os.getpid(), signal.SIGSTOP)

    def unspeakable(self) -> object:
        return object()

    def start_program(self) -> int:
        return subprocess.Popen(["sleep", "3600"]).pid


OPEN = Odd
