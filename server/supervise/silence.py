"""Deemed acceptance (视为受理): a department that says nothing for five working days has accepted.

行政许可法 art. 32(1)(4): from the day of receipt. A pure date rule over the calendar; the sweep may run at any time and
any number of times.
"""

from __future__ import annotations

from datetime import date

from contract.case import CHINA, State
from contract.clock import DEEMED_AFTER, deemed_accepted_on
from contract.problem import Problem
from server.cases.models import CaseRecord
from server.cases.services import accept_in_silence
from server.catalogue.calendar import get_calendar


def accept_silent_cases(today: date) -> int:
    """Accept what was received and whose fifth working day has passed in silence; how many there were."""
    calendar = get_calendar()
    accepted = 0
    received = CaseRecord.objects.filter(state=State.RECEIVED).exclude(received_at=None)
    for case_id, received_at in received.values_list("id", "received_at").iterator():
        assert received_at is not None  # excluded above
        day = received_at.astimezone(CHINA).date()
        if (today - day).days <= DEEMED_AFTER or today <= deemed_accepted_on(day, calendar):
            continue
        try:
            accept_in_silence(case_id)
            accepted += 1
        except Problem:
            continue  # somebody answered meanwhile
    return accepted
