"""The one signal that says what changed, from any thread, told in the GUI's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject

from app.store import Changes
from ui.changes import ChangesHeard


def test_what_changed_on_any_thread_is_heard_in_the_gui_thread(until: Callable[[Callable[[], object]], None]) -> None:
    callbacks: list[Callable[[Any], None]] = []
    heard: list[tuple[Changes, threading.Thread]] = []

    def on_change(callback: Callable[[Any], None]) -> Callable[[], None]:
        callbacks.append(callback)
        return lambda: callbacks.remove(callback)

    owner = QObject()
    changes = ChangesHeard(on_change, owner)
    changes.said.connect(lambda what: heard.append((what, threading.current_thread())))
    thread = threading.Thread(target=callbacks[0], args=(Changes(drafts=True),))
    thread.start()
    until(lambda: heard)
    thread.join()

    assert heard == [(Changes(drafts=True), threading.main_thread())]
    changes.close()
    assert not callbacks
