"""Between a thread that hears pictures and a driver that hands them on: the newest one, or why there is none."""

from __future__ import annotations

import threading
import time
from typing import Generic, TypeVar

from contract.problem import Problem, Retry

T = TypeVar("T")
SLICE = 0.2  # seconds of one wait: so long a cancellation may take


class Newest(Generic[T]):
    """Holds one thing. A newer one takes its place; a Problem is raised once what came before it was taken."""

    def __init__(self, wait: float) -> None:
        """`wait`: seconds without anything that are too long."""
        self._wait = wait
        self._turn = threading.Condition()
        self._thing: T | None = None
        self._problem: Problem | None = None
        self._last = time.monotonic()

    def put(self, thing: T) -> None:
        with self._turn:
            self._thing, self._last = thing, time.monotonic()
            self._turn.notify()

    def fail(self, problem: Problem) -> None:
        """Nothing more will come."""
        with self._turn:
            self._problem = problem
            self._turn.notify()

    def take(self) -> T | None:
        """The newest that was not taken yet, waiting a moment for one.

        Raises:
            Problem: the one given to `fail`; ``camera.no_picture`` where nothing came for too long.
        """
        with self._turn:
            self._turn.wait_for(lambda: self._thing is not None or self._problem is not None, SLICE)
            thing, self._thing = self._thing, None
            if thing is not None:
                return thing
            if self._problem is not None:
                raise self._problem
            if time.monotonic() - self._last > self._wait:
                raise Problem("camera.no_picture", Retry.AGAIN)
            return None
