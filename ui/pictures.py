"""Pictures opened away from the GUI thread: a page to be read takes longer than a frame to decode."""

from __future__ import annotations

from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QImage, QImageReader


def opened(data: bytes) -> QImage:
    """A JPEG or PNG as a picture; null where it is none.

    For an errand: `QImageReader.read` lets the other threads of Python run, `QImage.fromData` does not.
    """
    buffer = QBuffer()
    buffer.setData(QByteArray(data))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    return QImageReader(buffer).read()
