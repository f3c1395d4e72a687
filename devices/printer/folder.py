"""A folder that papers are written to: PDFs as they are, receipts as ESC/POS bytes and as a PNG of the dots.

For training, demonstration and tests. What stands in it is plain.
"""

from __future__ import annotations

import re
from pathlib import Path

from contract.problem import Problem, Retry
from devices.printer import PDF
from devices.printer.languages import escpos, png


class PaperFolder:
    """Writes under a counted name, never over an earlier paper.

    Raises (from its methods): printer.folder where it is not there or cannot be written.
    """

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder).expanduser() if folder else None

    def existing(self) -> Path:
        if self._folder is None or not self._folder.is_dir():
            raise Problem("printer.folder", Retry.AFTER_FIX, folder=str(self._folder or ""))
        return self._folder

    def keep(self, data: bytes, media_type: str, title: str) -> str:
        """Write a document. Returns the name under which its files stand, without their endings."""
        made = {".pdf": data} if media_type == PDF else _receipt_files(data)
        name = self._next_name(title)
        try:
            for ending, content in made.items():
                (self.existing() / (name + ending)).write_bytes(content)
        except OSError as error:
            raise Problem("printer.folder", Retry.AFTER_FIX, folder=str(self._folder)) from error
        return name

    def _next_name(self, title: str) -> str:
        counted = [int(each.name[:4]) for each in self.existing().iterdir() if re.match(r"\d{4}-", each.name)]
        words = re.sub(r"[^\w-]+", "_", title)[:80]
        return f"{max(counted, default=0) + 1:04d}-{words}"


def _receipt_files(pbm: bytes) -> dict[str, bytes]:
    bitmap = escpos.read_pbm(pbm)
    return {".escpos": b"".join(escpos.parts(bitmap)), ".png": png.from_bitmap(bitmap)}
