"""Every kind of device in a worker of its own: what goes wrong there stays there, and nothing of it is left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.config import DeviceChoice
from app.devices_here import DevicesHere
from contract.problem import Problem
from devices.catalogue import KINDS, open_host
from devices.host import Host
from devices.scanner import ScanProfile, ScanSource

HERE = Path(__file__).parent
PROC = Path("/proc")

pytestmark = pytest.mark.skipif(not PROC.is_dir(), reason="looks at processes and files through /proc")


@pytest.fixture(autouse=True)
def _odd_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(HERE / "odd_drivers"))


def held() -> dict[str, object]:
    """What this process holds and what stands under it: threads, files and ports, children, temporary files."""
    files = sorted(
        target
        for fd in (PROC / "self/fd").iterdir()
        if not (target := _link(fd)).startswith(("anon_inode:", f"/proc/{os.getpid()}"))
    )
    return {
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "files": files,
        "children": sorted(_children()),
        "temporary": sorted(Path(tempfile.gettempdir()).iterdir()),
    }


def _link(fd: Path) -> str:
    try:
        return str(fd.readlink())
    except OSError:
        return "/proc/" + str(os.getpid())  # the one by which we were looking


def _children() -> Iterator[int]:
    for stat in PROC.glob("[0-9]*/stat"):
        try:
            parent = stat.read_text(errors="replace").rpartition(")")[2].split()[1]
        except OSError:
            continue
        if int(parent) == os.getpid():
            yield int(stat.parent.name)  # a zombie too: somebody did not wait for it


def misuse(host: Host, turn: int) -> None:
    """Start the odd driver and lose it in another way at each turn."""
    assert host.ask("count", patience=30) == 1
    assert host.pid is not None
    match turn % 6:
        case 0:
            os.kill(host.pid, signal.SIGKILL)
            with pytest.raises(Problem, match=r"device\.crashed"):
                host.ask("count")
        case 1:
            os.kill(host.pid, signal.SIGSTOP)
            with pytest.raises(Problem, match=r"device\.silent"):
                host.ask("count", patience=0.05)
        case 2:
            with pytest.raises(Problem, match=r"device\.silent"):
                host.ask("busy_in_library", patience=0.05)
        case 3:
            stream = host.stream("pages", sizes=[100_000] * 50)
            next(stream)
            os.kill(host.pid, signal.SIGKILL)
            stream.close()
            host.fresh()
        case 4:
            with pytest.raises(Problem, match=r"device\.crashed"):
                host.ask("leave", status=3)
        case _:
            host.ask("start_program")
            host.fresh()


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("cycles", [30, pytest.param(500, marks=pytest.mark.slow)])
def test_starting_and_losing_a_worker_leaves_nothing(cycles: int) -> None:
    before = held()
    for turn in range(cycles):
        with Host("idcard/odd", patience=30) as host:
            misuse(host, turn)
    assert held() == before


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_works_on_after_its_worker_was_killed_and_stopped(kind: str) -> None:
    """The call under way ends with a Problem, the next one is answered by a fresh process."""
    do = "capabilities" if kind == "scanner" else "status"
    with open_host(f"{kind}/simulated", {}, 30) as host:
        first = host.ask(do)
        for signal_, code, patience in ((signal.SIGKILL, "device.crashed", 30), (signal.SIGSTOP, "device.silent", 0.5)):
            pid = host.pid
            assert pid is not None
            os.kill(pid, signal_)
            with pytest.raises(Problem) as raised:
                host.ask(do, patience=patience)
            assert raised.value.code == code
            assert host.ask(do) == first
            assert host.pid != pid


def test_drivers_do_not_share_a_worker(tmp_path: Path) -> None:
    """A scanner that hangs keeps neither the card reader nor the printer from working."""
    chosen = {
        "idcard": DeviceChoice(driver="idcard/simulated"),
        "scanner": DeviceChoice(driver="scanner/simulated", options={"behave": "hang_after_2"}),
        "receipt": DeviceChoice(driver="printer/file", options={"folder": str(tmp_path)}),
        "a4": DeviceChoice(driver="printer/file", options={"folder": str(tmp_path)}),
        "codes": DeviceChoice(driver="codes/simulated"),
    }
    devices = DevicesHere(chosen)
    try:
        batch = devices.scanner().scan(ScanProfile(dpi=50))
        assert [next(batch)[0].n, next(batch)[0].n] == [1, 2]
        # Page 3 never comes; everything else of the desk answers meanwhile.
        with pytest.raises(Problem) as raised:
            devices.scanner().capabilities()
        assert raised.value.code == "device.busy"
        words = {line.role: line.word for line in devices.states() if line.role in chosen}
        assert words == dict.fromkeys(chosen, "ok") | {"scanner": "busy"}
        pids = [host.pid for host in devices._hosts.values()]
        assert None not in pids and len(set(pids)) == len(chosen)
        batch.close()
    finally:
        devices.close()


@pytest.mark.parametrize("losing", [signal.SIGKILL, signal.SIGSTOP])
def test_a_lost_scanner_keeps_its_pages_and_goes_on_with_the_next(losing: signal.Signals) -> None:
    with Host("scanner/simulated", {"pages": 12}, patience=30) as host:  # more than wait between it and us
        source = ScanSource(host, patience=6)
        batch = source.scan(ScanProfile(dpi=50))
        got = [next(batch)[0].n, next(batch)[0].n]
        assert host.pid is not None
        os.kill(host.pid, losing)
        with pytest.raises(Problem) as raised:
            got += [page.n for page, _ in batch]
        assert raised.value.code == ("scanner.crashed" if losing is signal.SIGKILL else "scanner.stalled")
        assert int(raised.value.facts["following"]) == len(got) + 1
        again = source.scan(ScanProfile(dpi=50), first=len(got) + 1)
        assert next(again)[0].n == len(got) + 1
        again.close()


def test_a_device_on_a_port_lets_go_of_it(free_port: int) -> None:
    """A printer's connection ends with its worker, also in the middle of a question that nobody answers."""
    options = {"host": "127.0.0.1", "port": str(free_port), "answer": "30"}
    with (
        socket.create_server(("127.0.0.1", free_port)) as printer,
        open_host("printer/escpos_tcp", options, 60) as host,
    ):
        printer.settimeout(60)
        asking = threading.Thread(target=_unheard, args=(host,))
        asking.start()
        with printer.accept()[0] as line:
            line.settimeout(60)
            assert line.recv(1)
            host.close()
            asking.join()
            with contextlib.suppress(ConnectionResetError):
                while line.recv(4096):
                    pass


def _unheard(host: Host) -> None:
    with pytest.raises(Problem) as raised:
        host.ask("status")
    assert raised.value.code in ("device.closed", "device.crashed")
