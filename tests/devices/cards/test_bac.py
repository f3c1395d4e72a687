"""Basic access control and secure messaging against ICAO Doc 9303 part 11, appendix D: every value of its example."""

from __future__ import annotations

import pytest

from contract.problem import Problem
from devices.cards import mrz
from devices.transports.bac import Channel, authenticate, keys_of

HEX = bytes.fromhex


def test_the_keys_of_the_worked_example():
    assert mrz.key_of("L898902C,690806,940623") == "L898902C<369080619406236"
    assert keys_of("L898902C<369080619406236") == (
        HEX("AB94FDECF2674FDFB9B391F85D7F76F2"),
        HEX("7962D9ECE03D1ACD4C76089DCE131543"),
    )


def test_the_mutual_authentication_of_the_worked_example():
    sent = []

    def chip(command: bytes) -> tuple[bytes, int]:
        sent.append(command)
        if command[1] == 0x84:
            return HEX("4608F91988702212"), 0x9000
        return HEX("46B9342A41396CD7386BF5803104D7CEDC122B9132139BAF2EEDC94EE178534F2F2D235D074D7449"), 0x9000

    given = iter([HEX("781723860C06C226"), HEX("0B795240CB7049B01C19B33E32804F0B")])
    channel = authenticate(chip, keys_of("L898902C<369080619406236"), lambda size: next(given))
    proof = "72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F25F1448EEA8AD90A7"
    assert sent[1] == HEX("0082000028" + proof + "28")
    # Select EF.COM, then read its first four bytes, as the example goes on.
    assert channel.close(HEX("00A4020C"), HEX("011E")) == HEX("0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800")
    assert channel.open(HEX("990290008E08FA855A5D4C50A8ED")) == (b"", 0x9000)
    assert channel.close(HEX("00B00000"), expected=4) == HEX("0CB000000D9701048E08ED6705417E96BA5500")
    assert channel.open(HEX("8709019FF0EC34F9922651990290008E08AD55CC17140B2DED")) == (HEX("60145F01"), 0x9000)


@pytest.mark.parametrize("at", range(25), ids=str)
def test_a_changed_byte_never_passes(at: int) -> None:
    answer = bytearray(HEX("8709019FF0EC34F9922651990290008E08AD55CC17140B2DED"))
    answer[at] ^= 0x01
    keys = HEX("979EC13B1CBFE9DCD01AB0FED307EAE5"), HEX("F1CB1F1FB5ADF208806B89DC579DC1F8")
    with pytest.raises(Problem) as raised:
        Channel(*keys, 0x887022120C06C229).open(bytes(answer))
    assert raised.value.code in ("cards.tampered", "cards.garbled")


def test_the_chip_must_prove_itself_too():
    def chip(command: bytes) -> tuple[bytes, int]:
        return (HEX("4608F91988702212") if command[1] == 0x84 else bytes(40)), 0x9000

    with pytest.raises(Problem, match="cards.tampered"):
        authenticate(chip, keys_of("L898902C<369080619406236"))
