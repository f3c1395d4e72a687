"""The page batch: what was packed comes out, anything else is refused (F03, F24)."""

from __future__ import annotations

import io
import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import upload
from contract.problem import Problem
from contract.upload import MAX_BATCH, MAX_PAGE, MAX_PAGES, batch_header, read_batch
from contract.wire import sha256


def packed(pages: list[bytes]) -> bytes:
    return batch_header((sha256(page), len(page)) for page in pages) + b"".join(pages)


def listed(value: object) -> bytes:
    text = json.dumps(value).encode()
    return b"TBPB1\n" + struct.pack(">I", len(text)) + text


@given(st.lists(st.binary(min_size=1, max_size=200), max_size=12))
def test_what_went_in_comes_out(pages: list[bytes]) -> None:
    assert list(read_batch(io.BytesIO(packed(pages)))) == [(sha256(page), page) for page in pages]


@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=4), st.data())
def test_f03_a_batch_cut_anywhere_is_refused(pages: list[bytes], data: st.DataObject) -> None:
    whole = packed(pages)
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(Problem, match="upload.garbled"):
        list(read_batch(io.BytesIO(whole[:cut])))


@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=4), st.data())
def test_f24_one_changed_byte_is_found(pages: list[bytes], data: st.DataObject) -> None:
    whole = bytearray(packed(pages))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    try:
        seen = list(read_batch(io.BytesIO(whole)))
    except Problem as problem:
        assert problem.code == "upload.garbled"
    else:  # white space or the like in the list: the pages themselves are what their digests say
        assert all(sha256(page) == digest for digest, page in seen)


def test_pages_before_a_bad_one_are_handed_over() -> None:
    whole = bytearray(packed([b"first", b"second"]))
    whole[-1] ^= 1
    pages = read_batch(io.BytesIO(whole))
    assert next(pages)[1] == b"first"
    with pytest.raises(Problem, match="upload.garbled"):
        next(pages)


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"TBPB1\n",
        b"TBPB2\n" + packed([b"x"])[6:],
        packed([b"x"]) + b"more",
        b"TBPB1\n\xff\xff\xff\xff",
        listed({"a": 1}),
        listed("text"),
        listed(7),
        listed(None),
        listed([["a" * 64]]),
        listed([["a" * 64, "many"]]),
        listed([["a" * 64, 0]]),
        listed([["a" * 64, -1]]),
        listed([["a" * 64, MAX_PAGE + 1]]),
        listed([["a" * 64, MAX_PAGE]] * (MAX_BATCH // MAX_PAGE + 1)),
        listed([["a", 1]] * (MAX_PAGES + 1)),
        b"TBPB1\n" + struct.pack(">I", 14) + b'[["a", 1e999]]',
        b"TBPB1\n" + struct.pack(">I", 100_000) + b"[" * 100_000,
        b"TBPB1\n" + struct.pack(">I", 4) + b"\xff\xfe\xfd\xfc",
    ],
    ids=lambda bad: f"{bad[:24]!r}…{len(bad)}",
)
def test_bad_input_is_a_problem(bad: bytes) -> None:
    with pytest.raises(Problem, match="upload.garbled"):
        list(read_batch(io.BytesIO(bad)))


def test_a_page_is_never_read_before_its_size_is_found_good() -> None:
    class Counting(io.BytesIO):
        largest = 0

        def read(self, size: int | None = -1, /) -> bytes:
            self.largest = max(self.largest, size or 0)
            return super().read(size)

    stream = Counting(listed([["a" * 64, upload.MAX_PAGE + 1]]))
    with pytest.raises(Problem):
        list(read_batch(stream))
    assert stream.largest < upload.MAX_PAGE
