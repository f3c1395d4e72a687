"""A receipt printer behind Windows' spooler: ESC/POS bytes, handed on as they are (datatype RAW).

For printers that only the maker's Windows driver reaches. The spooler cannot ask the printer anything: every print
ends unconfirmed. Where the printer can be reached itself (serial, TCP), another driver says more.
"""

from __future__ import annotations

from devices.printer import BITMAP
from devices.printer.languages import escpos
from devices.printer.spools import SpooledPrinter
from devices.printer.spools.windows import WindowsSpool


def OPEN(queue: str, trouble: float, longest: float) -> SpooledPrinter:
    spool = WindowsSpool(queue)
    return SpooledPrinter(spool, BITMAP, escpos.receipt, believed=False, trouble=trouble, longest=longest)
