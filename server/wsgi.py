"""The WSGI application that granian's worker loads, and what lives beside it in the worker's process."""

from __future__ import annotations

import multiprocessing
import os
import socket
import stat
import threading
import time
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
    threading.Thread(target=_notice_dead_lines, name="line watch", daemon=True).start()
    if settings.TONGBAN_JOBS == "threads":
        from server.jobs import start_threads

        start_threads()
    return application


def _notice_dead_lines(patience: float = 30.0) -> None:
    """Let the system find out about stations that vanished without a word, within a minute.

    A reader in a thread of ours cannot be woken, and every vanished village PC would keep one for ever. Accepted
    connections inherit this from the listening socket, which granian makes in its own code: so it is looked for.
    """
    fds = "/proc/self/fd"
    end = time.monotonic() + patience
    pause = threading.Event()
    while os.path.isdir(fds) and time.monotonic() < end:  # noqa: PTH112 - a list of descriptors is no folder
        found = [fd for fd in map(int, os.listdir(fds)) if _listens(fd)]  # noqa: PTH208
        for fd in found:
            with socket.socket(fileno=os.dup(fd)) as listening:
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30)
                listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10)
                listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
        if found:
            return
        pause.wait(0.1)


def _listens(fd: int) -> bool:
    try:
        if not stat.S_ISSOCK(os.fstat(fd).st_mode):
            return False
        with socket.socket(fileno=os.dup(fd)) as candidate:
            return bool(candidate.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    except OSError:  # closed meanwhile
        return False


def _die_with(parent: Any) -> None:
    """A worker whose parent was killed must not keep the port."""
    parent.join()
    os._exit(1)
