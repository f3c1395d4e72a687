"""A page, readable: as wide as the space, or at its own size (100 %)."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QImage, QPixmap, QResizeEvent
from PySide6.QtWidgets import QLabel, QScrollArea

from ui.theme import tokens


class Preview(QScrollArea):
    """Shows one picture.

    Signals:
        width_wanted: How many pixels wide a picture should be to be sharp here.
    """

    width_wanted = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._picture: QImage | None = None
        self._words = ""
        self._drawn: tuple[object, ...] = ()  # all that the label shows depends on
        self.whole_size = False
        self._label = QLabel()
        self._label.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self._label.setWordWrap(True)
        self.setWidget(self._label)
        self.setWidgetResizable(True)
        self.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        # One question after a drag of the splitter, not one per pixel.
        self._settled = QTimer(self, singleShot=True, interval=150)
        self._settled.timeout.connect(self._ask)

    def show_picture(self, picture: QImage | None, words: str = "") -> None:
        """Show the picture, or the words where there is none."""
        self._words = words
        if picture is not self._picture:
            self._picture = picture
            self.verticalScrollBar().setValue(0)
        self._draw()

    def toggle_size(self) -> None:
        """Between as wide as the space and the picture's own pixels."""
        self.whole_size = not self.whole_size
        self._draw()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._draw()
        if self.isVisible():
            self._settled.start()

    def _ask(self) -> None:
        self.width_wanted.emit(self.viewport().width())

    def _draw(self) -> None:
        width, ratio, margin = self.viewport().width() - 2, self.devicePixelRatioF(), tokens().px(24)
        drawn = (id(self._picture), self._words, self.whole_size, width, ratio, margin)
        if drawn == self._drawn:
            return  # scaling takes a good part of a frame
        self._drawn = drawn
        if self._picture is None or self._picture.isNull():
            self._label.setPixmap(QPixmap())
            self._label.setText(self._words)
            self._label.setMargin(margin)
            return
        self._label.setMargin(0)
        shown = self._picture
        if not self.whole_size and width > 0:
            width = min(width, shown.width())  # a narrow receipt is not blown up
            shown = shown.scaledToWidth(int(width * ratio), Qt.TransformationMode.SmoothTransformation)
            shown.setDevicePixelRatio(ratio)
        self._label.setPixmap(QPixmap.fromImage(shown))
