"""Where somebody signs: with pen, finger or mouse on the screen, or on a pad with a driver; drawn as it is written."""

from __future__ import annotations

import time
from typing import Literal

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPointingDevice, QTabletEvent, QTouchEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from contract.signature import FULL, MAX_POINTS, MAX_STROKES, Ink, Point
from ui.theme import tokens
from ui.words import say

FINE = 10  # units in a pixel: a pen knows more than a pixel
THICKEST, THINNEST = 5.0, 1.6  # pixels, at full pressure and at none
Means = Literal["pad", "pen", "touch", "mouse"]


class InkPad(QWidget):
    """Holds the strokes until `clear`. The first touch decides by what it is written; a palm beside a pen is not heard.

    Signals:
        written: Something was written, or cleared.
    """

    written = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._strokes: list[list[Point]] = []
        self._down = False
        self._began = 0.0
        self._area: tuple[int, int] | None = None  # of a pad with a driver, in its units
        self._pressed = False  # somebody told pressure
        self.means: Means | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_AcceptTouchEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(say("签名框"))

    def sizeHint(self) -> QSize:
        return QSize(tokens().px(900), tokens().px(360))

    def minimumSizeHint(self) -> QSize:
        return QSize(tokens().px(420), tokens().px(180))

    # --- what was written -------------------------------------------------------------------------------------------

    def ink(self) -> Ink | None:
        """What was written; None where nothing was."""
        strokes = tuple(tuple(stroke) for stroke in self._strokes if stroke)
        if not strokes:
            return None
        width, height = self._units()
        return Ink(width=width, height=height, strokes=strokes, has_pressure=self._pressed)

    def clear(self) -> None:
        """Forget all of it."""
        self._strokes.clear()
        self._down = self._pressed = False
        self.means = None
        self.written.emit()
        self.update()

    def use_pad(self, width: int, height: int) -> None:
        """From now on a pad with an area of so many units writes here."""
        self.clear()
        self._area = (width, height)

    def use_screen(self) -> None:
        """From now on who touches this widget writes."""
        self.clear()
        self._area = None

    def pen(self, t: int, x: int, y: int, pressure: int) -> None:
        """The pen of a pad with a driver is there; a pressure of 0 lifts it."""
        if self._area is None or self.means not in (None, "pad"):
            return
        self.means, self._pressed = "pad", True
        width, height = self._area
        if pressure:
            self._add((t, min(max(x, 0), width), min(max(y, 0), height), min(pressure, FULL)))
        else:
            self._down = False

    def _units(self) -> tuple[int, int]:
        return self._area or (max(self.width() * FINE, 1), max(self.height() * FINE, 1))

    def _add(self, point: Point) -> None:
        if not self._down:
            if len(self._strokes) >= MAX_STROKES:
                return
            self._strokes.append([])
            self._down = True
        if sum(map(len, self._strokes)) < MAX_POINTS:
            self._strokes[-1].append(point)
        self.written.emit()
        self.update()

    def _write(self, means: Means, at: QPointF, pressure: float | None) -> None:
        if self._area is not None or (self.means is not None and self.means != means):
            return
        if not self._strokes:
            self._began = time.monotonic()
        self.means = means
        self._pressed = self._pressed or pressure is not None
        width, height = self._units()
        x, y = (min(max(round(each * FINE), 0), most) for each, most in ((at.x(), width), (at.y(), height)))
        t = round((time.monotonic() - self._began) * 1000)
        self._add((t, x, y, FULL if pressure is None else min(max(round(pressure * FULL), 1), FULL)))

    def _lift(self) -> None:
        self._down = False

    # --- pen, finger, mouse -----------------------------------------------------------------------------------------

    def tabletEvent(self, event: QTabletEvent) -> None:
        event.accept()
        has_pressure = bool(event.device().capabilities() & QPointingDevice.Capability.Pressure)
        pressure = event.pressure() if has_pressure else None
        match event.type():
            case QEvent.Type.TabletPress:
                self._lift()
                self._write("pen", event.position(), pressure)
            case QEvent.Type.TabletMove if self._down and event.buttons():
                self._write("pen", event.position(), pressure)
            case QEvent.Type.TabletRelease:
                self._lift()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QTouchEvent):
            self._touched(event)
            return True
        return super().event(event)

    def _touched(self, event: QTouchEvent) -> None:
        event.accept()
        if event.type() in (QEvent.Type.TouchEnd, QEvent.Type.TouchCancel) or not event.points():
            self._lift()
            return
        first = min(event.points(), key=lambda point: point.id())
        if event.type() == QEvent.Type.TouchBegin:
            self._lift()
        has_pressure = bool(event.device().capabilities() & QPointingDevice.Capability.Pressure)
        self._write("touch", first.position(), first.pressure() if has_pressure else None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._lift()
            self._write("mouse", event.position(), None)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton and self._down:
            self._write("mouse", event.position(), None)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._lift()

    # --- how it looks -----------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        worn = tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), QColor(worn.surface))
        painter.setPen(QPen(QColor(worn.strong_line), 2))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)
        line = self.height() * 0.72
        painter.setPen(QPen(QColor(worn.line), 2, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(self.width() * 0.06, line), QPointF(self.width() * 0.94, line))
        width, height = self._units()
        scale = min(self.width() / width, self.height() / height)
        left, top = (self.width() - width * scale) / 2, (self.height() - height * scale) / 2
        for stroke in self._strokes:
            dots = [(QPointF(left + x * scale, top + y * scale), p) for _, x, y, p in stroke]
            for (before, _), (after, pressure) in zip(dots, dots[1:] or dots, strict=False):
                thick = THINNEST + (THICKEST - THINNEST) * pressure / FULL
                round_pen = QPen(QColor("#10204F"), thick)
                round_pen.setCapStyle(Qt.PenCapStyle.RoundCap)
                painter.setPen(round_pen)
                painter.drawLine(before, after)
        painter.end()
