"""What a station says of itself to the server."""

from __future__ import annotations

from typing import Any

from contract.exchange import Told
from contract.report import Condition, DeviceReport, StationReport
from tests.server.desk import Desk


def report_of(program: str = "0.1.0", **device: Any) -> StationReport:
    """A station with one device."""
    said = {"role": "idcard", "driver": "idcard/samv_usb", "grade": "silver", "condition": Condition.OK} | device
    return StationReport(program=program, devices=(DeviceReport.model_validate(said),))


def hand_in(desk: Desk, report: StationReport) -> None:
    status, _, body = desk.call("POST", "/api/v1/reports", report.model_dump_json().encode())
    assert status == 200 and Told.model_validate_json(body).verdict == "done", body
