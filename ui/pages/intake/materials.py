"""Step 4, 材料: the list at the left, the pages in the middle, one of them readable at the right."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QSplitter, QVBoxLayout, QWidget

from ui.pages.intake.camera import CameraView, StraightenShown, StraightenView
from ui.theme import tokens
from ui.widgets.card import Card
from ui.widgets.empty import Empty
from ui.widgets.key_button import KeyButton
from ui.widgets.lines import Line, LineList
from ui.widgets.page_strip import PageShown, PageStrip
from ui.widgets.preview import Preview
from ui.widgets.text import Pill, Text, Value
from ui.words import say


@dataclass(frozen=True)
class MaterialsState:
    """What the materials step shows."""

    lines: tuple[Line, ...] = ()
    summary: str = ""  # 6 项 · 已齐 4
    current: str = ""  # code of the material
    title: str = ""
    needs: str = ""  # what this material must be, and what a reviewer looks for
    sides: str = ""  # 2 正 / 2 反
    pages: tuple[PageShown, ...] = ()
    page: str = ""  # key of the page under the cursor
    preview: QImage | None = None
    preview_words: str = ""
    scanning: str = ""  # 正在扫描，第 5 张; empty when not
    scanning_into: str = ""
    verified: str = ""  # 已核对 10:41 周敏
    returned: str = ""
    feed: str = "单面"  # how paper goes in
    resumes: str = ""  # 接第 4 页: the stack broke off there
    can_backs: bool = False  # a one-sided stack is through, its backs may follow
    can_scan: bool = True
    scan_words: str = ""  # why not, or which scanner
    can_photograph: bool = False
    camera_open: bool = False  # the camera stands where pages and preview are
    can_straighten: bool = False  # the page under the cursor is a photograph
    straighten: StraightenShown | None = None  # the corners of a page stand there
    can_promise: bool = False
    promised: str = ""
    is_application_form: bool = False
    form_printed: str = ""
    signing: bool = False  # the form stands before the applicant
    signed: str = ""  # 签名板签字 10:41
    printing: bool = False
    library: tuple[Line, ...] = ()  # what the citizen already gave, once asked for
    library_open: bool = False
    library_count: int = 0
    held: str = ""  # words about the page that was cut and waits to be put down


class MaterialsView(QWidget):
    """Draws a MaterialsState. The camera's own signals are on `camera`, those of a page's corners on `straighten`.

    Signals:
        material_looked_at, page_looked_at: What is under the cursor now.
        scan_wanted, photograph_wanted, rescan_wanted, stop_wanted: With the scanner or the document camera.
        feed_wanted: The next way in which paper goes in.
        backs_wanted: The backs of a stack that was turned over.
        insert_wanted: What lies in the scanner goes behind the page under the cursor.
        rotate_wanted: Quarter turns clockwise.
        straighten_wanted: The corners of the page under the cursor are to be moved.
        blanks_wanted: Hide the page under the cursor, or show it.
        verify_wanted, return_wanted, promise_wanted, print_form_wanted, library_wanted: On the material.
        print_separators_wanted: A sheet for each material, to be laid between them.
        sign_form_wanted: The applicant is to sign the form on the second screen, or not after all.
        library_chosen: Key of what is to be taken from the shared library.
        page_moved: (from code, page, to code, index); an index of -1 is the end.
        cut_wanted, paste_wanted: Move a page by keyboard.
        preview_width: How wide the preview is.
        next_wanted, back_wanted: Go on, go back.
    """

    material_looked_at = Signal(str)
    page_looked_at = Signal(str)
    scan_wanted = Signal()
    photograph_wanted = Signal()
    feed_wanted = Signal()
    backs_wanted = Signal()
    insert_wanted = Signal()
    rescan_wanted = Signal()
    stop_wanted = Signal()
    rotate_wanted = Signal(int)
    straighten_wanted = Signal()
    blanks_wanted = Signal()
    verify_wanted = Signal()
    return_wanted = Signal()
    promise_wanted = Signal()
    print_form_wanted = Signal()
    print_separators_wanted = Signal()
    sign_form_wanted = Signal()
    library_wanted = Signal()
    library_chosen = Signal(str)
    page_moved = Signal(str, str, str, int)
    cut_wanted = Signal()
    paste_wanted = Signal()
    preview_width = Signal(int)
    next_wanted = Signal()
    back_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._state = MaterialsState()
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setChildrenCollapsible(False)
        self.camera, self.straighten = CameraView(), StraightenView()
        self.camera.page_looked_at.connect(self.page_looked_at)
        listed = self._build_list()
        self._pages, self._reading = self._build_pages(), self._build_preview()
        for part in (listed, self._pages, self._reading, self.camera, self.straighten):
            splitter.addWidget(part)
        for at, share in enumerate((5, 6, 8, 14, 14)):
            splitter.setStretchFactor(at, share)
        splitter.setSizes([tokens().px(300), tokens().px(330), tokens().px(520), tokens().px(850), tokens().px(850)])
        self.camera.hide()
        self.straighten.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(splitter)

    def _build_list(self) -> Card:
        card = Card(padded=False)
        self._summary = Value(tone="muted")
        card.add_head(Text("材料", bold=True), self._summary, None)
        self._list = LineList()
        self._list.accept_pages()
        self._list.looked_at.connect(self.material_looked_at)
        self._list.chosen.connect(lambda _: self._strip.setFocus(Qt.FocusReason.TabFocusReason))
        self._list.spaced.connect(lambda _: self.verify_wanted.emit())
        self._list.pages_dropped.connect(lambda code, page, onto: self.page_moved.emit(code, page, onto, -1))
        card.body.addWidget(self._list, 1)
        self._library = LineList()
        self._library.chosen.connect(self.library_chosen)
        self._library_card = Card("共享库里已有的", padded=False)
        self._library_card.body.addWidget(self._library)
        card.body.addWidget(self._library_card)
        self._print_form = KeyButton("打印申请表", "Ctrl+P")
        self._print_separators = KeyButton("分隔页", "Ctrl+N")
        self._sign_form = KeyButton("申请人签字", "Ctrl+G")
        self._from_library = KeyButton("共享库", "Ctrl+L")
        self._back = KeyButton("上一步", "Alt+Left")
        self._next = KeyButton("下一步", "Ctrl+Return", "primary")
        self._print_form.clicked.connect(self.print_form_wanted)
        self._print_separators.clicked.connect(self.print_separators_wanted)
        self._sign_form.clicked.connect(self.sign_form_wanted)
        self._from_library.clicked.connect(self.library_wanted)
        self._back.clicked.connect(self.back_wanted)
        self._next.clicked.connect(self.next_wanted)
        foot = QVBoxLayout()
        foot.setContentsMargins(8, 8, 8, 10)
        foot.setSpacing(8)
        rows = (
            (self._print_form, self._from_library),
            (self._sign_form, self._print_separators),
            (self._back, self._next),
        )
        for row in rows:
            line = QHBoxLayout()
            line.setSpacing(6)
            for button in row:
                line.addWidget(button, 1)
            foot.addLayout(line)
        card.body.addLayout(foot)
        return card

    def _build_pages(self) -> Card:
        card = Card(padded=False)
        self._title = Value(bold=True)
        self._sides = Pill()
        card.add_head(self._title, self._sides, None)
        self._needs = Value(tone="muted", size="small", wrap=True)
        self._needs.setContentsMargins(16, 8, 16, 4)
        card.body.addWidget(self._needs)
        self._strip = PageStrip()
        self._strip.looked_at.connect(self.page_looked_at)
        self._strip.spaced.connect(self.verify_wanted)
        self._strip.page_dropped.connect(
            lambda code, page, index: self.page_moved.emit(code, page, self._state.current, index)
        )
        self._no_pages = Empty("scan")
        card.body.addWidget(self._strip, 1)
        card.body.addWidget(self._no_pages, 1)
        for pages in (self._strip, self._list):
            pages.cut.connect(self.cut_wanted)
            pages.pasted.connect(self.paste_wanted)
        self._progress_words = Value(size="small")
        self._progress = QProgressBar()
        self._progress.setRange(0, 0)
        self._progress.setTextVisible(False)
        self._stop = KeyButton("停止", "Esc")
        self._stop.clicked.connect(self.stop_wanted)
        self._running = QWidget()
        running = QHBoxLayout(self._running)
        running.setContentsMargins(0, 0, 0, 0)
        running.addWidget(self._progress_words)
        running.addWidget(self._progress)
        running.addWidget(self._stop)
        self._scan = KeyButton("扫描", "F4", "primary")
        self._feed = KeyButton("单面", "Ctrl+M")
        self._backs = KeyButton("扫反面", "Shift+F4")
        self._photograph = KeyButton("高拍仪", "F5")
        self._rescan = KeyButton("重扫此页", "Ctrl+R")
        self._insert = KeyButton("插页", "Ctrl+I")
        self._scan.clicked.connect(self.scan_wanted)
        self._photograph.clicked.connect(self.photograph_wanted)
        self._rescan.clicked.connect(self.rescan_wanted)
        self._feed.clicked.connect(self.feed_wanted)
        self._backs.clicked.connect(self.backs_wanted)
        self._insert.clicked.connect(self.insert_wanted)
        self._scan_words = Value(size="small", tone="muted", wrap=True)
        self._held = Value(size="small", tone="info", wrap=True)
        foot = QVBoxLayout()
        foot.setContentsMargins(8, 8, 8, 10)
        foot.setSpacing(8)
        for part in (self._held, self._running, self._scan_words):
            foot.addWidget(part)
        rows = ((self._scan, self._feed), (self._backs, self._insert), (self._rescan, self._photograph))
        for row in rows:
            line = QHBoxLayout()
            line.setSpacing(6)
            for button in row:
                line.addWidget(button, 1)
            foot.addLayout(line)
        card.body.addLayout(foot)
        return card

    def _build_preview(self) -> Card:
        card = Card(padded=False)
        self._preview = Preview()
        self._preview.width_wanted.connect(self.preview_width)
        self._verified, self._returned = Pill(), Pill()
        self._size = KeyButton("原大", "Ctrl+0", "plain")
        self._size.clicked.connect(self._toggle_size)
        card.add_head(self._verified, self._returned, None, self._size)
        card.body.addWidget(self._preview, 1)
        self._verify = KeyButton("已核对原件", "Space", listens=False)
        self._return = KeyButton("已退还", "Ctrl+T")
        self._rotate = KeyButton("旋转", "Ctrl+Right")
        self._blank = KeyButton("隐藏此页", "Ctrl+B")
        self._straighten = KeyButton("调四角", "Ctrl+K")
        self._verify.clicked.connect(self.verify_wanted)
        self._return.clicked.connect(self.return_wanted)
        self._rotate.clicked.connect(lambda: self.rotate_wanted.emit(1))
        self._blank.clicked.connect(self.blanks_wanted)
        self._straighten.clicked.connect(self.straighten_wanted)
        foot = QVBoxLayout()
        foot.setContentsMargins(8, 8, 8, 10)
        foot.setSpacing(8)
        for row in ((self._verify, self._return), (self._rotate, self._blank), (self._straighten,)):
            line = QHBoxLayout()
            line.setSpacing(6)
            for button in row:
                line.addWidget(button, 1)
            foot.addLayout(line)
        card.body.addLayout(foot)
        return card

    def render_state(self, state: MaterialsState) -> None:
        self._state = state
        self._summary.show_text(state.summary)
        self._list.show_lines(state.lines, state.current)
        self._library_card.setVisible(state.library_open)
        self._library.show_lines(state.library)
        self._library.setFixedHeight(max(1, min(len(state.library), 4)) * tokens().px(58))
        self._from_library.show_words("收起" if state.library_open else "共享库")
        self._from_library.setEnabled(bool(state.current))
        self._print_separators.setToolTip(say("每项材料一张，夹在一叠里一次扫完，各归各项。"))
        self._print_separators.setEnabled(bool(state.lines) and not state.printing)
        self._print_form.setEnabled(bool(state.lines) and not state.printing and not state.signing)
        self._sign_form.show_words("不签了" if state.signing else "申请人签字")
        self._sign_form.setEnabled(bool(state.lines) and not state.printing)
        self._title.show_text(state.title)
        self._sides.show_text(state.sides)
        self._needs.show_text(state.needs)
        self._strip.show_pages(state.current, state.pages, state.page)
        self._strip.setVisible(bool(state.pages))
        self._no_pages.setVisible(not state.pages)
        self._show_empty(state)
        self._running.setVisible(bool(state.scanning))
        self._progress_words.show_text(state.scanning)
        self._scan.setEnabled(state.can_scan and not state.scanning and bool(state.current))
        self._scan.show_words(state.resumes or "扫描")
        self._feed.show_words(state.feed)
        self._feed.setEnabled(state.can_scan and not state.scanning)
        self._feed.setToolTip(say("换进纸方式：单面、双面、平板"))
        self._backs.setToolTip(say("单面扫完后，整叠翻过来，扫反面"))
        self._insert.setToolTip(say("把扫描仪里的纸插到此页后面"))
        self._backs.setEnabled(state.can_backs and state.can_scan and not state.scanning)
        self._scan_words.show_text(state.scan_words)
        self._scan_words.setVisible(bool(state.scan_words) and not state.scanning)
        self._photograph.setEnabled(state.can_photograph)
        self._photograph.setToolTip("" if state.can_photograph else say("这台机器没有高拍仪"))
        page = next((one for one in state.pages if one.key == state.page), None)
        self._rescan.setEnabled(page is not None and state.can_scan and not state.scanning)
        self._insert.setEnabled(self._rescan.isEnabled())
        self._rotate.setEnabled(page is not None)
        self._blank.setEnabled(page is not None)
        self._blank.show_words("显示此页" if page is not None and page.hidden else "隐藏此页")
        self._preview.show_picture(state.preview, state.preview_words)
        self._size.setVisible(bool(state.preview))
        self._verified.show_text(state.verified or state.signed, "ok")
        self._returned.show_text(state.returned, "info")
        self._verify.setEnabled(bool(state.pages))
        self._verify.show_words("取消已核对" if state.verified else "已核对原件")
        self._return.show_words("取消已退还" if state.returned else "已退还")
        self._return.setEnabled(bool(state.pages))
        self._held.show_text(state.held)
        self._held.setVisible(bool(state.held))
        self._straighten.setVisible(state.can_straighten)
        self._show_parts(state)

    def _show_parts(self, state: MaterialsState) -> None:
        """Pages and preview, or in their place the camera or a page's corners."""
        straightens = state.straighten is not None
        photographed, had = not self.camera.isHidden(), not self.straighten.isHidden()
        self._pages.setVisible(not state.camera_open and not straightens)
        self._reading.setVisible(not state.camera_open and not straightens)
        self.camera.setVisible(state.camera_open and not straightens)
        self.straighten.setVisible(straightens)
        self.straighten.render_state(state.straighten)
        self.camera.show_pages(state.current, state.title, state.sides, state.pages, state.page)
        if had and not straightens:
            self._strip.setFocus(Qt.FocusReason.OtherFocusReason)
        elif photographed is not state.camera_open:  # what had the focus may have gone
            self._list.setFocus(Qt.FocusReason.OtherFocusReason)

    def take_focus(self) -> None:
        self._list.setFocus(Qt.FocusReason.OtherFocusReason)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self.render_state(self._state)
        super().changeEvent(event)

    def _show_empty(self, state: MaterialsState) -> None:
        if state.scanning and state.scanning_into == state.current:
            self._no_pages.show_words(say("正在扫描"), say("扫好一张显示一张，可以先去做别的。"))
        elif state.signing:
            self._no_pages.show_words(say("申请人正在看表签字"), say("签好后自己归到这里。不签了按 Ctrl+G。"))
        elif state.is_application_form and not state.form_printed:
            self._no_pages.show_words(
                say("请申请人签申请表"),
                say("按 Ctrl+G 在屏幕或签名板上签；或打印签好再扫描，二维码会让它自己归到这里。"),
            )
        elif state.promised:
            self._no_pages.show_words(state.promised)
        else:
            self._no_pages.show_words(say("还没有页"), say("把纸放进扫描仪，按 F4。"))

    def _toggle_size(self) -> None:
        self._preview.toggle_size()
        self._size.show_words("适合宽度" if self._preview.whole_size else "原大")
