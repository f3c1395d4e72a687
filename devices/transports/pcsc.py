"""PC/SC: chip cards in readers that the system's card service knows, through pyscard's thin layer (`smartcard.scard`).

pyscard's own monitor threads end for good when the service restarts, so the loop here is our own and begins anew.
pyscard has wheels for Windows and macOS; on Linux the distribution's package brings the compiled library, and it is
found where the distribution puts it.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.machinery import PathFinder
from typing import Any

from contract.problem import Problem, Retry

SYSTEM_PACKAGES = "/usr/lib/python3/dist-packages"
SLICE = 250  # milliseconds of one wait for a change: so long a cancellation may take
AGAIN_AFTER = 0.5  # seconds until the service is asked again

_NEW_READERS = "\\\\?PnP?\\Notification"  # the name under which the service tells of readers plugged in


def scard() -> Any:
    """The module `smartcard.scard`.

    Raises:
        Problem: cards.no_library.
    """
    try:
        if importlib.util.find_spec("smartcard") is None:
            spec = PathFinder.find_spec("smartcard", [SYSTEM_PACKAGES])
            if spec is None or spec.loader is None:
                raise Problem("cards.no_library", Retry.AFTER_FIX)
            package = importlib.util.module_from_spec(spec)
            sys.modules["smartcard"] = package
            spec.loader.exec_module(package)
        return importlib.import_module("smartcard.scard")
    except ImportError:  # compiled for another Python
        sys.modules.pop("smartcard", None)
        raise Problem("cards.no_library", Retry.AFTER_FIX) from None


class Service:
    """The system's card service as one program sees it. One object per thread."""

    def __init__(self) -> None:
        self._scard = scard()
        self._context: Any = None

    def close(self) -> None:
        """Let go of the service. Safe to call twice."""
        context, self._context = self._context, None
        if context is not None:
            with suppress(Exception):  # the service may be gone
                self._scard.SCardReleaseContext(context)

    def readers(self) -> list[str]:
        """Names of the readers, in the service's order.

        Raises:
            Problem: cards.service_gone, cards.denied.
        """
        for attempt in range(2):
            code, names = self._scard.SCardListReaders(self._open(), [])
            if _same(code, self._scard.SCARD_E_NO_READERS_AVAILABLE):
                return []
            if code == self._scard.SCARD_S_SUCCESS:
                return list(names)
            self.close()  # the service was restarted under us: once more, with a new context
            if attempt:
                raise self._problem(code)
        return []

    def cards(self) -> list[str]:
        """Names of the readers in which a card lies.

        Raises:
            Problem: cards.service_gone, cards.denied.
        """
        names = self.readers()
        if not names:
            return []
        wanted = [(name, self._scard.SCARD_STATE_UNAWARE) for name in names]
        code, states = self._scard.SCardGetStatusChange(self._open(), 0, wanted)
        if code != self._scard.SCARD_S_SUCCESS:
            self.close()
            raise self._problem(code)
        return [name for name, state, *_ in states if state & self._scard.SCARD_STATE_PRESENT]

    @contextmanager
    def card(self, reader: str) -> Iterator[Callable[[bytes], bytes]]:
        """The card in a reader, for one at a time: what sends it a command. It is reset afterwards.

        Raises:
            Problem: cards.absent, cards.in_use, cards.denied, cards.service_gone; while sending, cards.pulled.
        """
        api = self._scard
        code, handle, protocol = api.SCardConnect(
            self._open(), reader, api.SCARD_SHARE_SHARED, api.SCARD_PROTOCOL_T0 | api.SCARD_PROTOCOL_T1
        )
        if code != api.SCARD_S_SUCCESS:
            raise self._problem(code)
        try:
            code = api.SCardBeginTransaction(handle)
            if code != api.SCARD_S_SUCCESS:
                raise self._problem(code)
            header = api.SCARD_PCI_T0 if protocol == api.SCARD_PROTOCOL_T0 else api.SCARD_PCI_T1

            def transmit(command: bytes) -> bytes:
                try:
                    code, answer = api.SCardTransmit(handle, header, list(command))
                except Exception as error:  # a card drawn in the middle is told in many ways
                    raise Problem("cards.pulled", Retry.AGAIN) from error
                if code != api.SCARD_S_SUCCESS or not answer:
                    raise Problem("cards.pulled", Retry.AGAIN)
                return bytes(each & 0xFF for each in answer)

            yield transmit
        finally:
            with suppress(Exception):  # the card or the service may be gone
                api.SCardEndTransaction(handle, api.SCARD_LEAVE_CARD)
            with suppress(Exception):
                api.SCardDisconnect(handle, api.SCARD_RESET_CARD)

    def watch(self, cancelled: Callable[[], bool], alive: Callable[[], None]) -> Iterator[tuple[str, str]]:
        """What happens, for as long as it is not cancelled: (what, reader's name).

        What is ``service``, ``service_gone``, ``reader``, ``reader_gone``, ``card`` or ``no_card``. A service that
        is not there, ends or comes back is told once and waited for.
        """
        api = self._scard
        up: bool | None = None
        known: dict[str, int] = {}
        while not cancelled():
            alive()
            try:
                names = self.readers()
            except Problem:
                if up is not False:
                    up = False
                    yield "service_gone", ""
                known = {}
                _wait(AGAIN_AFTER, cancelled)
                continue
            if not up:
                up = True
                yield "service", ""
            for name in names:
                if name not in known:
                    known[name] = api.SCARD_STATE_UNAWARE
                    yield "reader", name
            for name in [each for each in known if each not in names]:
                if known.pop(name) & api.SCARD_STATE_PRESENT:
                    yield "no_card", name
                yield "reader_gone", name
            wanted = [*known.items(), (_NEW_READERS, len(known) << 16)]
            code, states = api.SCardGetStatusChange(self._open(), SLICE, wanted)
            if _same(code, api.SCARD_E_TIMEOUT):
                continue
            if code != api.SCARD_S_SUCCESS:
                self.close()
                continue
            for name, state, *_ in states:
                if name == _NEW_READERS:
                    continue
                if (state ^ known[name]) & api.SCARD_STATE_PRESENT:
                    yield ("card" if state & api.SCARD_STATE_PRESENT else "no_card"), name
                known[name] = state & ~api.SCARD_STATE_CHANGED

    def _open(self) -> Any:
        if self._context is None:
            code, context = self._scard.SCardEstablishContext(self._scard.SCARD_SCOPE_SYSTEM)
            if code != self._scard.SCARD_S_SUCCESS:
                raise self._problem(code)
            self._context = context
        return self._context

    def _problem(self, code: int) -> Problem:
        api = self._scard
        if any(_same(code, each) for each in (api.SCARD_E_NO_SMARTCARD, api.SCARD_W_REMOVED_CARD)):
            return Problem("cards.absent", Retry.AGAIN)
        if _same(code, api.SCARD_E_SHARING_VIOLATION):
            return Problem("cards.in_use", Retry.AFTER_FIX)
        if any(_same(code, each) for each in (api.SCARD_W_UNRESPONSIVE_CARD, api.SCARD_W_UNPOWERED_CARD)):
            return Problem("cards.mute", Retry.AGAIN)
        if _same(code, api.SCARD_W_SECURITY_VIOLATION) or code & 0xFFFFFFFF == 0x80100027:  # SCARD_E_NO_ACCESS
            return Problem("cards.denied", Retry.AFTER_FIX)
        self.close()
        return Problem("cards.service_gone", Retry.AGAIN)


def _same(code: int, named: int) -> bool:
    """Some builds give these codes signed, some do not."""
    return code & 0xFFFFFFFF == named & 0xFFFFFFFF


def _wait(seconds: float, cancelled: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and not cancelled():
        time.sleep(0.05)
