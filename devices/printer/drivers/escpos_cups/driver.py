"""A receipt printer behind a raw queue of CUPS: ESC/POS bytes, handed on as they are.

For a desk on which only CUPS may touch the printer. The queue's "completed" says that the bytes have left, not that
they were printed: every print ends unconfirmed. Where the printer can be reached itself, another driver says more.
"""

from __future__ import annotations

from devices.printer import BITMAP
from devices.printer.languages import escpos
from devices.printer.spools import SpooledPrinter
from devices.printer.spools.ipp import RAW, IppSpool


def OPEN(uri: str, answer: float, trouble: float, longest: float) -> SpooledPrinter:
    spool = IppSpool(uri, RAW, "", answer=answer)
    return SpooledPrinter(spool, BITMAP, escpos.receipt, believed=False, trouble=trouble, longest=longest)
