"""An A4 printer that speaks IPP: network printers (IPP Everywhere, AirPrint) and CUPS queues. The PDF goes as it is."""

from __future__ import annotations

from devices.printer import PDF
from devices.printer.spools import SpooledPrinter
from devices.printer.spools.ipp import IppSpool


class IppPrinter(SpooledPrinter):
    """A printer or queue at an address."""

    def __init__(
        self, uri: str, media: str, answer: float, trouble: float, longest: float, check_certificate: bool
    ) -> None:
        self._queue = IppSpool(uri, PDF, media, answer=answer, check_certificate=check_certificate)
        super().__init__(self._queue, PDF, bytes, believed=True, trouble=trouble, longest=longest)

    def versions(self) -> dict[str, str]:
        """What the printer says of itself."""
        return self._queue.versions()


OPEN = IppPrinter
