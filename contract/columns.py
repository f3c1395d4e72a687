"""JSON as columns: the same values, laid out so that a general compressor comes near to what they really say.

What stands at the same place in many objects is put side by side, repeated values are named once and then counted,
numbers are kept as differences where that is shorter and always as planes of bytes. Pure; compressing is for the two
ends. A form of its own, since nothing in the standard library does this; `restore` gives back exactly what was given
to `shred`, whatever JSON that was.
"""

from __future__ import annotations

import json
import math
import zlib
from collections import Counter
from enum import IntEnum
from itertools import pairwise
from typing import Any, Final

DEPTH: Final = 60  # of nested lists and objects
LARGEST: Final = 1 << 23  # values in one column: far beyond any hall, and a bound against garbage
KEYS: Final = 64  # objects with more different keys than this are kept as texts
TRIED: Final = 1 << 16  # bytes at which two layouts are compared


class _Layout(IntEnum):
    ALIKE = 0  # one value for all
    NAMED = 1  # the different values, then for each which one it is
    NUMBERS = 2
    TEXTS = 3
    LISTS = 4
    OBJECTS = 5
    ANY = 6  # JSON, line by line


def shred(value: Any) -> bytes:
    """A JSON value (what `json.loads` gives) as columns."""
    out = bytearray()
    _put([value], out, 0)
    return bytes(out)


def restore(data: bytes) -> Any:
    """What was shredded.

    Raises:
        ValueError: The bytes are not what `shred` makes.
    """
    try:
        read = _Reader(data)
        (value,) = _get(read, 1, 0)
    except (IndexError, OverflowError, RecursionError, UnicodeDecodeError, TypeError, KeyError) as error:
        raise ValueError("not columns") from error
    if read.at != len(data):
        raise ValueError("not columns: more follows")
    return value


def spelled(value: Any) -> str:
    """The one short spelling of a JSON value."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


# --- writing ----------------------------------------------------------------------------------------------------------


def _put(values: list[Any], out: bytearray, depth: int, *, name: bool = True) -> None:
    if not values:
        return
    if depth > DEPTH:
        raise ValueError("nested too deep")
    kinds = {type(value) for value in values}
    if kinds == {int} and min(values) >= -(1 << 62) and max(values) < 1 << 62:
        if min(values) == max(values):
            _put_alike(values[0], out)
        else:
            out.append(_Layout.NUMBERS)
            _put_numbers(values, out)
        return
    if name and (len(values) > 1 or not kinds & {list, dict}):
        texts = values if kinds == {str} else [spelled(value) for value in values]
        often = Counter(texts)
        if len(often) == 1:
            _put_alike(values[0], out)
            return
        # many in their order, for they begin alike; few by how often they come, so that their numbers are small
        few = len(often) <= len(values) // 8
        different = sorted(often, key=lambda text: (-often[text] if few else 0, text))
        if len(different) <= len(values) // 2:
            places = {text: number for number, text in enumerate(different)}
            named = different if kinds == {str} else [json.loads(text) for text in different]
            out.append(_Layout.NAMED)
            _put_count(len(different), out)
            _put(named, out, depth + 1, name=False)
            _put_numbers([places[text] for text in texts], out)
            return
    if kinds == {str}:
        out.append(_Layout.TEXTS)
        encoded = [value.encode() for value in values]
        _put_numbers([len(each) for each in encoded], out)
        out += b"".join(encoded)
    elif kinds == {list}:
        out.append(_Layout.LISTS)
        _put_numbers([len(value) for value in values], out)
        _put([each for value in values for each in value], out, depth + 1)
    elif kinds == {dict} and 0 < len(keys := sorted({key for value in values for key in value})) <= KEYS:
        out.append(_Layout.OBJECTS)
        _put_bytes(spelled(keys).encode(), out)
        for key in keys:
            there = [int(key in value) for value in values]
            _put_numbers(there, out)
            _put([value[key] for value in values if key in value], out, depth + 1)
    else:
        out.append(_Layout.ANY)
        _put_bytes("\n".join(spelled(value) for value in values).encode(), out)


def _put_alike(value: Any, out: bytearray) -> None:
    out.append(_Layout.ALIKE)
    _put_bytes(spelled(value).encode(), out)


def _put_count(count: int, out: bytearray) -> None:
    while count > 0x7F:
        out.append(count & 0x7F | 0x80)
        count >>= 7
    out.append(count)


def _put_bytes(data: bytes, out: bytearray) -> None:
    _put_count(len(data), out)
    out += data


def _put_numbers(numbers: list[int], out: bytearray) -> None:
    """The smaller of themselves and their differences; small ones several to a byte, large ones in planes."""
    plain = [_folded(number) for number in numbers]
    steps = [plain[0], *(_folded(after - before) for before, after in pairwise(numbers))]
    straight, stepped = _planes(plain), _planes(steps)
    if _guess(stepped) < _guess(straight):
        out.append(1)
        out += stepped
    else:
        out.append(0)
        out += straight


def _folded(number: int) -> int:
    """Signs at the small end: 0, -1, 1, -2 …"""
    return number * 2 if number >= 0 else -number * 2 - 1


def _planes(numbers: list[int]) -> bytes:
    shift = 0 if any(number & 1 for number in numbers) else 1  # none is negative: the place of the sign is not needed
    largest = max(numbers) >> shift
    if largest < 16:
        bits = 1 if largest < 2 else 2 if largest < 4 else 4
        each = 8 // bits
        padded = numbers + [0] * (-len(numbers) % each)
        packed = bytearray(len(padded) // each)
        for place in range(each):
            packed = bytearray(
                had | (number >> shift) << (place * bits)
                for had, number in zip(packed, padded[place::each], strict=True)
            )
        return bytes((shift << 7 | bits,)) + bytes(packed)
    width = (largest.bit_length() + 7) // 8
    planes = (bytes(number >> shift + 8 * plane & 0xFF for number in numbers) for plane in range(width))
    return bytes((shift << 7 | 8 * width,)) + b"".join(planes)


def _guess(data: bytes) -> int:
    """About how long it will be when compressed."""
    return len(zlib.compress(data[:TRIED], 6)) * math.ceil(len(data) / TRIED)


# --- reading ----------------------------------------------------------------------------------------------------------


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def take(self, size: int) -> bytes:
        if size > len(self.data) - self.at:
            raise ValueError("not columns: cut off")
        self.at += size
        return self.data[self.at - size : self.at]

    def count(self) -> int:
        count = shift = 0
        while True:
            byte = self.byte()
            count |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
            if shift > 35:
                raise ValueError("not columns: no count")
        return count


def _get(read: _Reader, size: int, depth: int) -> list[Any]:
    if size == 0:
        return []
    if depth > DEPTH or size > LARGEST:
        raise ValueError("not columns: too many")
    match read.byte():
        case _Layout.ALIKE:
            text = read.take(read.count())
            first = json.loads(text)
            is_plain = not isinstance(first, (list, dict))
            return [first] * size if is_plain else [first, *(json.loads(text) for _ in range(size - 1))]
        case _Layout.NAMED:
            named = _get(read, read.count(), depth + 1)
            return [named[number] for number in _get_numbers(read, size)]
        case _Layout.NUMBERS:
            return _get_numbers(read, size)
        case _Layout.TEXTS:
            lengths = _get_numbers(read, size)
            return _cut(read, lengths)
        case _Layout.LISTS:
            lengths = _get_numbers(read, size)
            flat = _get(read, _total(lengths), depth + 1)
            at, lists = 0, []
            for length in lengths:
                lists.append(flat[at : at + length])
                at += length
            return lists
        case _Layout.OBJECTS:
            objects: list[dict[str, Any]] = [{} for _ in range(size)]
            for key in json.loads(read.take(read.count())):
                having = [made for made, there in zip(objects, _get_numbers(read, size), strict=True) if there]
                for made, value in zip(having, _get(read, len(having), depth + 1), strict=True):
                    made[key] = value
            return objects
        case _Layout.ANY:
            lines = read.take(read.count()).decode().split("\n")
            if len(lines) != size:
                raise ValueError("not columns: lines are missing")
            return [json.loads(line) for line in lines]
        case other:
            raise ValueError(f"not columns: layout {other}")


def _total(lengths: list[int]) -> int:
    if min(lengths) < 0:
        raise ValueError("not columns: less than nothing")
    return sum(lengths)


def _cut(read: _Reader, lengths: list[int]) -> list[Any]:
    text = read.take(_total(lengths))
    at, cut = 0, []
    for length in lengths:
        cut.append(text[at : at + length].decode())
        at += length
    return cut


def _get_numbers(read: _Reader, size: int) -> list[int]:
    stepped, head = read.byte(), read.byte()
    shift, bits = head >> 7, head & 0x7F
    if bits in (1, 2, 4):
        each, mask = 8 // bits, (1 << bits) - 1
        packed = read.take(-(-size // each))
        folded = [byte >> place * bits & mask for byte in packed for place in range(each)][:size]
    elif bits % 8 == 0 and 8 <= bits <= 64:
        folded = list(read.take(size))
        for plane in range(1, bits // 8):
            above = read.take(size)
            folded = [number | byte << 8 * plane for number, byte in zip(folded, above, strict=True)]
    else:
        raise ValueError("not columns: no numbers")
    numbers = folded if shift else [number >> 1 if not number & 1 else -(number + 1 >> 1) for number in folded]
    if not stepped:
        return numbers
    total, summed = 0, []
    for number in numbers:
        total += number
        summed.append(total)
    return summed
