"""F30: the station's report goes when it has changed and once a day, and keeps nothing else from going."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.sync.reports import Reporter
from contract.exchange import Told, Verdict
from contract.problem import Problem, Retry
from contract.report import Condition, DeviceReport, StationReport


class Server:
    """Hears reports, unless it has trouble."""

    def __init__(self) -> None:
        self.heard: list[StationReport] = []
        self.asked = 0
        self.trouble: Problem | None = None

    def report(self, report: StationReport) -> Told:
        self.asked += 1
        if self.trouble is not None:
            raise self.trouble
        self.heard.append(report)
        return Told(verdict=Verdict.DONE)


class Station:
    """Its clock, and how it is; nobody has looked at first."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 11, 9, 0, tzinfo=UTC)
        self.report: StationReport | None = None
        self.reporter = Reporter(lambda: self.report, lambda: self.now)

    def stand(self, condition: Condition) -> None:
        device = DeviceReport(role="idcard", driver="idcard/simulated", condition=condition, seen=self.now)
        self.report = StationReport(program="0.1.0", devices=(device,))


def test_f30_it_goes_when_it_has_changed_and_once_a_day() -> None:
    station, server = Station(), Server()
    assert not station.reporter.send(server)  # nobody has looked yet
    station.stand(Condition.OK)
    assert station.reporter.send(server)
    for _ in range(20):
        station.now += timedelta(minutes=1)
        station.stand(Condition.OK)  # seen again, and nothing else
        assert not station.reporter.send(server)
    station.stand(Condition.ABSENT)
    assert station.reporter.send(server) and not station.reporter.send(server)
    station.now += timedelta(days=1)
    assert station.reporter.send(server)
    station.now -= timedelta(days=400)  # the clock was set: nobody waits for that day to come again
    assert station.reporter.send(server)
    assert [report.devices[0].condition for report in server.heard] == ["ok", "absent", "absent", "absent"]


def test_f30_a_server_that_knows_no_reports_is_left_alone_for_a_day() -> None:
    station, server = Station(), Server()
    server.trouble = Problem("wire.not_found", Retry.NEVER)
    for condition in (Condition.OK, Condition.ABSENT, Condition.OK):
        station.stand(condition)
        assert not station.reporter.send(server)
    assert server.asked == 1
    server.trouble = None  # it was brought up to date
    station.now += timedelta(days=1)
    assert station.reporter.send(server)
    station.stand(Condition.FAULT)
    assert station.reporter.send(server)


def test_what_the_line_cut_off_goes_the_next_time() -> None:
    station, server = Station(), Server()
    station.stand(Condition.OK)
    for code in ("line.cut", "server.busy", "session.needed"):
        server.trouble = Problem(code, Retry.AGAIN)
        with pytest.raises(Problem, match=code):
            station.reporter.send(server)
    server.trouble = None
    assert station.reporter.send(server) and len(server.heard) == 1
