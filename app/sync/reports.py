"""The station's report (状况报告) goes by itself: when it has changed, and once a day (F30)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from app.sync.failures import TROUBLE
from contract.exchange import Told
from contract.problem import Problem
from contract.report import StationReport

LOG = logging.getLogger(__name__)
EVERY = timedelta(days=1)


class Hears(Protocol):
    """What of the line is needed here."""

    def report(self, report: StationReport) -> Told: ...


class Reporter:
    """Remembers what was said last; a program that starts says it anew."""

    def __init__(self, report: Callable[[], StationReport | None], clock: Callable[[], datetime]) -> None:
        """Args:
        report: How the station is; None while nobody has looked.
        clock: The station's clock.
        """
        self._report, self._clock = report, clock
        self._said: StationReport | None = None
        self._at: datetime | None = None
        self._is_heard = True

    def send(self, line: Hears) -> bool:
        """Say it if it is to be said. A server that does not take it (an older one) is left alone for a day.

        Raises:
            Problem: the line's own; it is said the next time.
        """
        report, now = self._report(), self._clock()
        if report is None or not self._is_due(report, now):
            return False
        try:
            line.report(report)
            self._is_heard = True
        except Problem as problem:
            if problem.code in TROUBLE or problem.code.startswith(("server.", "session.", "station.")):
                raise
            LOG.info("the server takes no reports: %s", problem.code)
            self._is_heard = False
        self._said, self._at = report, now
        return self._is_heard

    def _is_due(self, report: StationReport, now: datetime) -> bool:
        if self._at is None or not timedelta(0) <= now - self._at < EVERY:  # or the clock was set
            return True
        return self._is_heard and report.says_more_than(self._said)
