"""Machine-readable lines of passports and travel permits: ICAO Doc 9303 and, for permits, GA/T 704's layouts.

They are read from the chip (data group 1) and typed or scanned by the clerk, because the chip opens only to who can
read them in the document.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from contract.problem import Problem, Retry

_WEIGHTS = (7, 3, 1)


@dataclass(frozen=True, repr=False)
class Lines:
    """What machine-readable lines say. Dates are YYMMDD as printed; unknown digits stay ``<``."""

    code: str  # P, CS, CT …
    number: str
    birth: str
    expiry: str
    sex: str = ""  # M, F or empty
    nationality: str = ""
    issuer: str = ""
    surname: str = ""
    given_names: str = ""
    optional: str = ""

    def __repr__(self) -> str:
        return f"Lines({self.code}, …{self.number[-2:]})"

    @property
    def name(self) -> str:
        return f"{self.surname} {self.given_names}".strip()


def check_digit(text: str) -> str:
    """Weights 7 3 1; digits as they are, letters from 10, ``<`` is nothing."""
    total = 0
    for at, sign in enumerate(text):
        value = int(sign) if sign.isdigit() else 0 if sign == "<" else ord(sign) - ord("A") + 10
        total += value * _WEIGHTS[at % 3]
    return str(total % 10)


def parse(text: str) -> Lines:
    """Read the lines: 2 × 44 (passports), 3 × 30 (cards, permits to the mainland), 1 × 30 (permits from it).

    Raises:
        Problem: cards.bad_key where they are none of these or a check digit is wrong.
    """
    signs = re.sub(r"\s", "", text.upper())
    if not re.fullmatch(r"[A-Z0-9<]+", signs):
        raise Problem("cards.bad_key", Retry.AFTER_FIX)
    if len(signs) == 88:
        return _passport(signs[:44], signs[44:])
    if len(signs) == 90:
        first, second, third = signs[:30], signs[30:60], signs[60:]
        return (
            _permit_to_the_mainland(first, second, third) if first[:2] in ("CR", "CT") else _card(first, second, third)
        )
    if len(signs) == 30 and signs[:2] in ("CS", "CD"):
        return _permit_from_the_mainland(signs)
    raise Problem("cards.bad_key", Retry.AFTER_FIX)


def key_of(text: str) -> str:
    """What opens a chip: number, birth and expiry with their check digits.

    Args:
        text: The machine-readable lines, or ``number,birth,expiry`` as typed, dates as YYMMDD.

    Raises:
        Problem: cards.key_needed where there is nothing, cards.bad_key.
    """
    if not text.strip():
        raise Problem("cards.key_needed", Retry.AFTER_FIX)
    typed = [part.strip().upper() for part in text.split(",")]
    if len(typed) == 3:
        number, birth, expiry = typed
        if not re.fullmatch(r"[A-Z0-9<]{1,22}", number) or not all(
            re.fullmatch(r"\d{6}", day) for day in (birth, expiry)
        ):
            raise Problem("cards.bad_key", Retry.AFTER_FIX)
    else:
        lines = parse(text)
        number, birth, expiry = lines.number.replace(" ", "<"), lines.birth, lines.expiry
    number = number.ljust(9, "<")
    return "".join(part + check_digit(part) for part in (number, birth, expiry))


def _passport(first: str, second: str) -> Lines:
    number, birth, expiry = second[0:9], second[13:19], second[21:27]
    _agree((number, second[9]), (birth, second[19]), (expiry, second[27]))
    _agree((second[0:10] + second[13:20] + second[21:43], second[43]))
    return Lines(
        code=_plain(first[:2]),
        issuer=_plain(first[2:5]),
        **_names(first[5:]),
        number=_plain(number),
        nationality=_plain(second[10:13]),
        birth=birth,
        sex=_plain(second[20]),
        expiry=expiry,
        optional=_plain(second[28:42]),
    )


def _card(first: str, second: str, third: str) -> Lines:
    number, check, optional = first[5:14], first[14], first[15:30]
    if check == "<" and (rest := optional.split("<")[0]):  # a number longer than its field goes on behind it
        number, check, optional = number + rest[:-1], rest[-1], optional[len(rest) + 1 :]
    birth, expiry = second[0:6], second[8:14]
    _agree((number, check), (birth, second[6]), (expiry, second[14]))
    return Lines(
        code=_plain(first[:2]),
        issuer=_plain(first[2:5]),
        number=_plain(number),
        birth=birth,
        sex=_plain(second[7]),
        expiry=expiry,
        nationality=_plain(second[15:18]),
        optional=_plain(optional),
        **_names(third),
    )


def _permit_to_the_mainland(first: str, second: str, third: str) -> Lines:
    """CR, CT: Hong Kong, Macau and Taiwan residents' permits."""
    number, expiry, birth = first[2:11], first[15:21], first[23:29]
    _agree((number, first[11]), (expiry, first[21]), (birth, first[29]))
    return Lines(
        code=first[:2],
        issuer="CHN",
        number=_plain(number),
        birth=birth,
        expiry=expiry,
        sex=_plain(first[22]),
        optional=_plain(second[19:]),
        **_names(third),
    )


def _permit_from_the_mainland(line: str) -> Lines:
    """CS, CD: permits to Hong Kong, Macau and Taiwan."""
    number, expiry, birth = line[2:11], line[13:19], line[21:27]
    _agree((number, line[11]), (expiry, line[19]), (birth, line[27]))
    return Lines(code=line[:2], issuer="CHN", nationality="CHN", number=_plain(number), birth=birth, expiry=expiry)


def _agree(*pairs: tuple[str, str]) -> None:
    for text, digit in pairs:
        if check_digit(text) != ("0" if digit == "<" else digit):
            raise Problem("cards.bad_key", Retry.AFTER_FIX)


def _names(text: str) -> dict[str, str]:
    surname, _, given = text.partition("<<")
    return {"surname": _plain(surname), "given_names": _plain(given)}


def _plain(text: str) -> str:
    return " ".join(text.replace("<", " ").split())


def birth_date(text: str, today: date) -> date | None:
    """A birth date from YYMMDD: the youngest that is not in the future. None where digits are unknown."""
    return _date(text, 2000, today) or _date(text, 1900, today)


def expiry_date(text: str) -> date | None:
    """A day of expiry from YYMMDD, in this century."""
    return _date(text, 2000, date.max)


def _date(text: str, century: int, latest: date) -> date | None:
    try:
        day = date(century + int(text[:2]), int(text[2:4]), int(text[4:6]))
    except ValueError:
        return None
    return day if day <= latest else None
