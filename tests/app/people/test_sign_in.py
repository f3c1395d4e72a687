"""Clerks sign in with the real server, and without it against what it confirmed lately."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from app.people.sign_in import as_author, seen_here, sign_in, supervisor, unlock
from app.store import Store
from app.sync.courier import Courier
from app.sync.line import Line
from app.sync.round import one_round
from contract.person import Clerk, Role
from contract.problem import Problem
from tests.app.conftest import NewStation, Station
from tests.fakes.serving import ROOT, ServerProcess

PASSWORD = "tongban-demo"  # of the demo's invented people


@dataclass
class Desk:
    """The part of the tray that signing in needs."""

    store: Store
    courier: Courier
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def clock(self) -> Callable[[], datetime]:
        return lambda: self.now


def desk_of(station: Station) -> Desk:
    return Desk(station.store, Courier(station.store, station.line, lambda: datetime.now(UTC)))


@pytest.fixture
def desk(station: Station) -> Desk:
    return desk_of(station)


def cut(desk: Desk) -> None:
    """From now on there is no server."""
    desk.courier = Courier(desk.store, Line("http://127.0.0.1:9", desk.store.station), desk.clock)


def test_the_server_says_who_it_is_and_the_same_password_works_without_it_for_72_hours(desk: Desk) -> None:
    online = sign_in(desk, " ZhouMin ", PASSWORD)
    assert (online.clerk.id, online.clerk.name, online.offline) == ("zhoumin", "周敏", False)
    assert online.offline_until == desk.now + timedelta(hours=72)
    cut(desk)
    desk.now += timedelta(hours=71)
    offline = sign_in(desk, "zhoumin", PASSWORD)
    assert offline.offline and offline.clerk == online.clerk and offline.offline_until == online.offline_until
    with pytest.raises(Problem, match="signin.wrong"):
        sign_in(desk, "zhoumin", PASSWORD + " ")
    desk.now += timedelta(hours=1)
    with pytest.raises(Problem, match="signin.offline_expired"):
        sign_in(desk, "zhoumin", PASSWORD)
    assert [name for name, _ in seen_here(desk)] == ["zhoumin"]


def test_the_servers_no_is_final(desk: Desk) -> None:
    sign_in(desk, "zhoumin", PASSWORD)
    with pytest.raises(Problem, match="signin.wrong"):
        sign_in(desk, "zhoumin", "tongban")
    for name, password in (("nobody", PASSWORD), ("", PASSWORD), ("zhoumin", "")):
        with pytest.raises(Problem, match="signin.wrong"):
            sign_in(desk, name, password)


def test_who_never_signed_in_here_cannot_do_so_without_the_server(desk: Desk) -> None:
    cut(desk)
    with pytest.raises(Problem, match="signin.never_here"):
        sign_in(desk, "zhoumin", PASSWORD)


def test_a_clock_set_back_does_not_lengthen_the_hours(desk: Desk) -> None:
    sign_in(desk, "zhoumin", PASSWORD)
    cut(desk)
    desk.now -= timedelta(days=1)
    with pytest.raises(Problem, match="signin.offline_expired"):
        sign_in(desk, "zhoumin", PASSWORD)


def test_an_officer_does_not_work_at_a_window(desk: Desk) -> None:
    with pytest.raises(Problem, match="signin.not_at_a_window"):
        sign_in(desk, "yuyao-market", PASSWORD)
    assert desk.store.verifiers.all() == ()


REVOKE = """
import os, sys, django
os.environ["DJANGO_SETTINGS_MODULE"] = "server.settings"
django.setup()
from server.org.accounts import revoke_user
from server.org.models import User
revoke_user(User.objects.get(id=sys.argv[1]))
"""


def test_a_revoked_clerk_is_cleared_at_the_next_round(server: ServerProcess, new_station: NewStation) -> None:
    station = new_station("330203001")
    desk = desk_of(station)
    sign_in(desk, "tongjie", PASSWORD)
    clerk = seen_here(desk)[0][1]
    subprocess.run([sys.executable, "-c", REVOKE, "tongjie"], env=server.environment(), cwd=ROOT, check=True)
    one_round(station.store, station.line, desk.clock)
    assert seen_here(desk) == ()
    kept = station.store.verifiers.find("tongjie")
    assert kept is not None and kept.revoked and kept.hash == b""
    with pytest.raises(Problem, match="signin.revoked"):
        unlock(desk, clerk, PASSWORD)
    with pytest.raises(Problem, match=r"signin\.(wrong|revoked)"):
        sign_in(desk, "tongjie", PASSWORD)
    cut(desk)
    with pytest.raises(Problem, match="signin.revoked"):
        sign_in(desk, "tongjie", PASSWORD)


def test_a_locked_screen_opens_with_the_password_alone(desk: Desk) -> None:
    clerk = sign_in(desk, "zhoumin", PASSWORD).clerk
    unlock(desk, clerk, PASSWORD)
    with pytest.raises(Problem, match="signin.wrong"):
        unlock(desk, clerk, "x")
    desk.now += timedelta(hours=72)
    with pytest.raises(Problem, match="signin.offline_expired"):
        unlock(desk, clerk, PASSWORD)


def test_u12_who_was_here_lately_does_not_wait_for_a_server_that_says_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(desk, "zhoumin", PASSWORD)
    monkeypatch.setattr("app.people.sign_in.QUICK", 0.2)  # the default patience would be the length of this test
    with socket.create_server(("127.0.0.1", 0)) as silent:
        line = Line(f"http://127.0.0.1:{silent.getsockname()[1]}", desk.store.station)
        desk.courier = Courier(desk.store, line, desk.clock)
        assert sign_in(desk, "zhoumin", PASSWORD).offline
        with pytest.raises(Problem, match="signin.wrong"):
            sign_in(desk, "zhoumin", "tongban")
        line.close()


def test_the_verifier_is_not_the_password(desk: Desk) -> None:
    sign_in(desk, "zhoumin", PASSWORD)
    (kept,) = desk.store.verifiers.all()
    assert PASSWORD.encode() not in kept.hash + kept.salt and PASSWORD not in repr(kept) and len(kept.hash) == 32


def test_who_acts_is_who_they_are_at_this_window() -> None:
    both = Clerk(id="k", name="某", roles=(Role.CLERK, Role.SUPERVISOR), node="330281")
    assert as_author(both).role is Role.SUPERVISOR
    with pytest.raises(Problem, match="signin.not_at_a_window"):
        as_author(Clerk(id="k", name="某", roles=(Role.ADMINISTRATOR,)))


SECOND_FACTOR = """
import os, sys, django
os.environ["DJANGO_SETTINGS_MODULE"] = "server.settings"
django.setup()
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from server.org.models import User
secret = "JBSWY3DPEHPK3PXP"
if sys.argv[1] == "on":
    TOTP.activate(User.objects.get(id="hujianbo"), secret)
*_, newest = yield_hotp_counters_from_time()
print(format_hotp_value(hotp_value(secret, newest)))
"""


def test_a_second_factor_is_asked_for_and_checked(server: ServerProcess, desk: Desk) -> None:
    def run(what: str) -> str:
        command = [sys.executable, "-c", SECOND_FACTOR, what]
        answer = subprocess.run(command, env=server.environment(), cwd=ROOT, check=True, capture_output=True, text=True)
        return answer.stdout.split()[-1]

    run("on")
    with pytest.raises(Problem, match="signin.code_needed"):
        sign_in(desk, "hujianbo", PASSWORD)
    with pytest.raises(Problem, match="signin.code_wrong"):
        sign_in(desk, "hujianbo", PASSWORD, "000000")
    of_a_phone_that_runs_ahead = run("code")
    assert sign_in(desk, "hujianbo", PASSWORD, of_a_phone_that_runs_ahead).clerk.id == "hujianbo"


def test_a_supervisor_stands_by_with_their_own_password_online_and_offline(desk: Desk) -> None:
    with pytest.raises(Problem, match="supervisor.not_one"):
        supervisor(desk, "zhoumin", PASSWORD)
    with pytest.raises(Problem, match="signin.wrong"):
        supervisor(desk, "lufangfang", "tongban")
    found = supervisor(desk, "lufangfang", PASSWORD)
    assert (found.clerk.id, found.offline) == ("lufangfang", False) and Role.SUPERVISOR in found.clerk.roles
    cut(desk)
    assert supervisor(desk, "lufangfang", PASSWORD).offline
    with pytest.raises(Problem, match="signin.wrong"):
        supervisor(desk, "lufangfang", "tongban")
    with pytest.raises(Problem, match="supervisor.not_one"):
        supervisor(desk, "zhoumin", PASSWORD)
