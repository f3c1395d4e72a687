"""The window that is turned to the person before the counter: full screen on a screen of its own."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QCloseEvent, QScreen
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ui.pages.customer.view import CustomerView
from ui.words import say


class CustomerWindow(QWidget):
    """Carries the CustomerView. It goes with the counter's window, and cannot be closed by who stands before it."""

    def __init__(self, view: CustomerView, counter: QWidget) -> None:
        super().__init__(counter, Qt.WindowType.Window)
        self.view = view
        self._over = False
        self.setObjectName("window")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle(say("申请人屏幕"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(view)

    def present(self, screen: QScreen) -> None:
        """Fill a screen. The counter keeps the keyboard, unless it is the same screen."""
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setScreen(screen)
        self.setGeometry(screen.geometry())
        self.showFullScreen()
        self.raise_()

    def end(self) -> None:
        """The counter closes."""
        self._over = True
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        event.setAccepted(self._over)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self.setWindowTitle(say("申请人屏幕"))
        super().changeEvent(event)
