"""What every test stands on: outside programs named aloud, a home of its own, and nothing left behind.

A test says with ``@pytest.mark.needs("program")`` what it wants from outside Python. Where that is missing the test
is skipped, counted and named at the end of the run; ``--nothing-skipped`` (CI) makes any skip a failure.
"""

from __future__ import annotations

import ctypes
import functools
import gc
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no finding: how long an example takes is never one.
settings.register_profile("busy", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

# Before anything can import Qt: no test may open a window on somebody's screen.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

RUN_MARK = "TONGBAN_TEST_RUN"
"""Environment variable that every process started by a test inherits, by which a stray grandchild is recognised."""

PATIENCE = 6.0
"""Seconds that threads and processes of a finished test get for going away."""

SKIP_WORDS = "needs "

PEERS = Path(__file__).resolve().parent / "peers"
"""Foreign JavaScript programs that we are held against; `./run test` installs them from their lock file."""


# --- options, markers -------------------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("tongban")
    group.addoption("--slow", action="store_true", help="run the tests marked slow too")
    group.addoption("--hardware", action="store_true", help="run the tests that need the real device too")
    group.addoption("--nothing-skipped", action="store_true", help="a skipped test fails the run (CI)")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is asked for by name only. Deselected is not skipped: nothing is hidden by it."""
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        slow = item.get_closest_marker("slow") is not None and not config.getoption("--slow")
        hardware = item.get_closest_marker("hardware") is not None and not config.getoption("--hardware")
        (left_out if slow or hardware else kept).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


def pytest_runtest_setup(item: pytest.Item) -> None:
    missing = [name for marker in item.iter_markers("needs") for name in map(str, marker.args) if not _is_here(name)]
    if missing:
        pytest.skip(SKIP_WORDS + ", ".join(sorted(set(missing))))


@functools.cache
def _is_here(name: str) -> bool:
    """Whether a program, a library (``lib:libsane.so.1``), a font (``font:LXGW WenKai``), a file (``file:/usr/lib/…``)
    or a JavaScript package of tests/peers (``node:tus-js-client``) is installed."""
    kind, _, rest = name.partition(":")
    if kind == "file":
        return Path(rest).exists()
    if kind == "node":
        return find_program("node") is not None and (PEERS / "node_modules" / rest / "package.json").exists()
    if kind == "lib":
        try:
            ctypes.CDLL(rest)
        except OSError:
            return False
        return True
    if kind == "font":
        lister = find_program("fc-list")
        if lister is None:
            return False
        answer = subprocess.run([lister, f":family={rest}", "family"], capture_output=True, text=True, check=False)
        return bool(answer.stdout.strip())
    return find_program(name) is not None


def find_program(name: str) -> str | None:
    """Where a program is: PATH, the system folders that a plain user's PATH leaves out, PostgreSQL's own folder."""
    newest_first = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    places = [os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin", *map(str, newest_first)]
    return shutil.which(name, path=os.pathsep.join(places))


def _version(postgres_bin: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in postgres_bin.parent.name.split(".") if part.isdigit())


# --- skips are said aloud ---------------------------------------------------------------------------------------------


def _skips(config: pytest.Config) -> list[tuple[str, str]]:
    """(test, reason) of everything skipped in this run, for whatever cause."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    found = []
    for report in terminal.stats.get("skipped", []) if terminal else []:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        found.append((report.nodeid, reason.removeprefix("Skipped: ")))
    return found


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    may_fail = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
    if may_fail and session.config.getoption("--nothing-skipped") and _skips(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    skips = _skips(config)
    if not skips:
        return
    programs: Counter[str] = Counter()
    for _, reason in skips:
        if reason.startswith(SKIP_WORDS):
            programs.update(reason.removeprefix(SKIP_WORDS).split(", "))
    if programs:
        counted = ", ".join(f"{name} ({count})" for name, count in sorted(programs.items()))
        terminalreporter.write_line(f"SKIPPED because programs are missing: {counted}", yellow=True, bold=True)
    others = [(test, reason) for test, reason in skips if not reason.startswith(SKIP_WORDS)]
    for test, reason in others:
        terminalreporter.write_line(f"SKIPPED: {test}: {reason}", yellow=True, bold=True)
    if config.getoption("--nothing-skipped"):
        terminalreporter.section("nothing may be skipped (--nothing-skipped)", red=True, bold=True)
        for test, reason in skips:
            terminalreporter.write_line(f"{test}: {reason}", red=True)


# --- a home of its own, nothing left behind ---------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A fresh home with XDG folders and a temporary folder, so that no test reads or writes the real ones.

    What is still in the temporary folder when the test ends is a fault: papers and pages must not lie about.
    """
    place = tmp_path_factory.mktemp("home")
    temporary = place / "tmp"
    for variable, name in {
        "XDG_CONFIG_HOME": ".config",
        "XDG_DATA_HOME": ".local/share",
        "XDG_STATE_HOME": ".local/state",
        "XDG_CACHE_HOME": ".cache",
        "XDG_RUNTIME_DIR": "run",
    }.items():
        (place / name).mkdir(mode=0o700, parents=True)
        monkeypatch.setenv(variable, str(place / name))
    temporary.mkdir()
    monkeypatch.setenv("HOME", str(place))
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield place
    left = sorted(str(path.relative_to(temporary)) for path in temporary.rglob("*") if not path.is_dir())
    if left:
        pytest.fail(f"left in the temporary folder: {', '.join(left[:10])}")


@pytest.fixture(autouse=True)
def _nothing_left_behind(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test that leaves a thread, a process, a running timer or a window behind; then clear it away."""
    mark = f"{os.getpid()}-{secrets.token_hex(8)}"
    monkeypatch.setenv(RUN_MARK, mark)
    threads = set(threading.enumerate())
    processes = _process_ids()
    uses_qt = _uses_qt(request)
    timers = _running_timers() if uses_qt else {}
    windows = _windows() if uses_qt else {}
    if uses_qt:
        # A collection in a worker thread would destroy QObjects there; the product does the same in ui/collector.py.
        gc.disable()
    yield
    faults = []
    if uses_qt:
        _finish_deferred_deletes()
        gc.collect()
        gc.enable()
        faults += [f"window {name}" for key, name in _windows().items() if key not in windows]
        faults += [f"running timer {name}" for key, name in _running_timers().items() if key not in timers]
    _wait_until(lambda: not _new_threads(threads))
    faults += [f"thread {thread.name}" for thread in _new_threads(threads)]
    _wait_until(lambda: not _new_processes(processes, mark))
    for pid, command in _new_processes(processes, mark).items():
        faults.append(f"process {pid} {command}")
        _kill(pid)
    if faults:
        pytest.fail(f"left behind: {'; '.join(faults)}")


def _wait_until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    pause = threading.Event()
    while not done() and time.monotonic() < end:
        pause.wait(0.02)


def _new_threads(before: set[threading.Thread]) -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t not in before and t.is_alive() and not t.daemon]


def _process_ids() -> set[int]:
    proc = Path("/proc")
    return {int(entry.name) for entry in proc.iterdir() if entry.name.isdigit()} if proc.is_dir() else set()


def _new_processes(before: set[int], mark: str) -> dict[int, str]:
    """Living processes started since ``before`` that are our children or carry this test's mark, with their command.

    Zombies are not counted: whoever started them may still ask for their end, and they hold nothing.
    """
    found = {}
    for pid in _process_ids() - before:
        folder = Path("/proc") / str(pid)
        try:
            # pid (command, which may hold anything) state parent …
            state, parent = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[:2]
            marked = f"{RUN_MARK}={mark}".encode() in (folder / "environ").read_bytes().split(b"\0")
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except (OSError, ValueError):
            continue
        # multiprocessing keeps one tracker for the life of the interpreter.
        if state != "Z" and (marked or int(parent) == os.getpid()) and "resource_tracker" not in command:
            found[pid] = command[:120]
    return found


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    except (ProcessLookupError, ChildProcessError):
        pass


def _uses_qt(request: pytest.FixtureRequest) -> bool:
    return bool({"qapp", "qtbot"} & set(request.fixturenames)) or (
        "PySide6.QtWidgets" in sys.modules and bool({"ui", "journeys"} & set(Path(request.path).parts))
    )


def _windows() -> dict[int, str]:
    if "PySide6.QtWidgets" not in sys.modules:
        return {}
    from PySide6.QtWidgets import QApplication

    if QApplication.instance() is None:
        return {}
    return {id(w): f"{type(w).__name__} {w.windowTitle()!r}" for w in QApplication.topLevelWidgets() if w.isVisible()}


def _running_timers() -> dict[int, str]:
    if "PySide6.QtCore" not in sys.modules:
        return {}
    from PySide6.QtCore import QTimer
    from shiboken6 import isValid

    # A timer without a parent is known to nobody but Python's collector. By its type: to ask one of Django's lazy
    # objects what it is instance of would have it look into the database.
    found = [thing for thing in gc.get_objects() if issubclass(type(thing), QTimer)]
    timers = [timer for timer in found if isValid(timer) and timer.isActive()]
    return {id(timer): f"{type(timer).__name__} every {timer.interval()} ms" for timer in timers}


def _finish_deferred_deletes() -> None:
    if "PySide6.QtCore" not in sys.modules:
        return
    from PySide6.QtCore import QCoreApplication, QEvent

    if QCoreApplication.instance() is not None:
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


# --- places -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """URL of a private PostgreSQL, made for this run and thrown away with it: ``postgresql://tongban:…@127.0.0.1:…``.

    Mark the test ``@pytest.mark.needs("postgres")``. The role may create databases. The cluster runs as Debian's
    user ``postgres`` where the tests run as root, because PostgreSQL refuses root.
    """
    initdb, server = find_program("initdb"), find_program("postgres")
    if initdb is None or server is None:
        pytest.skip(SKIP_WORDS + "postgres")
    account: dict[str, Any] = {}
    if os.geteuid() == 0:
        import pwd  # Windows has none

        entry = pwd.getpwnam("postgres")
        account = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    password = secrets.token_urlsafe(16)
    # Not under pytest's own folder, which only the user running the tests may enter.
    folder = Path(tempfile.mkdtemp(prefix="tongban-pg-", dir="/tmp"))
    try:
        secret, data, log = folder / "password", folder / "data", folder / "log"
        secret.write_text(password)
        log.touch()
        if account:
            for path in (folder, secret, log):
                os.chown(path, account["user"], account["group"])
        run = functools.partial(subprocess.run, cwd=folder, check=True, capture_output=True, text=True, **account)
        cluster = ["--pgdata", data, "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"]
        run([initdb, *cluster, "--username", "tongban", "--pwfile", secret, "--auth", "scram-sha-256"])
        settings = {
            "port": port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": folder,
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "max_connections": 60,
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with log.open("a") as output:
            process = subprocess.Popen(
                [server, "-D", data, *options], cwd=folder, stdout=output, stderr=output, **account
            )
        try:
            _wait_for_postgres(process, port, log)
            login = ["--host", "127.0.0.1", "--port", str(port), "--username", "tongban", "--no-password"]
            run([find_program("createdb") or "createdb", *login, "tongban"], env={**os.environ, "PGPASSWORD": password})
            yield f"postgresql://tongban:{password}@127.0.0.1:{port}/tongban"
        finally:
            process.send_signal(signal.SIGINT)  # "fast": ends the sessions that tests left open
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for_postgres(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    pause = threading.Event()
    ready = [find_program("pg_isready") or "pg_isready", "--quiet", "--host", "127.0.0.1", "--port", str(port)]
    end = time.monotonic() + 60
    while subprocess.run(ready, check=False).returncode != 0:
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"PostgreSQL did not start: {log.read_text()}")
        pause.wait(0.05)
