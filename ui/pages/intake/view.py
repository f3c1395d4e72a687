"""The intake page: steps along the top, one step in the middle, the panel at the right."""

from __future__ import annotations

from dataclasses import dataclass, field

from PySide6.QtCore import QEvent, QTimer, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from ui.pages.intake.form import FormState, FormView
from ui.pages.intake.identity import IdentityState, IdentityView
from ui.pages.intake.materials import MaterialsState, MaterialsView
from ui.pages.intake.matter import MatterState, MatterView
from ui.pages.intake.receipt import ReceiptState, ReceiptView
from ui.pages.intake.review import ReviewState, ReviewView
from ui.theme import tokens
from ui.widgets.banner import Banner, BannerShown
from ui.widgets.field import Field
from ui.widgets.key_button import KeyButton
from ui.widgets.panel import PanelState, PanelView
from ui.widgets.steps_bar import StepsBar, StepShown
from ui.widgets.text import Value

STEPS = (
    StepShown("identity", "身份"),
    StepShown("matter", "事项"),
    StepShown("form", "表单"),
    StepShown("materials", "材料"),
    StepShown("review", "核对"),
    StepShown("receipt", "回执"),
)


@dataclass(frozen=True)
class IntakeState:
    """The whole intake, ready to be drawn. `main` is accept, receive, supplement or "" (nothing may be done here).

    `whose` is the draft or case it is about: with another one, everything that stands in any widget of the one before
    goes (F14). `hidden`: the screen is locked, nothing is drawn.
    """

    step: str = "identity"
    steps: tuple[StepShown, ...] = STEPS
    whose: str = ""
    hidden: bool = False
    identity: IdentityState = field(default_factory=IdentityState)
    matter: MatterState = field(default_factory=MatterState)
    form: FormState = field(default_factory=FormState)
    materials: MaterialsState = field(default_factory=MaterialsState)
    review: ReviewState = field(default_factory=ReviewState)
    receipt: ReceiptState = field(default_factory=ReceiptState)
    panel: PanelState = field(default_factory=PanelState)
    banner: BannerShown = field(default_factory=BannerShown)
    main: str = ""
    main_ready: bool = False
    why_not: str = ""
    can_supplement: bool = False
    can_promise: bool = False
    can_decline: bool = False
    can_park: bool = False
    working: str = ""  # 正在受理
    printing_form: bool = False


class IntakeView(QWidget):
    """Draws an IntakeState. The steps' own signals are on `identity`, `matter`, `form`, `materials` … .

    Signals:
        step_wanted: Key of a step.
        main_wanted: F9.
        supplement_wanted, promise_wanted, decline_wanted, park_wanted: F7, F8, F11, F10.
        banner_read: The banner may go.
    """

    step_wanted = Signal(str)
    main_wanted = Signal()
    supplement_wanted = Signal()
    promise_wanted = Signal()
    decline_wanted = Signal()
    park_wanted = Signal()
    banner_read = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._state = IntakeState()
        self._drawn_step = ""
        self.bar = StepsBar(STEPS)
        self.bar.wanted.connect(self.step_wanted)
        self.banner = Banner()
        self.banner.dismissed.connect(self.banner_read)
        self.identity, self.matter, self.form = IdentityView(), MatterView(), FormView()
        self.materials, self.review, self.receipt = MaterialsView(), ReviewView(), ReceiptView()
        self._views: dict[str, QWidget] = {
            "identity": self.identity,
            "matter": self.matter,
            "form": self.form,
            "materials": self.materials,
            "review": self.review,
            "receipt": self.receipt,
        }
        self._stack = QStackedWidget()
        for view in self._views.values():
            self._stack.addWidget(view)
        middle = QVBoxLayout()
        middle.setContentsMargins(18, 16, 18, 16)
        middle.setSpacing(10)
        middle.addWidget(self.bar)
        middle.addWidget(self.banner)
        middle.addWidget(self._stack, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addLayout(middle, 1)
        row.addWidget(self._build_side())
        # The keys that lead to a step from any other; on the step itself its own button hears them.
        self._jumps = {
            "identity": QShortcut(QKeySequence("F2"), self, lambda: self._jump("identity")),
            "matter": QShortcut(QKeySequence("F3"), self, lambda: self._jump("matter")),
            "materials": QShortcut(QKeySequence("F4"), self, lambda: self._jump("materials")),
        }
        self.render_state(self._state)

    def _build_side(self) -> QFrame:
        self.panel = PanelView()
        self._side = QFrame()
        self._side.setObjectName("side")
        self._supplement = KeyButton("一次性告知补正", "F7")
        self._promise = KeyButton("容缺", "F8")
        self._decline = KeyButton("不予受理", "F11")
        self._park = KeyButton("挂起", "F10")
        self._main = KeyButton("受理并打印回执", "F9", "primary")
        self._why = Value(size="small", tone="muted", wrap=True)
        for button, signal in (
            (self._supplement, self.supplement_wanted),
            (self._promise, self.promise_wanted),
            (self._decline, self.decline_wanted),
            (self._park, self.park_wanted),
            (self._main, self.main_wanted),
        ):
            button.clicked.connect(self.settle)
            button.clicked.connect(signal)
        column = QVBoxLayout(self._side)
        column.setContentsMargins(16, 16, 14, 16)
        column.setSpacing(8)
        column.addWidget(self.panel, 1)
        for pair in ((self._supplement, self._park), (self._promise, self._decline)):
            line = QHBoxLayout()
            line.setSpacing(8)
            for button in pair:
                line.addWidget(button, 1)
            column.addLayout(line)
        column.addWidget(self._why)
        column.addWidget(self._main)
        return self._side

    def render_state(self, state: IntakeState) -> None:
        if state.whose != self._state.whose:
            self._forget()
        self._state = state
        self.bar.show_steps(state.steps, state.step)
        self.banner.show_words(state.banner.title, state.banner.remedy, state.banner.tone)
        # Only what is looked at is drawn; the rest when one goes there.
        match state.step if not state.hidden else "nothing":
            case "nothing":
                pass
            case "identity":
                self.identity.render_state(state.identity)
            case "matter":
                self.matter.render_state(state.matter)
            case "form":
                self.form.render_state(state.form)
            case "materials":
                self.materials.render_state(state.materials)
            case "review":
                self.review.render_state(state.review)
            case _:
                self.receipt.render_state(state.receipt)
        if state.step != self._drawn_step:
            self._drawn_step = state.step
            self._stack.setCurrentWidget(self._views[state.step])
            # After the shortcut or click that led here has run its course.
            QTimer.singleShot(0, self, self.take_focus)
        self.panel.render_state(state.panel)
        writing = bool(state.review.writing) and state.step == "review"
        over = state.step == "receipt"
        words = {"receive": "收件并打印凭证", "supplement": "收下补正"}
        self._main.show_words(words.get(state.main, "受理并打印回执"))
        self._main.setEnabled(state.main_ready and not state.working and not writing and not over)
        self._why.show_text(state.working or ("" if over else state.why_not))
        self._why.setVisible(bool(self._why.text()))
        self._supplement.setEnabled(state.can_supplement and not writing and not over)
        self._promise.setEnabled(state.can_promise and not over)
        self._decline.setEnabled(state.can_decline and not writing and not over)
        self._park.setEnabled(state.can_park and not over)
        for button in (self._supplement, self._promise, self._decline, self._park, self._main):
            button.setVisible(not over)
        self._jumps["identity"].setEnabled(state.step not in ("identity", "receipt"))
        self._jumps["matter"].setEnabled(state.step != "receipt")
        self._jumps["materials"].setEnabled(state.step not in ("identity", "materials", "receipt"))

    def _forget(self) -> None:
        self.identity.render_state(IdentityState())
        self.matter.render_state(MatterState())
        self.form.forget()
        self.materials.render_state(MaterialsState())
        self.review.render_state(ReviewState())
        self.receipt.render_state(ReceiptState())
        self.panel.render_state(PanelState())

    def settle(self) -> None:
        """Give what was typed in the field that has the focus: F9 and F10 must not lose it."""
        part: QWidget | None = self.focusWidget()
        while part is not None and part is not self:
            if isinstance(part, Field):
                part.settle()
                return
            part = part.parentWidget()

    def take_focus(self) -> None:
        """Put the hands where this step begins."""
        view = self._views[self._state.step]
        if isinstance(view, IdentityView | MatterView | FormView | MaterialsView | ReviewView | ReceiptView):
            view.take_focus()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = self.width() / tokens().scale  # 1192 beside the rail where a full screen is scaled by 1.5
        self._side.setFixedWidth(tokens().px(372 if wide >= 1600 else 306 if wide >= 1240 else 282))

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self.render_state(self._state)
        super().changeEvent(event)

    def _jump(self, step: str) -> None:
        if self._state.step == step:
            self.take_focus()
        else:
            self.step_wanted.emit(step)
