"""Whose turn it is: so many requests are worked on at a time, some wait, and the rest are told when to come again.

When a cut line comes back, thousands of stations want something at the same moment. More requests at a time make none
of them quicker, and a thread that waits cannot say that it has no time; so what is beyond a short queue is answered at
once, with an appointment (Retry-After): one behind the other, as fast as we get on with the work. Those who are in the
middle of something go before stations that have only just come. People's pages are few, and always have their turn.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from contract.problem import Problem, Retry
from server.problems import STREAMED, is_api, problem_response

WORKING = 12  # requests that are worked on at a time …
WAITING = 36  # … and that wait for their turn …
AT_THE_DOOR = 18  # … among them so many of stations that have just come
STREAMING = 64  # bodies that come in at a time: how long one takes is up to its line …
STREAMS_WAITING = 16  # … and that wait
SPARE = 16  # threads that say that there is no time, and for people's pages
THREADS = WORKING + WAITING + STREAMING + STREAMS_WAITING + SPARE
PATIENCE = 10.0  # seconds to wait for a turn
A_VISIT = 8  # requests that a station which has come makes until it has said and heard everything
LATEST = 60  # seconds, beyond which no appointment is made
DOOR = ("/api/v1/session", "/api/v1/exchange", "/api/v1/pack", "/api/v1/enrol")
ALWAYS = "/api/v1/health"


class Turns:
    """A queue with a door. `turn` is held while a request is worked on."""

    def __init__(
        self,
        working: int,
        waiting: int,
        at_the_door: int | None = None,
        *,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Args:
        working: How many may be worked on at a time.
        waiting: How many may wait.
        at_the_door: How many may wait when one more comes that has only just arrived.
        patience: Seconds after which one that waits is sent away after all.
        clock: Seconds.
        """
        self._working, self._waiting = working, waiting
        self._at_the_door = waiting if at_the_door is None else at_the_door
        self._patience, self._clock = patience, clock
        self._lock = threading.Lock()
        self._taken = 0
        self._queue: deque[threading.Event] = deque()
        self._lasted: deque[float] = deque(maxlen=64)  # seconds that the last turns took
        self._booked = 0.0  # until when appointments are given out

    @contextmanager
    def turn(self, *, just_come: bool = False) -> Iterator[None]:
        """Raises Problem ``server.busy``, with the seconds of the appointment, where there is no time."""
        self._wait(just_come)
        began = self._clock()
        try:
            yield
        finally:
            self._leave(self._clock() - began)

    def _wait(self, just_come: bool) -> None:
        with self._lock:
            if self._taken < self._working and not self._queue:
                self._taken += 1
                return
            if len(self._queue) >= (self._at_the_door if just_come else self._waiting):
                raise self._busy()
            called = threading.Event()
            self._queue.append(called)
        if called.wait(self._patience):
            return
        with self._lock:
            if called.is_set():  # just now
                return
            self._queue.remove(called)
            raise self._busy()

    def _leave(self, lasted: float) -> None:
        with self._lock:
            self._lasted.append(lasted)
            if self._queue:
                self._queue.popleft().set()  # our turn is theirs
            else:
                self._taken -= 1

    def _busy(self) -> Problem:
        now = self._clock()
        each = sum(self._lasted) / max(len(self._lasted), 1) / self._working  # seconds from one to the next, of late
        self._booked = min(max(self._booked, now) + A_VISIT * each, now + LATEST)
        return Problem("server.busy", Retry.AGAIN, retry_after=max(math.ceil(self._booked - now), 1))


class TurnsMiddleware:
    """Gives every request of the API its turn, but the one that asks whether we are there."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self._work = Turns(WORKING, WAITING, AT_THE_DOOR)
        self._streams = Turns(STREAMING, STREAMS_WAITING)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        path = request.path_info
        if not is_api(request) or path == ALWAYS:
            return self.get_response(request)
        turns = self._streams if path.startswith(STREAMED) else self._work
        try:
            with turns.turn(just_come=path.startswith(DOOR)):
                return self.get_response(request)
        except Problem as problem:
            if problem.code != "server.busy":
                raise
            response = problem_response(problem)
            response["Retry-After"] = problem.facts["retry_after"]
            return response
