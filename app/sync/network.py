"""Says when this machine's network changed: a cable, an address, a route. Whether the server is there is another
question, which only asking it answers; but nobody should wait a minute for the answer after the cable is back.

Linux tells by rtnetlink (rtnetlink(7)), Windows by NotifyAddrChange; anywhere else nobody tells and the courier comes
back by its own pace. A library that speaks all of netlink (pyroute2) would be far more than the few messages read here.
"""

from __future__ import annotations

import ctypes
import errno
import logging
import select
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from app.store.faults import traced

LOG = logging.getLogger(__name__)
QUIET = 0.3  # seconds without another message: link, address and route of one cable come one after another
AT_MOST = 2.0  # seconds after which a network that never is quiet is told of all the same

Told = Callable[[], None]


class Watch(Protocol):
    """What `watch_network` began."""

    def close(self) -> None:
        """End it; nothing is told afterwards."""
        ...


def watch_network(changed: Told) -> Watch | None:
    """Have `changed` called, on a thread of its own, after each change of the network, once for a burst of them.

    None where this system does not tell.
    """
    try:
        if sys.platform == "linux":
            return _Netlink(changed)
        if sys.platform == "win32":
            return _AddressChanges(changed)
    except OSError as fault:  # a sandbox may forbid it; the pace alone is slower, not wrong
        LOG.warning("changes of the network are not heard of: %s", traced(fault))
    return None


# --- Linux ------------------------------------------------------------------------------------------------------------

GROUPS = 0x1 | 0x10 | 0x40 | 0x100  # RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV4_ROUTE, RTMGRP_IPV6_IFADDR
HEADER = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, sender
LINK = struct.Struct("=BxHiII")  # ifinfomsg: family, kind, index, flags, which of them changed
ADDRESS = struct.Struct("=BBBBi")  # ifaddrmsg: family, prefix, flags, scope, index
ATTRIBUTE = struct.Struct("=HH")  # rtattr: length, type
NEW_LINK, DEL_LINK, NEW_ADDRESS, DEL_ADDRESS, NEW_ROUTE, DEL_ROUTE = 16, 17, 20, 21, 24, 25
WORKS = 0x1 | 0x40 | 0x10000  # IFF_UP, IFF_RUNNING, IFF_LOWER_UP
IFA_ADDRESS, IFA_LOCAL = 1, 2


class _Netlink:
    """Listens to the kernel. Much that it says is no change: radio statistics, a lease that was made longer."""

    def __init__(self, changed: Told) -> None:
        self._changed = changed
        self._known: dict[Any, int] = {}
        self._kernel = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
        try:
            self._kernel.bind((0, GROUPS))
        except OSError:
            self._kernel.close()
            raise
        self._ours, self._stop = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="network watch")
        self._thread.start()

    def close(self) -> None:
        self._stop.close()
        self._thread.join()
        self._ours.close()
        self._kernel.close()

    def _run(self) -> None:
        while (ready := self._wait(None)) is not None:
            is_change, end = ready and self._read(), time.monotonic() + AT_MOST
            while (ready := self._wait(max(min(QUIET, end - time.monotonic()), 0.0))) and time.monotonic() < end:
                is_change = self._read() or is_change
            if ready is None:
                return
            if is_change:
                self._changed()

    def _wait(self, seconds: float | None) -> bool | None:
        """Whether the kernel said something; None once this is to end."""
        ready, _, _ = select.select((self._kernel, self._ours), (), (), seconds)
        return None if self._ours in ready else self._kernel in ready

    def _read(self) -> bool:
        try:
            data, (sender, _) = self._kernel.recvfrom(1 << 16)
        except OSError as error:
            return error.errno == errno.ENOBUFS  # more happened than it could keep for us
        if sender != 0:
            return False  # not the kernel
        return sum(self._is_news(kind, body) for kind, body in _messages(data)) > 0  # each is to be remembered

    def _is_news(self, kind: int, body: bytes) -> bool:
        match kind:
            case _ if kind in (NEW_ROUTE, DEL_ROUTE):
                return True
            case _ if kind in (NEW_LINK, DEL_LINK) and len(body) >= LINK.size:
                _, _, index, flags, _ = LINK.unpack_from(body)
                return self._differs(index, flags & WORKS if kind == NEW_LINK else 0)
            case _ if kind in (NEW_ADDRESS, DEL_ADDRESS) and len(body) >= ADDRESS.size:
                family, prefix, _, _, index = ADDRESS.unpack_from(body)
                named = dict(_attributes(body[ADDRESS.size :]))
                address = named.get(IFA_LOCAL, named.get(IFA_ADDRESS, b""))
                return self._differs((family, prefix, index, address), int(kind == NEW_ADDRESS))
        return False

    def _differs(self, what: Any, now: int) -> bool:
        before = self._known.get(what)
        self._known[what] = now
        return before != now


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + HEADER.size <= len(data):
        length, kind, _, _, _ = HEADER.unpack_from(data, at)
        if length < HEADER.size:
            return
        yield kind, data[at + HEADER.size : at + length]
        at += (length + 3) & ~3


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + ATTRIBUTE.size <= len(data):
        length, kind = ATTRIBUTE.unpack_from(data, at)
        if length < ATTRIBUTE.size:
            return
        yield kind, data[at + ATTRIBUTE.size : at + length]
        at += (length + 3) & ~3


# --- Windows ----------------------------------------------------------------------------------------------------------

WAIT_OBJECT_0, FOREVER, ERROR_IO_PENDING = 0, 0xFFFFFFFF, 997


class _Overlapped(ctypes.Structure):
    """OVERLAPPED of minwinbase.h."""

    _fields_ = (
        ("internal", ctypes.c_void_p),
        ("internal_high", ctypes.c_void_p),
        ("offset", ctypes.c_uint64),
        ("event", ctypes.c_void_p),
    )


class _AddressChanges:
    """Waits for NotifyAddrChange (iphlpapi.h), which tells of IPv4 addresses coming and going.

    Written after its documentation and never run on Windows: grade bronze.
    """

    def __init__(self, changed: Told) -> None:
        library: Any = getattr(ctypes, "WinDLL", ctypes.CDLL)
        self._api, self._kernel = library("iphlpapi"), library("kernel32")
        self._kernel.CreateEventW.restype = ctypes.c_void_p
        self._kernel.CreateEventW.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_wchar_p)
        for name in ("SetEvent", "CloseHandle"):
            getattr(self._kernel, name).argtypes = (ctypes.c_void_p,)
        self._kernel.WaitForMultipleObjects.argtypes = (
            ctypes.c_uint32, ctypes.c_void_p, ctypes.c_int, ctypes.c_uint32,
        )  # fmt: skip
        self._kernel.WaitForMultipleObjects.restype = ctypes.c_uint32
        self._changed = changed
        self._event = self._kernel.CreateEventW(None, False, False, None)
        self._stop = self._kernel.CreateEventW(None, True, False, None)
        if not self._event or not self._stop:
            raise OSError("CreateEvent")
        self._thread = threading.Thread(target=self._run, name="network watch")
        self._thread.start()

    def close(self) -> None:
        self._kernel.SetEvent(self._stop)
        self._thread.join()
        for handle in (self._event, self._stop):
            self._kernel.CloseHandle(handle)

    def _run(self) -> None:
        ask, handle = _Overlapped(event=self._event), ctypes.c_void_p()
        both = (ctypes.c_void_p * 2)(self._event, self._stop)
        while self._api.NotifyAddrChange(ctypes.byref(handle), ctypes.byref(ask)) == ERROR_IO_PENDING:
            if self._kernel.WaitForMultipleObjects(2, both, False, FOREVER) != WAIT_OBJECT_0:
                self._api.CancelIPChangeNotify(ctypes.byref(ask))
                return
            time.sleep(QUIET)  # the others of this burst
            self._changed()
