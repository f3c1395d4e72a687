"""The bad line is itself tested: it passes what it should and cuts where it was told."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator

import pytest

from tests.fakes.cutting import WHOLE, CuttingProxy, Fault


class Brought:
    """How many bytes each connection brought, once it has ended."""

    def __init__(self) -> None:
        self._counts: list[int] = []
        self._changed = threading.Condition()

    def add(self, count: int) -> None:
        with self._changed:
            self._counts.append(count)
            self._changed.notify_all()

    def first(self) -> int:
        with self._changed:
            assert self._changed.wait_for(lambda: self._counts, 5)
            return self._counts[0]


@pytest.fixture
def echo() -> Iterator[tuple[int, Brought]]:
    """A server that echoes: its port, and what each connection brought."""
    brought = Brought()

    class Echo(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            count = 0
            try:
                while data := self.request.recv(65536):
                    count += len(data)
                    self.request.sendall(data)
            except OSError:
                pass
            brought.add(count)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server.server_address[1], brought
        server.shutdown()
        thread.join()


def talk(port: int, data: bytes) -> bytes:
    """What comes back."""
    back = b""
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as line:
            line.sendall(data)
            line.shutdown(socket.SHUT_WR)
            while piece := line.recv(65536):
                back += piece
    except OSError:
        pass
    return back


def test_a_whole_line_passes_everything(echo: tuple[int, Brought]) -> None:
    with CuttingProxy(echo[0], lambda: WHOLE) as proxy:
        assert talk(proxy.port, b"x" * 200_000) == b"x" * 200_000
        assert (proxy.cuts, proxy.connections) == (0, 1)


@pytest.mark.parametrize("fault", [Fault(up=1000), Fault(down=1000), Fault(down=0), Fault(refused=True)])
def test_it_cuts_where_it_was_told(echo: tuple[int, Brought], fault: Fault) -> None:
    with CuttingProxy(echo[0], lambda: fault) as proxy:
        back = talk(proxy.port, b"x" * 200_000)
        assert proxy.cuts == 1
    limit = fault.down if fault.down is not None else fault.up or 0
    assert len(back) <= limit
    if fault.up:
        assert echo[1].first() == fault.up
    if fault.down == 0:
        assert echo[1].first() > 0  # the ask was heard, its reply was lost


def test_the_plan_is_asked_for_each_connection(echo: tuple[int, Brought]) -> None:
    plan = iter([Fault(refused=True), WHOLE])
    with CuttingProxy(echo[0], lambda: next(plan)) as proxy:
        assert talk(proxy.port, b"abc") == b""
        assert talk(proxy.port, b"abc") == b"abc"


def test_nobody_there_is_no_connection(free_port: int) -> None:
    with CuttingProxy(free_port) as proxy:
        assert talk(proxy.port, b"abc") == b""
