"""How stations join, prove who they are, and are shut out."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.utils import timezone

from contract.exchange import EnrolAnswer
from contract.problem import MEDIA_TYPE, Problem
from contract.wire import canonical
from server.exchange.numbers import pools
from server.exchange.stations import forget_old_sessions, make_code, revoke_station
from server.org.models import EnrolCode, NumberBlock, Station, StationSession, touch
from tests.server.desk import VILLAGE, YUYAO, Desk, client_line


def enrol(code: str, key: Ed25519PrivateKey | None = None, **more: Any) -> tuple[int, dict[str, Any]]:
    public = base64.b64encode((key or Ed25519PrivateKey.generate()).public_key().public_bytes_raw()).decode()
    ask = {"code": code, "public_key": public, **more}
    status, headers, body = client_line()("POST", "/api/v1/enrol", json.dumps(ask).encode())
    if status >= 400:
        assert headers["content-type"] == MEDIA_TYPE
    return status, json.loads(body)


def test_a_station_joins_and_gets_its_node_pack_and_numbers(hall: None) -> None:
    status, plain = enrol(make_code(VILLAGE, "代办点"), facts={"version": "0.1.0"})
    assert status == 200
    answer = EnrolAnswer.model_validate(plain)
    assert (answer.node, answer.name) == (VILLAGE, "代办点")
    assert [(block.county, block.first, block.last) for block in answer.blocks] == [(YUYAO, 1, 200)]
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(answer.server_public_key))
    key.verify(base64.b64decode(answer.pack.signature), answer.pack.pack.encode())
    pack = answer.pack.opened()
    assert pack.node == VILLAGE and len(pack.version) == 16
    assert {matter.code for matter in pack.matters} == {"food", "allowance"}
    assert Station.objects.get(id=answer.station).facts == {"version": "0.1.0"}


def test_a_code_is_kept_as_a_hash_and_read_as_it_is_spoken(hall: None) -> None:
    code = make_code(VILLAGE, "代办点")
    assert code.replace("-", "") not in EnrolCode.objects.get().fingerprint
    assert enrol(f" {code.lower().replace('-', ' ')} ")[0] == 200


def test_a_code_is_good_once_but_a_lost_answer_may_be_asked_for_again(hall: None) -> None:
    code, key = make_code(VILLAGE, "代办点"), Ed25519PrivateKey.generate()
    first = enrol(code, key)
    assert enrol(code, key) == first
    assert NumberBlock.objects.count() == 1
    status, problem = enrol(code)
    assert (status, problem["code"], problem["status"]) == (409, "enrol.code_used", 409)


def test_a_code_expires(hall: None) -> None:
    status, problem = enrol(make_code(VILLAGE, "代办点", timedelta(seconds=-1)))
    assert (status, problem["code"]) == (410, "enrol.code_expired")


def test_an_unknown_code_and_a_malformed_key_are_refused(hall: None) -> None:
    assert enrol("ABCD-EFGH-JKLM")[1]["code"] == "enrol.code_unknown"
    assert enrol(make_code(VILLAGE, "1"), public_key="bm9wZQ==")[1]["code"] == "enrol.key_malformed"
    assert enrol(make_code(VILLAGE, "1"), algorithm="sm2")[1]["code"] == "enrol.key_malformed"


def test_a_malformed_ask_names_the_field_and_never_echoes_what_stood_in_it(hall: None) -> None:
    status, headers, body = client_line()(
        "POST", "/api/v1/enrol", json.dumps({"code": "x", "public_key": "330281199002289992"}).encode()
    )
    problem = json.loads(body)
    assert (status, headers["content-type"], problem["code"]) == (422, MEDIA_TYPE, "wire.malformed")
    assert "code" in problem["facts"]["field"]
    assert b"330281199002289992" not in body
    for garbage in (b"{", b"[]", b"\xff\xfe", b'{"code": NaN}'):
        status, headers, _ = client_line()("POST", "/api/v1/enrol", garbage)
        assert status in (400, 422) and headers["content-type"] == MEDIA_TYPE


def refused(desk: Desk, at: datetime | None = None, **changes: Any) -> tuple[int, str]:
    ask = desk.session_ask(at).model_copy(update=changes)
    status, _, body = desk.line("POST", "/api/v1/session", ask.model_dump_json().encode())
    return status, json.loads(body).get("code", "")


def test_a_session_takes_a_signature_of_the_stations_key(desk: Desk) -> None:
    assert refused(desk, signature=desk.sign("something else")) == (401, "session.refused")
    assert refused(desk, signature="?") == (401, "session.refused")
    assert refused(desk, station="nobody") == (401, "session.refused")
    assert refused(desk, at=datetime.now(UTC) + timedelta(days=1))[0] == 200
    assert refused(desk, at=datetime.now(UTC) - timedelta(days=3)) == (401, "session.clock_wrong")


def test_a_signed_ask_is_good_for_one_token(desk: Desk) -> None:
    at = datetime.now(UTC)
    desk.open_session(at)
    assert refused(desk, at) == (401, "session.replayed")


def test_tokens_are_kept_as_hashes_and_end(desk: Desk) -> None:
    session = StationSession.objects.get()
    assert desk.token not in session.fingerprint
    assert desk.call("GET", "/api/v1/pack")[0] == 200
    StationSession.objects.update(expires_at=timezone.now())
    touch()
    status, _, body = desk.call("GET", "/api/v1/pack")
    assert (status, json.loads(body)["code"]) == (401, "session.needed")
    assert desk.line("GET", "/api/v1/pack")[0] == 401
    forget_old_sessions(timezone.now())
    assert StationSession.objects.count() == 1  # its ask could still be used again
    forget_old_sessions(timezone.now() + timedelta(days=5))
    assert StationSession.objects.count() == 0


def test_a_lost_station_is_shut_out_and_its_numbers_are_retired(desk: Desk, open_desk: Callable[..., Desk]) -> None:
    desk.ask()  # the token is known
    revoke_station(Station.objects.get(id=desk.id))
    status, _, body = desk.call("POST", "/api/v1/exchange", b"{}")
    assert (status, json.loads(body)["code"]) == (403, "station.revoked")
    assert refused(desk) == (403, "station.revoked")
    assert NumberBlock.objects.get().retired_at is not None
    assert open_desk().joined.blocks[0].first == 201  # never given again


def test_a_station_that_is_replaced_is_shut_out_when_the_new_one_joins(hall: None) -> None:
    old = EnrolAnswer.model_validate(enrol(make_code(VILLAGE, "代办点"))[1])
    with pytest.raises(Problem, match=r"station\.unknown"):
        make_code(VILLAGE, "代办点", replaces="nobody")
    code, key = make_code(VILLAGE, "代办点", replaces=old.station), Ed25519PrivateKey.generate()
    assert Station.objects.get(id=old.station).revoked_at is None  # until the new one is here
    new = EnrolAnswer.model_validate(enrol(code, key)[1])
    assert enrol(code, key)[0] == 200
    assert Station.objects.get(id=old.station).revoked_at is not None
    assert [block.first for block in new.blocks] == [201]
    (old_pool,), (new_pool,) = (pools(Station.objects.get(id=one)) for one in (old.station, new.station))
    assert (old_pool.given, old_pool.used, old_pool.retired) == (200, 0, 200)
    assert (new_pool.given, new_pool.used, new_pool.retired) == (200, 0, 0)


def test_the_pools_are_counted_with_what_cases_bear(desk: Desk, open_desk: Callable[..., Desk]) -> None:
    desk.take_in()
    open_desk()
    (county,) = pools()
    assert (county.county, county.given, county.used, county.retired) == (YUYAO, 400, 1, 0)
    assert county.left == 99_999_999 - 400
    revoke_station(Station.objects.get(id=desk.id))
    assert [(pool.used, pool.retired) for pool in pools()] == [(1, 199)]


def test_a_county_whose_numbers_end_is_found_by_the_check(desk: Desk) -> None:
    from server.checks import findings

    said = {finding["check"]: finding for finding in findings()}
    assert said["numbers"]["ok"] and f"{YUYAO}: 200 given" in said["numbers"]["note"]
    NumberBlock.objects.update(first=1, last=99_500_000)
    (found,) = [finding for finding in findings() if finding["check"] == "numbers"]
    assert not found["ok"] and found["problem"]["code"] == "server.numbers_end"


def test_s10_a_form_that_no_counter_could_draw_is_not_published(desk: Desk) -> None:
    from contract.form import Form
    from server.catalogue.matters import publish
    from server.catalogue.models import MatterVersion
    from tests.server.desk import FORM, food

    broken = {**FORM.data, "required": [*FORM.data.get("required", ()), "nowhere"]}
    with pytest.raises(Problem, match=r"matter\.form_faulty") as caught:
        publish(food(2, form=Form(data=broken, ui=FORM.ui)))
    assert "nowhere" in caught.value.facts["first"]
    assert not MatterVersion.objects.filter(code="food", version=2).exists()
    assert f'"{desk.ask().pack}"' == desk.call("GET", "/api/v1/pack")[1]["etag"]


def test_the_pack_has_an_etag_and_says_the_same_while_nothing_changes(desk: Desk) -> None:
    from server.catalogue.matters import publish
    from tests.server.desk import food

    status, headers, body = desk.call("GET", "/api/v1/pack")
    assert status == 200 and headers["etag"] == f'"{desk.pack.version}"'
    assert json.loads(body)["pack"] == desk.joined.pack.pack
    assert canonical(desk.pack)  # the text is the contract's own
    assert desk.call("GET", "/api/v1/pack", If_None_Match=headers["etag"])[0] == 304
    publish(food(2))
    status, newer, _ = desk.call("GET", "/api/v1/pack", If_None_Match=headers["etag"])
    assert status == 200 and newer["etag"] != headers["etag"]
    assert f'"{desk.ask().pack}"' == newer["etag"]


@pytest.mark.parametrize("body", [b"x" * (4 << 20) + b"x", b"{}" + b" " * (5 << 20)])
def test_bodies_are_bounded(desk: Desk, body: bytes) -> None:
    status, headers, answer = desk.call("POST", "/api/v1/exchange", body)
    assert (status, headers["content-type"], json.loads(answer)["code"]) == (413, MEDIA_TYPE, "wire.too_large")
