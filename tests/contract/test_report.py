"""F30: a station's report: strict on the wire, and what makes one worth saying again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from contract.report import SHORT, Condition, DeviceReport, StationReport

READER = DeviceReport(role="idcard", driver="idcard/simulated", grade="silver", condition=Condition.OK)


def test_f30_only_what_lasts_makes_a_report_worth_saying_again() -> None:
    report = StationReport(program="0.1.0", devices=(READER,))
    later = READER.model_copy(update={"seen": datetime(2026, 3, 11, 9, 0, tzinfo=UTC)})
    assert report.says_more_than(None)
    assert not report.model_copy(update={"devices": (later,)}).says_more_than(report)
    for change in (
        {"program": "0.2.0"},
        {"devices": ()},
        {"devices": (READER.model_copy(update={"condition": Condition.ABSENT}),)},
        {"devices": (READER.model_copy(update={"versions": {"firmware": "2.1"}}),)},
    ):
        assert report.model_copy(update=change).says_more_than(report), change


@pytest.mark.parametrize(
    "wrong",
    [
        {"holder": "nobody"},
        {"driver": "x" * (SHORT + 1)},
        {"versions": {"firmware": "1\x00"}},
        {"versions": {f"v{n}": "1" for n in range(21)}},
        {"condition": "dancing"},
    ],
)
def test_what_is_too_much_or_unknown_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        DeviceReport.model_validate(READER.model_dump() | wrong)
