"""Every way a line fails becomes a Problem that says what it was; nothing is believed that is not our server."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from app.sync.enrol import fingerprint, join
from app.sync.line import Line, require_safe
from contract.problem import Problem, Retry
from tests.app.conftest import Station
from tests.fakes.cutting import CuttingProxy, Fault, Plan
from tests.fakes.odd_server import OddServer, Said
from tests.fakes.window import NODE


@pytest.mark.parametrize(
    "url", ["http://example.org", "http://10.0.0.7:8000", "http://[2001:db8::1]", "http://8.8.8.8/x"]
)
def test_a_server_elsewhere_is_not_spoken_to_in_the_clear(url: str) -> None:
    with pytest.raises(Problem, match="line.tls_needed"):
        Line(url)


def test_this_machine_and_tls_are_fine_and_nonsense_is_not() -> None:
    for url in ("http://127.0.0.1:8000/", "http://localhost:1", "http://[::1]:8000", "https://tongban.example"):
        assert require_safe(url) == url.rstrip("/")
    for url in ("", "ftp://127.0.0.1", "127.0.0.1:8000", "https://", "https://a.example/?x=1"):
        with pytest.raises(Problem, match="line.address"):
            require_safe(url)


def test_nobody_there(free_port: int) -> None:
    line = Line(f"http://127.0.0.1:{free_port}")
    with pytest.raises(Problem, match="line.down") as caught:
        line.probe()
    assert caught.value.retry is Retry.AGAIN
    line.close()


def test_somebody_who_says_nothing() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        line = Line(f"http://127.0.0.1:{silent.getsockname()[1]}", patience=0.2)
        with pytest.raises(Problem, match="line.timeout"):
            line.probe()
        line.close()


def test_tls_to_somebody_who_cannot(free_port: int) -> None:
    with OddServer(lambda *_: (200, {}, b"{}")) as server:
        line = Line(server.url.replace("http:", "https:"))
        with pytest.raises(Problem, match="line.certificate"):
            line.probe()
        line.close()


PORTAL = b"<html>Please sign in to the hotel's network</html>"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ((200, {"Content-Type": "text/html"}, PORTAL), "line.not_the_server"),
        ((302, {"Location": "http://portal.example/"}, b""), "line.not_the_server"),
        ((511, {"Content-Type": "text/html"}, PORTAL), "server.failed"),
        ((403, {"Content-Type": "text/html"}, PORTAL), "line.not_the_server"),
        ((200, {}, b"{}"), "line.not_the_server"),
        ((200, {}, b"not json"), "line.not_the_server"),
        ((500, {}, b"{}"), "server.failed"),
        ((418, {}, b"{}"), "server.refused"),
        ((422, {"Content-Type": "application/problem+json"}, b'{"code":"enrol.code_used","retry":"never","facts":{}}'),
         "enrol.code_used"),
        ((422, {"Content-Type": "application/problem+json"}, b"[]"), "server.refused"),
    ],
)  # fmt: skip
def test_odd_answers(said: Said, code: str, station: Station) -> None:
    with OddServer(lambda *_: said) as server:
        line = Line(server.url, station.store.station)
        with pytest.raises(Problem) as caught:
            join(station.store, line, "ABCD")
        assert caught.value.code == code
        line.close()


def test_rule_07_a_busy_server_says_when_to_come_again() -> None:
    with OddServer(lambda *_: (503, {"Retry-After": "7"}, b"{}")) as server:
        line = Line(server.url)
        with pytest.raises(Problem) as caught:
            line.probe()
        assert caught.value == Problem("server.busy", Retry.AGAIN, retry_after=7)
        line.close()


def test_an_answer_that_is_cut(cutting: Callable[[Plan], CuttingProxy], station: Station) -> None:
    proxy = cutting(lambda: Fault(down=700))
    line = Line(proxy.url, station.store.station)
    with pytest.raises(Problem, match=r"line\.(cut|down)"):
        line.pack_manifest()
    assert proxy.cuts >= 1
    line.close()


def test_a_session_that_ran_out_is_renewed_by_itself(station: Station) -> None:
    line = station.line
    version = station.store.packs.get().version
    assert line.pack_manifest(version).opened().parts == ()
    line._token = "expired"
    manifest = line.pack_manifest("another").opened()
    assert manifest.version == version and manifest.parts


def test_a_station_that_never_joined_has_no_session(free_port: int) -> None:
    line = Line(f"http://127.0.0.1:{free_port}")
    with pytest.raises(Problem, match="station.not_joined"):
        line.case_view("0190")
    line.close()


def test_an_id_that_is_a_path_goes_nowhere(station: Station) -> None:
    for odd in ("../me", "a/b", "", "%2e"):
        with pytest.raises(Problem, match="case.unknown"):
            station.line.case_view(odd)
    with pytest.raises(Problem, match="case.not_found"):
        station.line.case_view("0190a0b0-0000-7000-8000-000000000000")


def test_joining_again_with_the_same_code_hears_the_same(station: Station, server: object) -> None:
    code = server.code(NODE)  # type: ignore[attr-defined]
    from app.store import Store

    with Store.open(station.folder.parent / "another", bytes(32)) as store:
        line = Line(station.line.url, store.station)
        first = join(store, line, f"  {code.lower()} ")
        assert join(store, line, code) == first == store.station.find()
        assert first.name and first.node == NODE and len(fingerprint(first.server_public_key).split()) == 16
        assert sum(pool.left for pool in store.numbers.pools()) == 200
        with pytest.raises(Problem, match="enrol.code_unknown"):
            join(store, line, "NONE")
        line.close()
    with pytest.raises(Problem, match="enrol.code_used"):
        join(station.store, station.line, code)
