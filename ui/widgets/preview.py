"""A page, readable: as wide as the space, or at its own size (100 %)."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QPixmap, QResizeEvent
from PySide6.QtWidgets import QLabel, QScrollArea

from ui.theme import tokens


class Preview(QScrollArea):
    """Shows one JPEG or PNG.

    Signals:
        width_wanted: How many pixels wide a picture should be to be sharp here.
    """

    width_wanted = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._picture = QPixmap()
        self._bytes = b""
        self._words = ""
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

    def show_picture(self, picture: bytes, words: str = "") -> None:
        """Show the picture, or the words where there is none."""
        self._words = words
        if picture != self._bytes:
            self._bytes = picture
            self._picture = QPixmap()
            if picture:
                self._picture.loadFromData(picture)
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
        if self._picture.isNull():
            self._label.setPixmap(QPixmap())
            self._label.setText(self._words)
            self._label.setMargin(tokens().px(24))
            return
        self._label.setMargin(0)
        width = self.viewport().width() - 2
        shown = self._picture
        if not self.whole_size and width > 0:
            ratio = self.devicePixelRatioF()
            width = min(width, self._picture.width())  # a narrow receipt is not blown up
            shown = self._picture.scaledToWidth(int(width * ratio), Qt.TransformationMode.SmoothTransformation)
            shown.setDevicePixelRatio(ratio)
        self._label.setPixmap(shown)
