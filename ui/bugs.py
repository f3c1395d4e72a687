"""What nobody foresaw: logged without anybody's data, shown to the person as a number, and the day goes on."""

from __future__ import annotations

import logging
import secrets
import traceback
from collections.abc import Callable
from types import TracebackType

_log = logging.getLogger("ui.bugs")


def reporter(show: Callable[[str], None]) -> Callable[[type[BaseException], BaseException, TracebackType | None], None]:
    """An excepthook: the log gets the kind of error and the lines of code, never its message, which may quote data."""

    def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            return
        number = secrets.token_hex(3).upper()
        where = "".join(traceback.format_tb(trace))
        _log.error("bug %s: %s\n%s", number, kind.__name__, where)
        show(number)

    return report
