"""Sheets of paper that nobody wrote, as they look when scanned and on a document camera's mat."""

from __future__ import annotations

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QImageWriter, QPainter, QPolygonF, QTransform


def sheet(title: str, width: int = 620, seal: bool = False, lines: int = 16) -> bytes:
    """A JPEG that looks like a page."""
    image = QImage(width, round(width * 1.414), QImage.Format.Format_RGB32)
    image.fill(QColor("#FFFFFF"))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    font = painter.font()
    font.setPixelSize(width // 22)
    font.setBold(True)
    painter.setFont(font)
    painter.setPen(QColor("#1A2530"))
    painter.drawText(QRectF(0, width * 0.1, width, width * 0.1), Qt.AlignmentFlag.AlignCenter, title)
    font.setBold(False)
    font.setPixelSize(width // 42)
    painter.setFont(font)
    for line in range(lines):
        words = f"第{line + 1}条  双方约定的内容写在这里，供看清字迹用，其中没有任何真实的人和事。"
        painter.drawText(round(width * 0.09), round(width * (0.27 + line * 0.058)), words)
    if seal:
        painter.setPen(QColor("#C0392B"))
        painter.drawEllipse(QRectF(width * 0.6, width * 1.08, width * 0.2, width * 0.2))
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QImageWriter(buffer, QByteArray(b"jpg"))
    writer.setQuality(85)
    writer.write(image)
    return bytes(buffer.data().data())


def mat() -> QImage:
    """What a camera sees: a dark mat, a sheet on it that lies a little crooked."""
    image = QImage(816, 612, QImage.Format.Format_RGB888)
    image.fill(QColor("#34463C"))
    painter = QPainter(image)
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
    page = QImage.fromData(sheet("房屋租赁合同", 700, seal=True, lines=14))
    flat = QPolygonF(QRectF(page.rect()))
    flat.removeLast()  # the first one again
    seen = QPolygonF([QPointF(x * 816, y * 612) for x, y in LAID])
    painter.setTransform(QTransform.quadToQuad(flat, seen))  # type: ignore[arg-type]
    painter.drawImage(0, 0, page)
    painter.end()
    return image


LAID = ((0.285, 0.085), (0.715, 0.06), (0.735, 0.925), (0.27, 0.94))
