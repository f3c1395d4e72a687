"""The 256 bytes of text on an identity card's chip, in its four layouts.

UTF-16LE in fixed fields, padded with spaces. The layout is told by the character at byte 248: blank for a
resident (居民身份证), J for residents of Hong Kong, Macau and Taiwan (港澳台居民居住证), I for foreigners until 2023
and Y since (外国人永久居留身份证). A character beyond the Basic Multilingual Plane takes two of a field's units, so a
field is decoded whole, never unit by unit. Private-use characters stay what they are: no public table says what
they mean, so they are kept and flagged.
"""

from __future__ import annotations

import base64
import re
from datetime import date
from typing import Any

from contract.ids import mod_11_2
from contract.person import Document, id_number_fault
from contract.problem import Problem, Retry
from devices.idcard import IdentityDocument

TEXT_SIZE = 256
LONG_TERM = "长期"
SEXES = {"0": "未知", "1": "男", "2": "女", "9": "未说明"}  # GB/T 2261.1
# fmt: off
NATIONS = {  # GB/T 3304
    "01": "汉", "02": "蒙古", "03": "回", "04": "藏", "05": "维吾尔", "06": "苗",
    "07": "彝", "08": "壮", "09": "布依", "10": "朝鲜", "11": "满", "12": "侗",
    "13": "瑶", "14": "白", "15": "土家", "16": "哈尼", "17": "哈萨克", "18": "傣",
    "19": "黎", "20": "傈僳", "21": "佤", "22": "畲", "23": "高山", "24": "拉祜",
    "25": "水", "26": "东乡", "27": "纳西", "28": "景颇", "29": "柯尔克孜", "30": "土",
    "31": "达斡尔", "32": "仫佬", "33": "羌", "34": "布朗", "35": "撒拉", "36": "毛南",
    "37": "仡佬", "38": "锡伯", "39": "阿昌", "40": "普米", "41": "塔吉克", "42": "怒",
    "43": "乌孜别克", "44": "俄罗斯", "45": "鄂温克", "46": "德昂", "47": "保安", "48": "裕固",
    "49": "京", "50": "塔塔尔", "51": "独龙", "52": "鄂伦春", "53": "赫哲", "54": "门巴",
    "55": "珞巴", "56": "基诺", "97": "其他", "98": "外国血统中国籍人士",
}
# fmt: on

Span = tuple[int, int]  # offset and length in bytes

FLAG: Span = (248, 2)
LAYOUTS: dict[Document, dict[str, Span]] = {
    Document.RESIDENT: {
        "name": (0, 30),
        "sex_code": (30, 2),
        "nation_code": (32, 4),
        "birth_date": (36, 16),
        "address": (52, 70),
        "number": (122, 36),
        "issuer": (158, 30),
        "valid_from": (188, 16),
        "valid_until": (204, 16),
    },
    Document.HMT_PERMIT: {
        "name": (0, 30),
        "sex_code": (30, 2),
        "birth_date": (36, 16),
        "address": (52, 70),
        "number": (122, 36),
        "issuer": (158, 30),
        "valid_from": (188, 16),
        "valid_until": (204, 16),
        "travel_permit_number": (220, 18),
        "issue_count": (238, 4),
    },
    Document.FOREIGN_2017: {
        "name_latin": (0, 120),
        "sex_code": (120, 2),
        "number": (122, 30),
        "nationality": (152, 6),
        "name": (158, 30),
        "valid_from": (188, 16),
        "valid_until": (204, 16),
        "birth_date": (220, 16),
    },
    Document.FOREIGN_2023: {
        "name": (0, 30),
        "sex_code": (30, 2),
        "issue_count": (32, 4),
        "birth_date": (36, 16),
        "name_latin": (52, 70),
        "number": (122, 36),
        "valid_from": (188, 16),
        "valid_until": (204, 16),
        "name_latin_rest": (220, 22),
        "nationality": (242, 6),
        "previous_number": (250, 6),
    },
}
FLAGS = {"J": Document.HMT_PERMIT, "I": Document.FOREIGN_2017, "Y": Document.FOREIGN_2023}
_DATES = ("birth_date", "valid_from", "valid_until")
_PADDING = " \0"


def decode(text: bytes, photo: bytes = b"", *, today: date) -> IdentityDocument:
    """The document that the chip's text block says.

    Args:
        text: The block as the module sent it, 256 bytes.
        photo: The WLT block, kept as it is.
        today: To tell a birth date that lies ahead.

    Raises:
        Problem: idcard.garbled where the block has another size.
    """
    if len(text) != TEXT_SIZE:
        raise Problem("idcard.garbled", Retry.AGAIN, what="text")
    kind = FLAGS.get(_cut(text, FLAG).strip(_PADDING), Document.RESIDENT)
    fields: dict[str, Any] = {field: _cut(text, span) for field, span in LAYOUTS[kind].items()}
    # A long English name continues in a second field: join before the padding goes, a space may sit at the seam.
    if "name_latin_rest" in fields:
        fields["name_latin"] += fields.pop("name_latin_rest")
    name_may_be_cut = fields["name"][-1] not in _PADDING
    fields = {field: value.strip(_PADDING) for field, value in fields.items()}
    dates = {field: day_of(fields.pop(field)) for field in _DATES if field != "valid_until"}
    until = fields.pop("valid_until")
    sex_code, nation_code = fields.pop("sex_code"), fields.pop("nation_code", "")
    number_valid = is_number_valid(kind, fields["number"], today) and number_agrees(
        kind, fields["number"], dates["birth_date"], sex_code
    )
    return IdentityDocument(
        document_type=kind,
        **fields,
        sex=SEXES.get(sex_code, ""),
        nation=NATIONS.get(nation_code, ""),
        birth_date=dates["birth_date"],
        valid_from=dates["valid_from"],
        valid_until=None if until == LONG_TERM else day_of(until),
        long_term=until == LONG_TERM,
        has_private_use=any(has_private_use(value) for value in fields.values()),
        sex_code=sex_code,
        nation_code=nation_code,
        name_may_be_cut=name_may_be_cut,
        photo_raw=base64.b64encode(photo).decode("ascii"),
        suspect=not number_valid,
        number_valid=number_valid,
    )


def decode_text(raw: bytes) -> str:
    """UTF-16LE without padding. Half a surrogate pair, where a field was cut inside one, becomes U+FFFD."""
    return raw[: len(raw) // 2 * 2].decode("utf-16-le", "replace").strip(_PADDING)


def _cut(text: bytes, span: Span) -> str:
    return text[span[0] : sum(span)].decode("utf-16-le", "replace")


def day_of(text: str) -> date | None:
    """A date written YYYYMMDD, or None where it is none."""
    if not re.fullmatch(r"[0-9]{8}", text):
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def has_private_use(text: str) -> bool:
    """Whether a character has no public meaning: the card's own font drew it."""
    return any(0xE000 <= ord(each) <= 0xF8FF or ord(each) >= 0xF0000 for each in text)


def is_number_valid(kind: Document, number: str, today: date) -> bool:
    """Whether a number can be one of a document of this kind.

    Citizens' numbers, permits (81, 82, 83) and foreigners' since 2023 (9) carry GB 11643's check character. The
    check digit of foreigners' cards until 2023 is known from one published example only, so it is not insisted on.
    A passport's number has no common rule.
    """
    if not number.isascii():
        return False
    match kind:
        case Document.FOREIGN_2017:
            return re.fullmatch(r"[A-Z]{3}[0-9]{12}", number) is not None
        case Document.PASSPORT:
            return re.fullmatch(r"[A-Z0-9]{5,20}", number) is not None
        case Document.HMT_PERMIT if number[:6] not in ("810000", "820000", "830000"):
            return False
        case Document.FOREIGN_2023 if not number.startswith("9"):
            return False
        case _:
            return id_number_fault(number, today) is None


def number_agrees(kind: Document, number: str, born: date | None, sex_code: str) -> bool:
    """Whether the number says the same birth date, and for citizens the same sex, as the fields beside it."""
    if born is None or kind is Document.PASSPORT:
        return True
    if kind is Document.FOREIGN_2017:
        return number[7:13] == f"{born:%y%m%d}"
    if number[6:14] != f"{born:%Y%m%d}":
        return False
    odd_is_male = kind in (Document.RESIDENT, Document.HMT_PERMIT) and sex_code in ("1", "2")
    return not odd_is_male or (int(number[16]) % 2 == 1) == (sex_code == "1")


def lengthened(number: str) -> str:
    """An 18-character number from one of 15 digits (issued until 1999), taking the holder to be born after 1899.

    Raises:
        ValueError: where it is not 15 digits.
    """
    if not re.fullmatch(r"[0-9]{15}", number):
        raise ValueError("15 digits")
    longer = number[:6] + "19" + number[6:]
    return longer + mod_11_2(longer)


def icao_check_digit(text: str) -> str:
    """The check digit of ICAO Doc 9303-3 (weights 7, 3, 1; A is 10), as the 2017 foreigners' numbers seem to use."""
    total = sum(int(character, 36) * (7, 3, 1)[place % 3] for place, character in enumerate(text))
    return str(total % 10)
