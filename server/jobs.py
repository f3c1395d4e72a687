"""What runs by itself: idempotent sweeps, by huey. The tables are the truth; a lost job only waits for the next one.

On SQLite they run as threads of the server process with a queue in memory; on PostgreSQL `python -m server worker`
runs them, as many as wanted.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import close_old_connections, connection
from django.utils import timezone
from huey import MemoryHuey, PostgresHuey, crontab
from huey.consumer import Consumer
from huey.serializer import SignedSerializer

from server.catalogue.packs import sweep as sweep_packs
from server.exchange.relay import relay
from server.exchange.stations import forget_old_sessions
from server.keys import get_keys
from server.materials.uploads import sweep as sweep_uploads
from server.supervise.silence import accept_silent_cases

log = logging.getLogger("tongban.jobs")

SWEEPS: dict[str, tuple[Callable[[], object], Any]] = {
    "relay": (relay, crontab(minute="*")),
    "uploads": (sweep_uploads, crontab(minute="*/5")),
    "silence": (lambda: accept_silent_cases(timezone.localdate()), crontab(minute="5")),
    "packs": (sweep_packs, crontab(minute="45", hour="3")),
    "sessions": (lambda: forget_old_sessions(timezone.now()), crontab(minute="30")),
}


class ThreadConsumer(Consumer):  # type: ignore[misc]
    """A consumer beside a web server, whose signals are not its own."""

    def _set_signal_handlers(self) -> None:
        pass


def make_huey() -> Any:
    """The queue of this server's settings, with all sweeps on it."""
    if connection.vendor == "postgresql":
        where = settings.DATABASES["default"]
        huey: Any = PostgresHuey(
            "tongban",
            results=False,
            serializer=SignedSerializer(secret=get_keys().secret),
            dsn="",
            host=where["HOST"],
            port=where["PORT"] or None,
            user=where["USER"],
            password=where["PASSWORD"],
            dbname=where["NAME"],
        )
    else:
        huey = MemoryHuey("tongban", results=False)
    for name, (sweep, when) in SWEEPS.items():
        huey.periodic_task(when, name=name)(_guarded(name, sweep))
    return huey


def _guarded(name: str, sweep: Callable[[], object]) -> Callable[[], None]:
    def run() -> None:
        close_old_connections()
        try:
            sweep()
        except Exception:
            log.exception("sweep failed", extra={"fields": {"sweep": name}})
        finally:
            close_old_connections()

    return run


def start_threads() -> ThreadConsumer:
    """Run the sweeps in this process; `stop()` ends them."""
    consumer = ThreadConsumer(make_huey(), workers=1, worker_type="thread", periodic=True)
    consumer.start()
    return consumer


def run_worker() -> None:
    """Run the sweeps until a signal ends them."""
    make_huey().create_consumer(workers=2, worker_type="thread", periodic=True).run()
