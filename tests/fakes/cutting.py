"""A bad line: a TCP proxy that cuts connections where it is told to. No loss of packets, only of connections."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass

READ = 4096


@dataclass(frozen=True)
class Fault:
    """What happens to one connection.

    Attributes:
        up: Cut after so many bytes from the client have reached the server; None: never.
        down: Cut after so many bytes of the server have reached the client; 0 loses the reply; None: never.
        delay: Seconds that each piece takes either way.
        rate: Bytes a second either way; 0 is no bound.
        silent: Seconds for which nothing more is passed on before the cut: the other end only notices by waiting.
        refused: Not even a connection.
    """

    up: int | None = None
    down: int | None = None
    delay: float = 0.0
    rate: int = 0
    silent: float = 0.0
    refused: bool = False


WHOLE = Fault()
Plan = Callable[[], Fault]


class CuttingProxy:
    """Listens on 127.0.0.1 and forwards to another port there. Ends with `close`, or with its ``with`` block."""

    def __init__(self, port: int, plan: Plan = lambda: WHOLE) -> None:
        """Begin to listen.

        Args:
            port: Where to forward to; may be changed at any time.
            plan: Asked for each new connection.
        """
        self.target = port
        self.plan = plan
        self.cuts = 0
        self.connections = 0
        self.passed_up = 0  # bytes that went on to the server
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._open: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name="cutting proxy")
        self.port = 0
        self._thread.start()
        self._started.wait()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        self._loop.close()

    async def _listen(self) -> None:
        self._ended = asyncio.Event()
        server = await asyncio.start_server(self._accepted, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        async with server:
            await self._ended.wait()
            for task in list(self._open):
                task.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)

    def close(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._ended.set)
            self._thread.join()

    def __enter__(self) -> CuttingProxy:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        self.connections += 1
        far: asyncio.StreamWriter | None = None
        try:
            fault = self.plan()
            if fault.refused:
                self.cuts += 1
                return
            far_reader, far = await asyncio.open_connection("127.0.0.1", self.target)
            up = asyncio.create_task(self._pump(reader, far, fault.up, fault, upwards=True))
            down = asyncio.create_task(self._pump(far_reader, writer, fault.down, fault))
            try:
                await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
                if not up.done() or not down.done():
                    # one side has said its last word; what the other was still saying goes through
                    await asyncio.wait({up, down}, timeout=0.05)
            finally:
                for pump in (up, down):
                    pump.cancel()
                await asyncio.gather(up, down, return_exceptions=True)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            if far is not None:
                far.close()
                with contextlib.suppress(OSError):
                    await far.wait_closed()
            _reset(writer)
            self._open.discard(task)

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        limit: int | None,
        fault: Fault,
        *,
        upwards: bool = False,
    ) -> None:
        """Pass bytes on until the end, or until the limit."""
        passed = 0
        while True:
            data = await reader.read(READ)
            if not data:
                return
            if pause := fault.delay + (len(data) / fault.rate if fault.rate else 0.0):
                await asyncio.sleep(pause)
            ends = limit is not None and passed + len(data) > limit
            if limit is not None and ends:
                data = data[: limit - passed]
            writer.write(data)
            await writer.drain()
            passed += len(data)
            self.passed_up += len(data) if upwards else 0
            if ends:
                self.cuts += 1
                await asyncio.sleep(fault.silent)
                return


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with a reset where something is still under way, as a line does that breaks."""
    plain = writer.get_extra_info("socket")
    if plain is not None:
        with contextlib.suppress(OSError):
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
