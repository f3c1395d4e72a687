"""What is typed of whom no identity card says who they are: everything, or what opens another document's chip."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from ui.widgets.field import Answered, Asked, Field
from ui.widgets.key_button import KeyButton
from ui.widgets.text import Pill, Text
from ui.words import say

OTHER = ("number", "birth", "expiry")


class ManualForm(QScrollArea):
    """人工录入: the reason is asked, the photographed page offered.

    Signals:
        typed, given: The fields, as a dict; its "reason" says why. As they stand, and to be used.
        page_wanted: Photograph a page of the document.
    """

    typed = Signal(object)
    given = Signal(object)
    page_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._fields: dict[str, Field] = {}
        self._documents: tuple[tuple[str, str], ...] = ()
        inside = QWidget()
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(0, 0, 6, 0)
        self._column.setSpacing(8)
        self._column.addWidget(
            Text("没有可读的身份证时才用。办件和纸面都会标明“人工录入”。", tone="muted", size="small", wrap=True)
        )
        self._scan = KeyButton("拍下证件页", "F4")
        self._scan.clicked.connect(self.page_wanted)
        self._page = Pill()
        self._give = KeyButton("用这些内容", "Ctrl+Return", "primary")
        self._give.clicked.connect(self._said)
        self.setWidget(inside)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def show_form(
        self, documents: tuple[tuple[str, str], ...], given: Mapping[str, str], wrong: Mapping[str, str], page: bool
    ) -> None:
        """`documents` are (value, words); `page`: one of the document was photographed."""
        if documents and documents != self._documents:
            self._build(documents)
        if not self._fields:
            return
        for name, part in self._fields.items():
            first = self._documents[0][0] if name == "document_type" and self._documents else ""
            part.show_answer(Answered(given.get(name, first), wrong=wrong.get(name, "")))
        self._page.show_text(say("已拍 1 页") if page else say("没有拍证件页"), "ok" if page else "")

    def take_focus(self) -> None:
        self._fields["name"].take_focus()

    def _build(self, documents: tuple[tuple[str, str], ...]) -> None:
        for part in self._fields.values():
            part.deleteLater()
        self._documents = documents
        asked = (
            Asked("document_type", "证件", "choice", True, documents),
            Asked("name", "姓名", required=True, max_length=120),
            Asked("number", "证件号码", required=True, max_length=40, latin=True),
            Asked("sex", "性别", "choice", False, (("男", "男"), ("女", "女"))),
            Asked("birth_date", "出生日期", "date"),
            Asked("address", "住址", max_length=200),
            Asked("reason", "录入原因", required=True, hint="如：身份证消磁，已预约换领", max_length=100),
        )
        self._fields = {one.name: Field(one, 104, False) for one in asked}
        names = [one.name for one in asked]
        for at, one in enumerate(asked):
            part = self._fields[one.name]
            part.answered.connect(lambda *_: self.typed.emit(self._values()))
            self._column.insertWidget(at + 1, part)
            following = names[at + 1] if at + 1 < len(names) else ""
            part.done.connect(lambda _, to=following: self._fields[to].take_focus() if to else self._said())
        if self._column.count() == len(asked) + 1:
            row = QHBoxLayout()
            for widget in (self._scan, self._page):
                row.addWidget(widget)
            row.addStretch(1)
            row.addWidget(self._give)
            self._column.addLayout(row)
            self._column.addStretch(1)

    def _values(self) -> dict[str, str]:
        return {name: part.value() for name, part in self._fields.items()}

    def _said(self) -> None:
        self.given.emit(self._values())


class OtherForm(QWidget):
    """其他卡证: a social-security card is read as it lies; a travel document's chip wants what is printed in it.

    Signals:
        typed, given: What opens the chip (OTHER), as a dict. As it stands, and to be used.
    """

    typed = Signal(object)
    given = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        asked = (
            Asked("number", "证件号码", hint="护照、通行证上印的号码", max_length=22, latin=True),
            Asked("birth", "出生日期", "date"),
            Asked("expiry", "有效期至", "date"),
        )
        self._fields = {one.name: Field(one, 104, False) for one in asked}
        self._read = KeyButton("读这张卡", "Ctrl+Return", "primary")
        self._read.clicked.connect(self._said)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 6, 0)
        column.setSpacing(8)
        for text in (
            "社会保障卡：插好后直接读，下面不用填。",
            "护照、通行证：把芯片页放在阅读器上，扫一下页底的机读码；扫不了的，照证件填下面三项。",
        ):
            column.addWidget(Text(text, tone="muted", wrap=True))
        for name, part in self._fields.items():
            part.answered.connect(lambda *_: self.typed.emit(self._values()))
            following = OTHER[OTHER.index(name) + 1 :][:1]
            part.done.connect(lambda _, to=following: self._fields[to[0]].take_focus() if to else self._said())
            column.addWidget(part)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self._read)
        column.addLayout(row)
        column.addStretch(1)

    def show_form(self, given: Mapping[str, str], wrong: Mapping[str, str], reading: bool) -> None:
        for name, part in self._fields.items():
            part.show_answer(Answered(given.get(name, ""), wrong=wrong.get(name, "")))
        self._read.setEnabled(not reading)
        self._read.show_words("正在读卡" if reading else "读这张卡")

    def take_focus(self) -> None:
        self._fields["number"].take_focus()

    def _values(self) -> dict[str, str]:
        return {name: str(part.value() or "") for name, part in self._fields.items()}

    def _said(self) -> None:
        self.given.emit(self._values())
