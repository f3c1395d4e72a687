"""The document camera inside the materials step: the live picture, what to do, the pages as they land."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ui.widgets.banner import Banner
from ui.widgets.card import Card
from ui.widgets.cornered import CorneredPicture, Corners, CornersEditor
from ui.widgets.empty import Empty
from ui.widgets.key_button import KeyButton
from ui.widgets.page_strip import PageShown, PageStrip
from ui.widgets.text import Pill, Text, Value
from ui.words import say


@dataclass(frozen=True)
class CameraState:
    """What the camera shows. Without a picture there are `words`, or `trouble` as title and remedy."""

    open: bool = False
    words: str = ""
    tone: str = "info"
    trouble: tuple[str, str] = ("", "")
    rgb: bytes = b""
    width: int = 0
    height: int = 0
    corners: Corners | None = None
    sure: bool = False  # nothing moves
    auto: bool = True
    may_take: bool = False
    may_learn: bool = False
    taken: str = ""  # 已拍 2 页


@dataclass(frozen=True)
class StraightenShown:
    """The corners of a page, to be moved. `picture` is a JPEG of all that the camera saw, empty until it has come."""

    page: str
    title: str = ""
    picture: bytes = b""
    corners: Corners | None = None


class CameraView(QWidget):
    """Draws a CameraState, and the pages of the material that is being photographed.

    Signals:
        take_wanted: Photograph what is shown.
        auto_wanted: Photograph by itself from now on, or no longer.
        learn_wanted: The mat is empty now.
        open_wanted, close_wanted: Open the camera again; leave it.
        page_looked_at: Key of the page under the cursor.
    """

    take_wanted = Signal()
    auto_wanted = Signal()
    learn_wanted = Signal()
    open_wanted = Signal()
    close_wanted = Signal()
    page_looked_at = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._state = CameraState()
        self._title, self._sides, self._taken = Value(bold=True), Pill(), Pill()
        self._words = Value(size="large", wrap=True)
        self._trouble = Banner(dismissable=False)
        self._picture = CorneredPicture()
        self._waiting = Empty("scan")
        self._strip = PageStrip(row=True)
        self._strip.looked_at.connect(self.page_looked_at)
        self._take = KeyButton("拍照", "Space", "primary")
        self._auto = KeyButton("自动拍：开", "Ctrl+A")
        self._learn = KeyButton("重新认台面", "Ctrl+M")
        self._open = KeyButton("再打开", "F5", "primary")
        self._close = KeyButton("收起", "Esc")
        for button, want in (
            (self._take, self.take_wanted),
            (self._auto, self.auto_wanted),
            (self._learn, self.learn_wanted),
            (self._open, self.open_wanted),
            (self._close, self.close_wanted),
        ):
            button.clicked.connect(want)
        card = Card(padded=False)
        card.add_head(self._title, self._sides, None, self._taken)
        inside = QVBoxLayout()
        inside.setContentsMargins(12, 10, 12, 6)
        inside.setSpacing(8)
        for part in (self._words, self._trouble):
            inside.addWidget(part)
        inside.addWidget(self._picture, 1)
        inside.addWidget(self._waiting, 1)
        inside.addWidget(self._strip)
        card.body.addLayout(inside, 1)
        card.body.addLayout(_foot(self._take, self._open, self._auto, self._learn, self._close))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(card)

    def show_pages(self, code: str, title: str, sides: str, pages: Sequence[PageShown], current: str) -> None:
        """The pages of the material, the newest in sight."""
        self._title.show_text(title)
        self._sides.show_text(sides)
        self._strip.setVisible(bool(pages))
        self._strip.show_pages(code, [replace(page, note="") for page in pages], current)  # too narrow for notes

    def render_state(self, state: CameraState) -> None:
        self._state = state
        in_trouble = bool(state.trouble[0])
        self._words.show_text(state.words, state.tone)
        self._words.setVisible(not in_trouble and bool(state.rgb))
        self._trouble.show_words(*state.trouble)
        self._picture.show_pixels(state.rgb, state.width, state.height)
        self._picture.show_corners(state.corners, state.sure)
        self._picture.setVisible(bool(state.rgb))
        self._waiting.setVisible(not state.rgb)
        if in_trouble:
            self._waiting.show_words(say("没有画面"), say("已经拍下的页都在，没有丢。"))
        else:
            advice = say("把照片存进文件夹的高拍仪，请在它自己的软件里拍，拍好就进来。")
            self._waiting.show_words(state.words, advice if state.words else "")
        self._taken.show_text(state.taken, "ok")
        self._take.setVisible(not in_trouble)
        self._open.setVisible(in_trouble)
        self._take.setEnabled(state.may_take)
        self._auto.setEnabled(not in_trouble)
        self._auto.show_words("自动拍：开" if state.auto else "自动拍：关")
        self._learn.setEnabled(state.may_learn)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self.render_state(self._state)
        super().changeEvent(event)


class StraightenView(QWidget):
    """Draws a StraightenShown.

    Signals:
        given: The corners where they are now.
        whole_wanted: No corners: the whole picture is the page.
        dropped: Leave them as they were.
    """

    given = Signal(object)
    whole_wanted = Signal()
    dropped = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._shown: StraightenShown | None = None
        self._title = Value(bold=True)
        self._editor = CornersEditor()
        self._waiting = Empty("page")
        give = self._give = KeyButton("就用这四角", "Return", "primary")
        whole = self._whole = KeyButton("用整幅", "Ctrl+0")
        drop = KeyButton("不改", "Esc")
        give.clicked.connect(lambda: self.given.emit(self._editor.corners))
        whole.clicked.connect(self.whole_wanted)
        drop.clicked.connect(self.dropped)
        card = Card(padded=False)
        card.add_head(self._title, None)
        inside = QVBoxLayout()
        inside.setContentsMargins(12, 10, 12, 6)
        inside.setSpacing(8)
        inside.addWidget(Text("拖动四角，或按 Tab 换角、方向键移动（按住 Shift 更快）。", tone="muted", wrap=True))
        inside.addWidget(self._editor, 1)
        inside.addWidget(self._waiting, 1)
        card.body.addLayout(inside, 1)
        card.body.addLayout(_foot(give, whole, drop))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(card)

    def render_state(self, shown: StraightenShown | None) -> None:
        """Show the page; one that is shown already keeps its corners where they were moved to."""
        before, self._shown = self._shown, shown
        if shown is None:
            self._editor.show_file(b"")
            return
        self._title.show_text(shown.title)
        if before is None or (before.page, before.picture) != (shown.page, shown.picture):
            self._editor.show_file(shown.picture)
            self._editor.show_corners(shown.corners)
        self._editor.setVisible(bool(shown.picture))
        self._waiting.setVisible(not shown.picture)
        self._waiting.show_words(say("正在打开"))
        self._give.setEnabled(bool(shown.picture))
        self._whole.setEnabled(bool(shown.picture))
        if shown.picture and (before is None or not before.picture):
            self._editor.setFocus(Qt.FocusReason.OtherFocusReason)


def _foot(*buttons: KeyButton) -> QHBoxLayout:
    foot = QHBoxLayout()
    foot.setContentsMargins(8, 8, 8, 10)
    foot.setSpacing(6)
    for button in buttons:
        foot.addWidget(button, 1)
    return foot
