"""The second screen at work: where its window is, and what goes between it, its model and the counter."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication, QScreen
from PySide6.QtWidgets import QWidget

from devices.signature import Area, PenPoint
from ui.pages.customer.model import CustomerModel
from ui.pages.customer.view import CustomerState
from ui.pages.intake.model import IntakeModel
from ui.shells.customer import CustomerWindow


def other_screen(counter: QWidget) -> QScreen | None:
    """A screen that the counter's window does not stand on."""
    mine = counter.screen()
    return next((screen for screen in QGuiApplication.screens() if screen is not mine), None)


class Customer(QObject):
    """Conducts the second screen. Without one the window comes to the counter's own for a signature, and goes again;
    a rating is then asked for by a pad alone, for the clerk is not to see it.
    """

    def __init__(
        self,
        counter: QWidget,
        window: CustomerWindow,
        model: CustomerModel,
        intake: IntakeModel,
        second: Callable[[], QScreen | None],
    ) -> None:
        super().__init__(counter)
        self.window, self.model = window, model
        self._counter, self._second = counter, second
        view, ink = window.view, window.view.ink
        model.changed.connect(view.render_state)
        model.changed.connect(self._stand)
        model.pad_used.connect(self._use)
        model.pen.connect(self._pen)
        view.ink_written.connect(lambda: model.written(ink.ink()))
        view.sign_given.connect(lambda: model.confirm(ink.ink(), ink.means))
        view.sign_refused.connect(model.refuse)
        view.level_given.connect(model.give)
        view.reason_touched.connect(model.touch)
        view.reasons_given.connect(model.give_reasons)
        signing = intake.materials.signing
        signing.wanted.connect(model.sign)
        signing.over.connect(model.take_back)
        model.signed.connect(signing.signed)
        model.refused.connect(signing.refused)
        intake.took_in.connect(lambda case_id: model.ask(case_id, self._second() is not None))
        application = QGuiApplication.instance()
        assert isinstance(application, QGuiApplication)
        application.screenAdded.connect(self._screens_changed)
        application.screenRemoved.connect(self._screens_changed)

    def start(self) -> None:
        """Greet on the second screen, if there is one."""
        self._stand(self.model.state)

    def close(self) -> None:
        """The counter closes: nothing of anybody stays."""
        self.model.greet()
        self.window.end()

    def _screens_changed(self) -> None:
        self._stand(self.model.state)

    def _stand(self, state: CustomerState) -> None:
        screen = self._second()
        if screen is not None:
            if not self.window.isVisible() or self.window.screen() is not screen:
                self.window.present(screen)
        elif state.mode == "sign":
            if not self.window.isVisible():
                self.window.present(self._counter.screen())
        else:
            self.window.hide()

    def _use(self, area: Area | None) -> None:
        if area is None:
            self.window.view.ink.use_screen()
        else:
            self.window.view.ink.use_pad(area.width, area.height)

    def _pen(self, point: PenPoint) -> None:
        self.window.view.ink.pen(point.t, point.x, point.y, point.pressure)
