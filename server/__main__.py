"""``python -m server``: serve, check, code, stations, revoke, keys, recovery-key, load-demo, openapi, worker.

`serve` on SQLite needs no settings at all: it makes its folder, its keys and its tables, and says on standard output in
one line of JSON where it answers. A Problem goes to standard error as JSON, with exit code 1.
"""

from __future__ import annotations

import argparse
import http.client
import ipaddress
import json
import os
import signal
import socket
import ssl
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from contract.problem import Problem, Retry

CONNECTIONS = 8192  # that are open at a time, of one process: every station in a city keeps one between its rounds
FILES = 512  # descriptors for everything else
READY_WITHIN = 60.0
LETS_GO_WITHIN = 3.0  # seconds in which the processes of a server that was killed are gone


def main(arguments: list[str] | None = None) -> int:
    """Run a command; 0, or 1 after a Problem."""
    options = _parser().parse_args(arguments)
    os.umask(0o077)  # database, keys and blobs are nobody else's
    try:
        if options.folder:
            os.environ["TONGBAN_FOLDER"] = str(Path(options.folder).absolute())
        os.environ["DJANGO_SETTINGS_MODULE"] = "server.settings"
        return int(options.run(options) or 0)
    except Problem as problem:
        print(json.dumps(problem.to_wire(), ensure_ascii=False), file=sys.stderr)  # noqa: T201
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m server", description="The unified acceptance server")
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, run: Any, words: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=words)
        added.add_argument("--folder", help="where the server keeps its things (TONGBAN_FOLDER)")
        added.set_defaults(run=run)
        return added

    serve = command("serve", _serve, "answer until a signal")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8000, help="0: any free port")
    serve.add_argument("--demo", type=Path, metavar="DIR", help="load this hall first")
    serve.add_argument("--cert", type=Path, help="TLS certificate chain (PEM)")
    serve.add_argument("--key", type=Path, help="TLS private key (PEM)")
    serve.add_argument("--workers", type=int, default=1, help="processes (PostgreSQL only)")
    serve.add_argument("--with-parent", action="store_true", help="end when standard input ends")
    command("check", _check, "look whether everything is in place")
    code = command("code", _code, "make a one-time enrolment code for a window")
    code.add_argument("--node", required=True)
    code.add_argument("--window", required=True, help="what the window is called: 3 号窗口")
    code.add_argument("--replaces", default="", metavar="ID", help="the station that is shut out when this one joins")
    command("stations", _stations, "who has joined: node, window, last seen, numbers given, used and retired")
    revoke = command("revoke", _revoke, "shut out a lost station, or end a person's account")
    whom = revoke.add_mutually_exclusive_group(required=True)
    whom.add_argument("--station", metavar="ID")
    whom.add_argument("--clerk", metavar="ID")
    demo = command("load-demo", _load_demo, "load a hall from a folder of JSON files")
    demo.add_argument("dir", type=Path)
    command("keys", _keys, "make the key file where there is none (a city does it once and copies it)")
    recovery = command(
        "recovery-key", _recovery_key, "make the city's recovery key; its private half leaves this machine"
    )
    recovery.add_argument("--out", type=Path, required=True, metavar="FILE", help="where the private half goes")
    command("openapi", _openapi, "print the API's description (docs/openapi.json)")
    command("worker", _worker, "run the sweeps (PostgreSQL only)")
    return parser


# --- commands ---------------------------------------------------------------------------------------------------------


def _serve(options: argparse.Namespace) -> int:
    tls = bool(options.cert and options.key)
    if not _is_loopback(options.host) and not tls:
        raise Problem("server.tls_needed", Retry.AFTER_FIX, host=options.host)
    if not _is_loopback(options.host) and not os.environ.get("TONGBAN_PUBLIC_URL"):
        raise Problem("server.public_url_needed", Retry.AFTER_FIX)
    held = _hold_port(options.host, options.port)
    port = int(held.getsockname()[1])
    shown = f"[{options.host}]" if ":" in options.host else options.host
    url = f"{'https' if tls else 'http'}://{shown}:{port}"
    os.environ.setdefault("TONGBAN_PUBLIC_URL", url)
    sqlite = not os.environ.get("DATABASE_URL")
    if sqlite:
        os.environ["TONGBAN_JOBS"] = "threads"
        if options.workers != 1:
            raise Problem("server.one_process", Retry.AFTER_FIX)
    _prepare(make_keys_too=sqlite)
    if options.demo:
        from server.catalogue.demo import load_demo

        load_demo(options.demo)
    _load_all()  # once, before the workers are forked; and what is broken is heard of here
    _close_connections()  # no connection may be shared with them

    from granian.constants import Interfaces
    from granian.server import Server

    from server.turns import THREADS
    from server.wsgi import load

    # granian says where it listens on its own log; ours is JSON and says no more than is needed
    granian = Server(
        "server.wsgi:application",
        address=options.host,
        port=port,
        interface=Interfaces.WSGI,
        workers=options.workers,
        websockets=False,
        blocking_threads=THREADS,
        backpressure=_connections(),  # what granian calls requests are connections, the silent ones too
        backlog=2048,
        log_enabled=False,
        log_access=False,
        workers_kill_timeout=5,
        ssl_cert=options.cert,
        ssl_key=options.key,
    )
    late = threading.Event()
    announce = (url, options.host, port, tls, late)
    threading.Thread(target=_announce, args=announce, name="announce", daemon=True).start()
    if options.with_parent:
        threading.Thread(target=_end_with_parent, name="parent watch", daemon=True).start()
    granian.serve(target_loader=load)
    held.close()
    return int(late.is_set())


def _check(options: argparse.Namespace) -> int:
    """Settings, keys, tables, blob store; one line of JSON each, and what is to be mended."""
    import django

    django.setup()
    from server.checks import findings

    found = findings()
    for finding in found:
        print(json.dumps(finding, ensure_ascii=False))  # noqa: T201
    return 0 if all(finding["ok"] for finding in found) else 1


def _code(options: argparse.Namespace) -> None:
    _prepare(make_keys_too=not os.environ.get("DATABASE_URL"))
    from server.exchange.stations import make_code

    code = make_code(options.node, options.window, replaces=options.replaces)
    print(json.dumps({"code": code, "node": options.node, "window": options.window}, ensure_ascii=False))  # noqa: T201


def _stations(options: argparse.Namespace) -> None:
    """One line of JSON per station."""
    _prepare(make_keys_too=False)
    from server.exchange.numbers import pools
    from server.org.models import Station

    for station in Station.objects.order_by("node", "enrolled_at"):
        line = {
            "station": station.id,
            "node": station.node,
            "window": station.name,
            "enrolled_at": station.enrolled_at.isoformat(timespec="seconds"),
            "seen_at": station.seen_at.isoformat(timespec="seconds") if station.seen_at else None,
            "revoked_at": station.revoked_at.isoformat(timespec="seconds") if station.revoked_at else None,
            "numbers": [asdict(pool) for pool in pools(station)],
        }
        print(json.dumps(line, ensure_ascii=False))  # noqa: T201


def _revoke(options: argparse.Namespace) -> None:
    _prepare(make_keys_too=False)
    from server.exchange.stations import revoke_station
    from server.org.accounts import revoke_user
    from server.org.models import Station, User

    if options.station:
        station = Station.objects.filter(id=options.station).first()
        if station is None:
            raise Problem("station.unknown", Retry.AFTER_FIX)
        revoke_station(station)
    else:
        user = User.objects.filter(id=options.clerk).first()
        if user is None:
            raise Problem("clerk.unknown", Retry.AFTER_FIX)
        revoke_user(user)
    print(json.dumps({"revoked": options.station or options.clerk}))  # noqa: T201


def _load_demo(options: argparse.Namespace) -> None:
    _prepare(make_keys_too=not os.environ.get("DATABASE_URL"))
    from server.catalogue.demo import load_demo

    print(json.dumps(load_demo(options.dir)))  # noqa: T201


def _keys(options: argparse.Namespace) -> None:
    from django.conf import settings

    from server.keys import make_keys

    made = make_keys(settings.TONGBAN_KEY_FILE)
    print(json.dumps({"file": str(settings.TONGBAN_KEY_FILE), "made": made}))  # noqa: T201


def _recovery_key(options: argparse.Namespace) -> None:
    from server.keys import make_recovery_key

    public = make_recovery_key(options.out)
    print(json.dumps({"private": str(options.out), "TONGBAN_RECOVERY_KEY": public}))  # noqa: T201


def _openapi(options: argparse.Namespace) -> None:
    import django

    django.setup()
    from server.api import described

    print(described(), end="")  # noqa: T201


def _worker(options: argparse.Namespace) -> None:
    if not os.environ.get("DATABASE_URL"):
        raise Problem("server.worker_needs_postgres", Retry.AFTER_FIX)
    _prepare(make_keys_too=False)
    from server.jobs import run_worker

    run_worker()


# --- their parts ------------------------------------------------------------------------------------------------------


def _prepare(make_keys_too: bool) -> None:
    """Folder, keys, Django, tables, and a calendar where there is none."""
    import django
    from django.conf import settings

    settings.TONGBAN_FOLDER.mkdir(parents=True, exist_ok=True, mode=0o700)
    django.setup()
    from django.core.management import call_command
    from django.db import OperationalError

    from server.catalogue.calendar import get_calendar, published_calendar, set_calendar
    from server.keys import get_keys, make_keys

    if make_keys_too:
        make_keys(settings.TONGBAN_KEY_FILE)
    get_keys()
    try:
        call_command("migrate", verbosity=0, interactive=False)
    except OperationalError:
        raise Problem("server.database_away", Retry.AFTER_FIX) from None
    if not get_calendar().years:
        set_calendar(published_calendar(2025, 2030))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _hold_port(host: str, port: int) -> socket.socket:
    """A socket that keeps the port ours until the workers listen, and refuses a port that somebody has.

    One that was killed a moment ago, and that we stand in for, may still be about to let go.
    """
    end = time.monotonic() + LETS_GO_WITHIN
    while True:
        try:
            return _held(host, port)
        except OSError:
            if time.monotonic() > end:
                raise Problem("server.port_taken", Retry.AFTER_FIX, host=host, port=port) from None
            time.sleep(0.1)


def _held(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    if port:
        with socket.socket(family) as alone:
            if os.name != "nt":
                alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            alone.bind((host, port))
    held = socket.socket(family)
    if hasattr(socket, "SO_REUSEPORT"):
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    held.bind((host, port))
    if not hasattr(socket, "SO_REUSEPORT"):
        held.close()  # the system lets no two hold it: we know its number and hope
    return held


def _connections() -> int:
    """How many connections this process may hold, after asking the system for as many as it gives."""
    if os.name == "nt":
        return CONNECTIONS
    import resource

    least, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY or most > CONNECTIONS + FILES:
        most = CONNECTIONS + FILES
    if least < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    return max(min(CONNECTIONS, max(least, most) - FILES), 128)


def _announce(url: str, host: str, port: int, tls: bool, late: threading.Event) -> None:
    """Say on standard output where the server answers, as soon as it does."""
    end = time.monotonic() + READY_WITHIN
    pause = threading.Event()
    while time.monotonic() < end:
        if _answers(host, port, tls):
            print(json.dumps({"url": url, "ready": True}), flush=True)  # noqa: T201
            return
        pause.wait(0.05)
    late.set()
    problem = Problem("server.not_ready", Retry.AGAIN, url=url)
    print(json.dumps(problem.to_wire(), ensure_ascii=False), file=sys.stderr, flush=True)  # noqa: T201
    os.kill(os.getpid(), signal.SIGTERM)


def _answers(host: str, port: int, tls: bool) -> bool:
    line: http.client.HTTPConnection
    if tls:
        context = ssl.create_default_context()
        context.check_hostname = False  # it is ourselves that we ask
        context.verify_mode = ssl.CERT_NONE
        line = http.client.HTTPSConnection(host, port, timeout=5, context=context)
    else:
        line = http.client.HTTPConnection(host, port, timeout=5)
    try:
        line.request("GET", "/api/v1/health")
        return line.getresponse().status == 200
    except OSError:
        return False
    finally:
        line.close()


def _end_with_parent() -> None:
    # not through sys.stdin, whose lock a worker forked meanwhile would wait for for ever
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _load_all() -> None:
    from django.urls import get_resolver

    assert get_resolver().url_patterns


def _close_connections() -> None:
    from django.db import connections

    connections.close_all()
    for connection in connections.all():
        if connection.vendor == "postgresql":
            connection.close_pool()  # type: ignore[attr-defined]


if __name__ == "__main__":
    sys.exit(main())
