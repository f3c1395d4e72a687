"""Frames and statuses, and the emulator held against the same published bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.problem import Problem
from devices.idcard import samv
from devices.idcard.emulator import SAM_NUMBER, Behaviour, Emulator, card_of, get_card, people
from devices.idcard.samv import Incoming, Reply, Status, frame, problem_of, reply_frame

COMMANDS = {  # as vendors publish them
    "10FF": "AAAAAA9669000310FFEC",
    "11FF": "AAAAAA9669000311FFED",
    "12FF": "AAAAAA9669000312FFEE",
    "2001": "AAAAAA96690003200122",
    "2002": "AAAAAA96690003200221",
    "3001": "AAAAAA96690003300132",
    "3010": "AAAAAA96690003301023",
    "3003": "AAAAAA96690003300330",
    "3005": "AAAAAA96690003300536",
}
FOUND = bytes.fromhex("AAAAAA9669000800009F0000000097")
SELECTED = bytes.fromhex("AAAAAA9669000C00009000000000000000009C")
NO_CARD = bytes.fromhex("AAAAAA9669000400008084")
STATUS_OK = bytes.fromhex("AAAAAA9669000400009094")


@pytest.mark.parametrize(("command", "whole"), COMMANDS.items())
def test_command_frames(command: str, whole: str) -> None:
    assert frame(bytes.fromhex(command)).hex().upper() == whole


def test_a_command_with_data() -> None:
    assert frame(b"\x61\xff", b"\x50") == bytes.fromhex("AAAAAA9669000461FF50CA")


def test_reply_frames() -> None:
    assert reply_frame(Status.FOUND, bytes(4)) == FOUND
    assert reply_frame(Status.OK, bytes(8)) == SELECTED
    assert reply_frame(Status.NO_CARD) == NO_CARD
    assert reply_frame(Status.OK) == STATUS_OK


def feed(data: bytes) -> tuple[Reply | None, Incoming]:
    incoming = Incoming()
    return incoming.feed(data), incoming


def test_answers_are_parsed() -> None:
    assert feed(FOUND)[0] == Reply(0x9F, bytes(4))
    assert feed(NO_CARD)[0] == Reply(0x80, b"")


@given(st.binary(max_size=40), st.integers(0, 60), st.binary(max_size=300), st.data())
def test_noise_before_an_answer_and_any_cut_are_survived(
    noise: bytes, cuts: int, data: bytes, draw: st.DataObject
) -> None:
    sent = noise + reply_frame(0x90, data)
    incoming = Incoming()
    at = 0
    for end in [*sorted(draw.draw(st.lists(st.integers(0, len(sent)), max_size=cuts))), len(sent)]:
        assert incoming.wanting() > 0
        reply = incoming.feed(sent[at:end])
        if reply:
            break
        at = end
    assert reply == Reply(0x90, data)


def test_a_false_preamble_in_the_noise_does_not_swallow_the_answer() -> None:
    for length in (b"\x0f\xff", b"\x00\x04", b"\x00\x00", b"\xff\xff"):
        assert feed(samv.PREAMBLE + length + FOUND)[0] == Reply(0x9F, bytes(4))


def test_a_wrong_checksum_is_noticed() -> None:
    reply, incoming = feed(FOUND[:-1] + b"\x98")
    assert reply is None and incoming.spoilt


@pytest.mark.parametrize("length", [0, 3, 4097, 65535])
def test_lengths_out_of_bounds_are_no_frame(length: int) -> None:
    reply, incoming = feed(samv.PREAMBLE + length.to_bytes(2, "big") + bytes(length + 10))
    assert reply is None and not incoming.spoilt
    assert 0 < incoming.wanting() <= 4096


def test_a_readers_own_time_out_frame() -> None:
    reply, incoming = feed(bytes.fromhex("AAAAAA9669000505050505"))
    assert reply is None and incoming.timed_out


def test_a_reply_does_not_show_its_data() -> None:
    assert repr(Reply(0x90, "试样".encode("utf-16-le"))) == "Reply(90, 4 bytes)"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (0x80, "idcard.absent"),
        (0x81, "idcard.replace"),
        (0x41, "idcard.replace"),
        (0x47, "idcard.replace"),
        (0x3F, "idcard.replace"),
        (0x32, "idcard.suspect"),
        (0x33, "idcard.suspect"),
        (0x31, "idcard.reader_fault"),
        (0x60, "idcard.reader_fault"),
        (0x21, "idcard.reader_fault"),
        (0x23, "idcard.reader_fault"),
        (0x66, "idcard.not_authorised"),
        (0x40, "idcard.unknown_type"),
        (0x10, "idcard.garbled"),
        (0x05, "idcard.reader_fault"),
    ],
)
def test_statuses_become_problems(status: int, code: str) -> None:
    assert problem_of(status).code == code


# --- the emulator -----------------------------------------------------------------------------------------------------


def say(emulator: Emulator, command: bytes) -> Reply:
    reply, _ = feed(b"".join(emulator.hear(frame(command))))
    assert reply is not None
    return reply


@pytest.fixture
def emulator() -> Emulator:
    return Emulator(get_card("haishu"))


def test_the_order_of_commands_is_insisted_on(emulator: Emulator) -> None:
    assert say(emulator, samv.SELECT).status == 0x81
    assert say(emulator, samv.READ).status == 0x41
    assert b"".join(emulator.hear(frame(samv.FIND))) == FOUND
    assert say(emulator, samv.READ).status == 0x41
    assert b"".join(emulator.hear(frame(samv.SELECT))) == SELECTED
    assert say(emulator, samv.READ).status == 0x90
    assert say(emulator, samv.READ_ADDRESS).status == 0x91


def test_a_card_is_found_once_per_placement(emulator: Emulator) -> None:
    for command in (samv.FIND, samv.SELECT, samv.READ):
        say(emulator, command)
    assert b"".join(emulator.hear(frame(samv.FIND))) == NO_CARD
    emulator.place(get_card("yuyao"))
    assert say(emulator, samv.FIND).status == 0x9F
    emulator.lift()
    assert say(emulator, samv.SELECT).status == 0x81


@pytest.mark.parametrize(
    ("command", "fingerprint", "size"),
    [
        (samv.READ, 0, 1295),
        (samv.READ_WITH_FINGERPRINT, 0, 1297),
        (samv.READ_WITH_FINGERPRINT, 512, 1809),
        (samv.READ_WITH_FINGERPRINT, 1024, 2321),
    ],
)
def test_answers_have_the_published_sizes(command: bytes, fingerprint: int, size: int) -> None:
    emulator = Emulator(card_of(people()["haishu"] | {"fingerprint_size": fingerprint}))
    say(emulator, samv.FIND)
    say(emulator, samv.SELECT)
    assert len(b"".join(emulator.hear(frame(command)))) == size


def test_a_spoilt_command_and_an_unknown_one(emulator: Emulator) -> None:
    spoilt = frame(samv.FIND)[:-1] + b"\x21"  # a checksum that a published sample gets wrong
    assert feed(b"".join(emulator.hear(spoilt)))[0] == Reply(0x10, b"")
    assert say(emulator, b"\x77\x01").status == 0x21


def test_commands_may_come_in_pieces_and_together(emulator: Emulator) -> None:
    sent = b"\xaa\x00" + frame(samv.STATUS) + frame(samv.FIND)
    assert list(emulator.hear(sent[:6])) == []
    assert list(emulator.hear(sent[6:])) == [STATUS_OK, FOUND]


def test_the_modules_number(emulator: Emulator) -> None:
    assert b"".join(emulator.hear(frame(samv.SAM_NUMBER)))[:10] == bytes.fromhex("AAAAAA96690014000090")
    assert len(SAM_NUMBER) == 16


def test_an_unknown_persons_card() -> None:
    with pytest.raises(Problem) as raised:
        get_card("nobody")
    assert raised.value.code == "idcard.no_such_card"


def test_a_text_that_does_not_fit_its_field_is_refused() -> None:
    with pytest.raises(ValueError, match="name"):
        card_of(people()["haishu"] | {"name": "试" * 16})
    assert Emulator(None, Behaviour.NO_CARD)
