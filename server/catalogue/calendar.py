"""The calendar of working days as a table; beyond the years in it the weekday rule holds, provisionally."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

from django.db import transaction

from contract.clock import Calendar
from server.catalogue.models import CalendarDay, CalendarYear
from server.org.models import touch
from server.org.tree import edition


def get_calendar() -> Calendar:
    """The calendar as the contract counts with it."""
    return _calendar(edition())


@lru_cache(maxsize=2)
def _calendar(edition: str) -> Calendar:
    days = dict(CalendarDay.objects.values_list("day", "working"))
    return Calendar(
        holidays=frozenset(day for day, working in days.items() if not working),
        workdays=frozenset(day for day, working in days.items() if working),
        years=frozenset(CalendarYear.objects.values_list("year", flat=True)),
    )


def set_calendar(calendar: Calendar) -> None:
    """Replace the table."""
    with transaction.atomic():
        CalendarDay.objects.all().delete()
        CalendarYear.objects.all().delete()
        CalendarDay.objects.bulk_create(
            [CalendarDay(day=day, working=False) for day in calendar.holidays]
            + [CalendarDay(day=day, working=True) for day in calendar.workdays]
        )
        CalendarYear.objects.bulk_create([CalendarYear(year=year) for year in calendar.years])
        touch()


def published_calendar(first: int, last: int) -> Calendar:
    """The State Council's notices as chinesecalendar carries them, for the years that it knows."""
    import chinese_calendar

    holidays: set[date] = set()
    workdays: set[date] = set()
    years: set[int] = set()
    for year in range(first, last + 1):
        day = date(year, 1, 1)
        try:
            while day.year == year:
                working = bool(chinese_calendar.is_workday(day))
                if working != (day.weekday() < 5):
                    (workdays if working else holidays).add(day)
                day += timedelta(days=1)
        except NotImplementedError:
            continue
        years.add(year)
    return Calendar(holidays=frozenset(holidays), workdays=frozenset(workdays), years=frozenset(years))
