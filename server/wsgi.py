"""The WSGI application that granian's worker loads, and what lives beside it in the worker's process."""

from __future__ import annotations

import multiprocessing
import os
import threading
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "server.settings")


def load(target: str = "") -> Any:
    """The application, in a worker process: its sweeps started, its life tied to the parent's."""
    from django.conf import settings

    application = get_wsgi_application()
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_die_with, args=(parent,), name="parent watch", daemon=True).start()
    if settings.TONGBAN_JOBS == "threads":
        from server.jobs import start_threads

        start_threads()
    return application


def _die_with(parent: Any) -> None:
    """A worker whose parent was killed must not keep the port."""
    parent.join()
    os._exit(1)
