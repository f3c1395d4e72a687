"""Django's SQLite backend with a gate: one transaction of this process at a time, waiting in a queue, not asleep.

SQLite makes a second writer sleep and try again, which costs hundreds of milliseconds; a lock in front of BEGIN costs
none. Use it with IMMEDIATE transactions in one process; writes outside ``atomic()`` are not gated.
"""

from __future__ import annotations

import threading
from typing import Any

from django.db.backends.sqlite3 import base

_GATES: dict[str, threading.Lock] = {}


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that holds its database's gate from BEGIN to COMMIT, ROLLBACK or close."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._held: threading.Lock | None = None

    def _start_transaction_under_autocommit(self) -> None:
        gate = _GATES.setdefault(str(self.settings_dict["NAME"]), threading.Lock())
        gate.acquire()
        self._held = gate
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._open_gate()
            raise

    def _open_gate(self) -> None:
        gate, self._held = self._held, None
        if gate is not None:
            gate.release()

    def _commit(self) -> None:
        super()._commit()  # type: ignore[misc]
        # a failed COMMIT leaves the transaction open: then ROLLBACK or close opens the gate
        self._open_gate()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]
        finally:
            self._open_gate()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            self._open_gate()
