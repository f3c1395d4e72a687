"""Write the demo hall's working-day calendar: ``python packaging/make_calendar.py > resources/demo/calendar.json``.

The years are those whose State Council notice chinesecalendar knows; run it again, with the new year added, when the
next notice is out (each November). Later years are left to the weekday rule and shown as provisional.
"""

from __future__ import annotations

import json
import sys
from datetime import date

from chinese_calendar import constants

YEARS = (2025, 2026)


def calendar(years: tuple[int, ...] = YEARS) -> dict[str, list[str] | list[int]]:
    """The calendar as `contract.clock.Calendar` reads it."""

    def in_years(days: dict[date, str]) -> list[date]:
        return sorted(day for day in days if day.year in years)

    return {
        "holidays": [day.isoformat() for day in in_years(constants.holidays) if day.weekday() < 5],
        "workdays": [day.isoformat() for day in in_years(constants.workdays) if day.weekday() >= 5],
        "years": list(years),
    }


if __name__ == "__main__":
    json.dump(calendar(), sys.stdout, indent=2)
    sys.stdout.write("\n")
