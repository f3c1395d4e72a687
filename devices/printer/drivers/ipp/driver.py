"""An A4 printer that speaks IPP: network printers (IPP Everywhere, AirPrint) and CUPS queues. The PDF goes as it is."""

from __future__ import annotations

from devices.printer import PDF
from devices.printer.spools import SpooledPrinter
from devices.printer.spools.ipp import IppSpool


def OPEN(
    uri: str, media: str, answer: float, trouble: float, longest: float, check_certificate: bool
) -> SpooledPrinter:
    spool = IppSpool(uri, PDF, media, answer=answer, check_certificate=check_certificate)
    return SpooledPrinter(spool, PDF, bytes, believed=True, trouble=trouble, longest=longest)
