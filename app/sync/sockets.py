"""The connections under the line: a dead one is noticed, and on a bad line little is lost with a cut."""

from __future__ import annotations

import socket
import sys
from functools import cache
from typing import Any

from requests.adapters import HTTPAdapter

UNACKNOWLEDGED = 30.0  # seconds after which sent bytes that nobody took end a connection, where the system can do that
UNDER_WAY = 24 << 10  # bytes given to the system and not acknowledged, on a connection `apart`: what a cut may lose
AGAIN_WITHIN = 2.0  # seconds after which lost bytes go again on a connection `apart`, however often they were lost
TCP_RTO_MAX_MS = 44  # linux/tcp.h, since Linux 6.15

Option = tuple[int, int, int | bytes]  # of a socket: level, name, value


class Sockets(HTTPAdapter):
    """Connections on which a dead line is noticed, where the system can do that.

    With `under_way` they are for a bad line: no more bytes than that are in the system's hands, which is what may have
    to go again after a cut; and the kernel is asked for what helps on such a line, as far as it has it and lets us.
    """

    def __init__(self, under_way: int = 0) -> None:
        self._under_way = under_way
        super().__init__()

    def init_poolmanager(self, *args: Any, **named: Any) -> None:
        options: list[Option] = [
            (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
            (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        ]
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            options.append((socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(UNACKNOWLEDGED * 1000)))
        if self._under_way:
            # Linux takes twice the figure, for its own bookkeeping too: so it is a bound on the bytes
            doubled = sys.platform == "linux"
            options.append((socket.SOL_SOCKET, socket.SO_SNDBUF, self._under_way // (2 if doubled else 1)))
            options += [option for option in _for_a_bad_line() if _is_allowed(option)]
        super().init_poolmanager(*args, socket_options=options, **named)


def _for_a_bad_line() -> list[Option]:
    """Send by what arrives and not by what is lost; and what is lost time and again, send again soon all the same."""
    if sys.platform != "linux":
        return []
    return [
        (socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"bbr"),
        (socket.IPPROTO_TCP, TCP_RTO_MAX_MS, int(AGAIN_WITHIN * 1000)),
    ]


@cache
def _is_allowed(option: Option) -> bool:
    """Whether this kernel knows the option, and lets us have it."""
    with socket.socket() as trial:
        try:
            trial.setsockopt(*option)
        except OSError:
            return False
    return True
