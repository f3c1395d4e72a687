"""A list of two-line entries with a pill: matters, materials, drafts, things to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QMimeData,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QFont,
    QFontMetrics,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPen,
)
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from ui.theme import legible, tokens

Index = QModelIndex | QPersistentModelIndex
PAGE_MIME = "application/x-tongban-page"
LINE = Qt.ItemDataRole.UserRole + 1


@dataclass(frozen=True)
class Line:
    """One entry. `key` tells it apart; a faint one can be looked at but not chosen."""

    key: str
    title: str
    sub: str = ""
    pill: str = ""
    tone: str = ""
    faint: bool = False
    head: str = ""  # a small heading above the first line of a group


class Lines(QAbstractListModel):
    """A snapshot of lines."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: tuple[Line, ...] = ()

    def feed(self, lines: Sequence[Line]) -> None:
        """Replace what is shown. Lines that stay keep their place, so the view does not jump."""
        new = tuple(lines)
        if new == self._lines:
            return
        if [line.key for line in new] == [line.key for line in self._lines]:
            self._lines = new
            self.dataChanged.emit(self.index(0), self.index(len(new) - 1))
            return
        self.beginResetModel()
        self._lines = new
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._lines)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        line = self._lines[index.row()]
        if role == LINE:
            return line
        if role == Qt.ItemDataRole.DisplayRole:
            return legible(line.title)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return legible(" ".join(part for part in (line.title, line.pill, line.sub) if part))
        return None

    def row_of(self, key: str) -> int:
        """Where a line is, or -1."""
        return next((row for row, line in enumerate(self._lines) if line.key == key), -1)


class _Draws(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        line: Line = index.data(LINE)
        height = (58 if line.sub else 44) + (26 if line.head else 0)
        return QSize(100, tokens().px(height))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        line: Line = index.data(LINE)
        worn = tokens()
        area = QRect(option.rect)  # type: ignore[attr-defined]
        state = option.state  # type: ignore[attr-defined]
        font: QFont = option.font  # type: ignore[attr-defined]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        small = QFont(font)
        small.setPixelSize(worn.px(13))
        if line.head:
            top = QRect(area.left(), area.top(), area.width(), worn.px(26))
            painter.fillRect(top, QColor(worn.bg))
            painter.setFont(small)
            painter.setPen(QColor(worn.muted))
            painter.drawText(top.adjusted(worn.px(16), 0, -8, 0), Qt.AlignmentFlag.AlignVCenter, line.head)
            area.setTop(area.top() + worn.px(26))
        selected = bool(state & QStyle.StateFlag.State_Selected)
        if selected:
            painter.fillRect(area, QColor(worn.weak))
            painter.fillRect(QRect(area.left(), area.top(), 3, area.height()), QColor(worn.accent))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(area, QColor(worn.hover))
        painter.setPen(QPen(QColor(worn.line)))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        inner = area.adjusted(worn.px(16), worn.px(8), -worn.px(12), -worn.px(8))
        first = QRect(inner.left(), inner.top(), inner.width(), worn.px(23))
        if not line.sub:
            first = inner
        right = self._pill(painter, line, first, small, worn.px(9), selected) if line.pill else first.right()
        title = first.adjusted(0, 0, right - first.right() - (8 if line.pill else 0), 0)
        painter.setFont(font)
        painter.setPen(QColor(worn.muted if line.faint else worn.text))
        _elided(painter, title, line.title, font)
        if line.sub:
            second = QRect(inner.left(), first.bottom(), inner.width(), inner.bottom() - first.bottom() + 2)
            painter.setFont(small)
            painter.setPen(QColor(worn.muted))
            _elided(painter, second, line.sub, small)
        if state & QStyle.StateFlag.State_HasFocus and not selected:
            painter.setPen(QPen(QColor(worn.accent)))
            painter.drawRect(area.adjusted(0, 0, -1, -1))
        painter.restore()

    def _pill(self, painter: QPainter, line: Line, area: QRect, font: QFont, pad: int, chosen: bool) -> int:
        """Draw the pill at the right; returns where it begins."""
        draw_pill(painter, line.pill, line.tone, area, font, pad, right=True, chosen=chosen)
        return area.right() - QFontMetrics(font).horizontalAdvance(legible(line.pill)) - 2 * pad


def draw_pill(
    painter: QPainter,
    text: str,
    tone: str,
    area: QRect,
    font: QFont,
    pad: int,
    right: bool = False,
    chosen: bool = False,
) -> None:
    """A pill inside `area`, at its left or right end; `chosen`: on the ground of the line under the cursor."""
    ink, ground = tokens().tone(tone)
    if chosen:
        ground = tokens().surface
    width = QFontMetrics(font).horizontalAdvance(legible(text)) + 2 * pad
    height = tokens().px(22)
    left = area.right() - width if right else area.left()
    box = QRectF(left, area.center().y() - height / 2 + 1, width, height)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(ground))
    painter.drawRoundedRect(box, height / 2, height / 2)
    painter.setPen(QColor(ink))
    painter.setFont(font)
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, legible(text))


def _elided(painter: QPainter, area: QRect, text: str, font: QFont) -> None:
    said = QFontMetrics(font).elidedText(legible(text), Qt.TextElideMode.ElideRight, area.width())
    painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, said)


def said_cut_or_paste(of: Any, event: QKeyEvent) -> bool:
    """Say Ctrl+X and Ctrl+V as the signals `cut` and `pasted` of a list."""
    for key, signal in ((QKeySequence.StandardKey.Cut, of.cut), (QKeySequence.StandardKey.Paste, of.pasted)):
        if event.matches(key):
            signal.emit()
            return True
    return False


class LineList(QListView):
    """The list as a person uses it: arrows to move, Enter to choose.

    Signals:
        looked_at: The key of the line under the cursor, moved there by the person.
        chosen: The key of the line on which Enter or a double click came.
        spaced: Space on the line under the cursor.
        pages_dropped: A page was dropped: (from code, digest, onto key).
        cut, pasted: Ctrl+X, Ctrl+V.
    """

    looked_at = Signal(str)
    chosen = Signal(str)
    spaced = Signal(str)
    pages_dropped = Signal(str, str, str)
    cut = Signal()
    pasted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines = Lines()
        self._quiet = False
        self.setModel(self._lines)
        self.setItemDelegate(_Draws(self))
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.activated.connect(lambda index: self.chosen.emit(index.data(LINE).key))
        self.selectionModel().currentChanged.connect(self._moved)

    def show_lines(self, lines: Sequence[Line], current: str | None = None) -> None:
        """Show these; `current` puts the cursor there without saying so."""
        kept = self.current_key()
        self._quiet = True
        try:
            self._lines.feed(lines)
            row = self._lines.row_of(kept if current is None else current)
            if row >= 0 and row != self.currentIndex().row():
                self.setCurrentIndex(self._lines.index(row))
        finally:
            self._quiet = False

    def current_key(self) -> str:
        """The line under the cursor, or ""."""
        line = self.currentIndex().data(LINE) if self.currentIndex().isValid() else None
        return line.key if isinstance(line, Line) else ""

    def step(self, by: int) -> None:
        """Move the cursor, for keys pressed in a search field above."""
        count = self._lines.rowCount()
        if count:
            row = min(max(self.currentIndex().row() + by, 0), count - 1)
            self.setCurrentIndex(self._lines.index(row))

    def count(self) -> int:
        """How many lines are shown."""
        return self._lines.rowCount()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers() & ~_KEYPAD:
            if self.current_key():
                self.chosen.emit(self.current_key())
            return
        if event.key() == Qt.Key.Key_Space and not event.modifiers():
            if self.current_key():
                self.spaced.emit(self.current_key())
            return
        if not said_cut_or_paste(self, event):
            super().keyPressEvent(event)

    def keyboardSearch(self, search: str) -> None:
        """Nothing: letters may come from a barcode scanner."""

    def accept_pages(self) -> None:
        """Let pages be dropped here."""
        self.setAcceptDrops(True)
        self.setDropIndicatorShown(True)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasFormat(PAGE_MIME):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if event.mimeData().hasFormat(PAGE_MIME) and self.indexAt(event.position().toPoint()).isValid():
            event.acceptProposedAction()
        else:
            event.ignore()

    def dropEvent(self, event: QDropEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and event.mimeData().hasFormat(PAGE_MIME):
            code, digest = page_in(event.mimeData())
            event.acceptProposedAction()
            self.pages_dropped.emit(code, digest, index.data(LINE).key)

    def _moved(self, now: QModelIndex, before: QModelIndex) -> None:
        if now.isValid() and not self._quiet:
            self.looked_at.emit(now.data(LINE).key)


_KEYPAD = Qt.KeyboardModifier.KeypadModifier


def page_mime(code: str, digest: str) -> QMimeData:
    """A page under way: which slot it comes from, and which it is."""
    mime = QMimeData()
    mime.setData(PAGE_MIME, f"{code}\n{digest}".encode())
    return mime


def page_in(mime: QMimeData) -> tuple[str, str]:
    """What `page_mime` wrote."""
    code, _, digest = bytes(mime.data(PAGE_MIME).data()).decode().partition("\n")
    return code, digest
