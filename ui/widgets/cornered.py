"""A picture with the outline of the paper in it, and the same with corners that can be moved."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.theme import tokens

Point = tuple[float, float]
Corners = tuple[Point, Point, Point, Point]
"""Top left, top right, bottom right, bottom left, as fractions of the picture."""

INSET: Corners = ((0.06, 0.06), (0.94, 0.06), (0.94, 0.94), (0.06, 0.94))  # where nobody knows them yet
_STEP = 0.001  # of the picture's longer side, with an arrow key
_FAST = 15  # times that, with Shift
_NEAR = 40  # pixels from a corner in which the mouse takes it
_GLASS = 4  # times: what is at the corner in hand, enlarged
_OUTSIDE = 0.1  # of the picture that a corner may lie outside of it


class CorneredPicture(QWidget):
    """As large as the space allows, its outline drawn over it."""

    def __init__(self) -> None:
        super().__init__()
        self._image = QImage()
        self._corners: Corners | None = None
        self._sure = True
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_pixels(self, rgb: bytes, width: int, height: int) -> None:
        """Show a picture of three bytes a pixel; an empty one takes it away."""
        self._image = QImage()
        if rgb:
            self._image = QImage(rgb, width, height, width * 3, QImage.Format.Format_RGB888).copy()
        self.update()

    def show_file(self, data: bytes) -> None:
        """Show a JPEG or PNG."""
        self._image = QImage.fromData(data) if data else QImage()
        self.update()

    def show_corners(self, corners: Corners | None, sure: bool = True) -> None:
        """Where the paper is; `sure`: nothing moves any more."""
        self._corners, self._sure = corners, sure
        self.update()

    @property
    def corners(self) -> Corners | None:
        return self._corners

    def place(self) -> QRectF:
        """Where in the widget the picture is."""
        if self._image.isNull():
            return QRectF(self.rect())
        size = self._image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        left, top = (self.width() - size.width()) / 2, (self.height() - size.height()) / 2
        return QRectF(left, top, size.width(), size.height())

    def spot(self, corner: Point) -> QPointF:
        """Where in the widget a corner is."""
        place = self.place()
        return QPointF(place.left() + corner[0] * place.width(), place.top() + corner[1] * place.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        painter.fillRect(self.rect(), QColor(tokens().bg))
        if not self._image.isNull():
            painter.drawImage(self.place(), self._image)
            self.draw_outline(painter)
        painter.end()

    def draw_outline(self, painter: QPainter) -> None:
        """The outline: white under the colour, so that it is seen on any ground."""
        if self._corners is None:
            return
        figure = QPolygonF([self.spot(corner) for corner in self._corners])
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor("#FFFFFF"), tokens().px(5)))
        painter.drawPolygon(figure)
        style = Qt.PenStyle.SolidLine if self._sure else Qt.PenStyle.DashLine
        painter.setPen(QPen(QColor(tokens().accent), tokens().px(3), style))
        painter.drawPolygon(figure)


class CornersEditor(CorneredPicture):
    """Tab takes the next corner, the arrows move it, the mouse moves the one it is near to.

    Signals:
        moved: The corners, as Corners.
    """

    moved = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._at = 0
        self._held = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def show_corners(self, corners: Corners | None, sure: bool = True) -> None:
        super().show_corners(corners or INSET, sure)

    def event(self, event: QEvent) -> bool:
        # Tab goes round the corners; the buttons beside have keys of their own.
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() == Qt.Key.Key_Tab:
                self._take((self._at + 1) % 4)
                return True
            if event.key() == Qt.Key.Key_Backtab:
                self._take((self._at - 1) % 4)
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        ways = {
            Qt.Key.Key_Left: (-1, 0),
            Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Up: (0, -1),
            Qt.Key.Key_Down: (0, 1),
        }
        way = ways.get(Qt.Key(event.key()))
        if way is None or self._corners is None or event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            super().keyPressEvent(event)
            return
        pixels = max(self.place().width(), self.place().height()) * _STEP
        pixels *= _FAST if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        spot = self.spot(self._corners[self._at])
        self._move(QPointF(spot.x() + way[0] * pixels, spot.y() + way[1] * pixels))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._corners is None or event.button() is not Qt.MouseButton.LeftButton:
            return
        near = [_apart(self.spot(corner), event.position()) for corner in self._corners]
        nearest = near.index(min(near))
        if near[nearest] <= tokens().px(_NEAR):
            self._held = True
            self._take(nearest)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held:
            self._move(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._held = False

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def draw_outline(self, painter: QPainter) -> None:
        super().draw_outline(painter)
        for at, corner in enumerate(self._corners or ()):
            spot, size = self.spot(corner), tokens().px(9 if at == self._at else 6)
            painter.setPen(QPen(QColor("#FFFFFF"), tokens().px(2)))
            painter.setBrush(QColor(tokens().accent))
            painter.drawEllipse(spot, size, size)
        if self._corners is not None:
            self._draw_glass(painter, self._corners[self._at])

    def _draw_glass(self, painter: QPainter, corner: Point) -> None:
        """What is at the corner in hand, enlarged, in the middle of the picture where no corner is."""
        place, side = self.place(), tokens().px(150)
        glass = QRectF(0, 0, side, side)
        glass.moveCenter(place.center())
        scale = self._image.width() / max(place.width(), 1)
        part = QRectF(0, 0, side * scale / _GLASS, side * scale / _GLASS)
        part.moveCenter(QPointF(corner[0] * self._image.width(), corner[1] * self._image.height()))
        painter.fillRect(glass, QColor(tokens().bg))
        painter.drawImage(glass, self._image, part)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(tokens().accent), 1))
        middle = glass.center()
        painter.drawLine(QPointF(glass.left(), middle.y()), QPointF(glass.right(), middle.y()))
        painter.drawLine(QPointF(middle.x(), glass.top()), QPointF(middle.x(), glass.bottom()))
        painter.setPen(QPen(QColor(tokens().accent), tokens().px(2)))
        painter.drawRect(glass)

    def _take(self, at: int) -> None:
        self._at = at
        self.update()

    def _move(self, spot: QPointF) -> None:
        assert self._corners is not None
        place = self.place()
        x = (spot.x() - place.left()) / max(place.width(), 1)
        y = (spot.y() - place.top()) / max(place.height(), 1)
        kept = list(self._corners)
        kept[self._at] = (round(_between(x), 5), round(_between(y), 5))
        self._corners = (kept[0], kept[1], kept[2], kept[3])
        self.update()
        self.moved.emit(self._corners)


def _between(value: float) -> float:
    return min(max(value, -_OUTSIDE), 1 + _OUTSIDE)


def _apart(one: QPointF, other: QPointF) -> float:
    return math.hypot(one.x() - other.x(), one.y() - other.y())
