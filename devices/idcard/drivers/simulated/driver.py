"""The serial driver's own reader over the emulator, in one process: for the demo hall, training and tests."""

from __future__ import annotations

import os
import signal
import socket
import threading
from datetime import date
from typing import Any

from contract.problem import Problem, Retry
from devices.idcard import IdentityDocument
from devices.idcard.emulator import Behaviour, Emulator, get_card, serve_socket
from devices.idcard.samv import Module
from devices.transports.serial import SerialPort


class SimulatedReader:
    """A reader with an invented person's card on it.

    `behave` takes the emulator's words and three of its own: ``absent`` is a reader that is not connected, ``hang`` and
    ``crash`` are what a vendor's library does to its process.
    """

    def __init__(self, card: str = "", behave: str = "ok") -> None:
        self._own = behave if behave in ("absent", "hang", "crash") else ""
        self._card = get_card(card)
        self._was_read = False
        self._emulator = Emulator(self._card, Behaviour.OK if self._own else Behaviour(behave))
        self._module = Module(self._plug_in)

    def read(self) -> IdentityDocument:
        """Read the card; one that was read already is lifted and put down again, as a person would."""
        if self._own == "hang":
            threading.Event().wait()
        if self._own == "crash":
            os.kill(os.getpid(), signal.SIGABRT)
        if self._was_read:
            self._emulator.place(self._card)
        self._was_read = True
        return self._module.read(date.today())  # noqa: DTZ011 — the counter's own day is meant

    def present(self) -> bool:
        """Whether an unread card lies there."""
        return self._module.find()

    def status(self) -> dict[str, Any]:
        """The emulated module's number."""
        self._module.check()
        return {"sam_number": self._module.sam_number()}

    def versions(self) -> dict[str, str]:
        """What the emulated module says of itself."""
        self._module.check()
        return {"model": "SAM_V", "firmware": "emulator"}

    def photo(self, raw: str) -> str:
        """An invented chip's photograph is noise: there is no picture."""
        raise Problem("idcard.photo_unavailable", Retry.NEVER)

    def place(self, card: str = "") -> None:
        """Put an invented person's card on the reader."""
        self._card = get_card(card)
        self._was_read = False
        self._emulator.place(self._card)

    def lift(self) -> None:
        """Take the card away."""
        self._emulator.lift()

    def _plug_in(self) -> SerialPort:
        if self._own == "absent":
            raise Problem("device.no_such_port", Retry.AFTER_FIX, port="simulated")
        self._emulator.replug()
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = SerialPort(f"socket://127.0.0.1:{server.getsockname()[1]}")
            line, _ = server.accept()
        threading.Thread(target=serve_socket, args=(self._emulator, line), name="emulator", daemon=True).start()
        return port


OPEN = SimulatedReader
