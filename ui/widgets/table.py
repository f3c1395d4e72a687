"""A table of short values, one line a row, pills where a cell is a state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QRect, Qt, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from ui.theme import legible, tokens
from ui.widgets.lines import draw_pill
from ui.words import say

Index = QModelIndex | QPersistentModelIndex
CELL = Qt.ItemDataRole.UserRole + 1


@dataclass(frozen=True)
class Cell:
    """One value; with a tone it is drawn as a pill."""

    text: str
    tone: str = ""
    bold: bool = False
    right: bool = False
    muted: bool = False


@dataclass(frozen=True)
class Row:
    """One row; `key` tells it apart."""

    key: str
    cells: tuple[Cell, ...]


class Rows(QAbstractTableModel):
    """A snapshot of rows under fixed headings."""

    def __init__(self, headings: Sequence[str]) -> None:
        super().__init__()
        self._headings = tuple(headings)
        self._rows: tuple[Row, ...] = ()

    def feed(self, rows: Sequence[Row]) -> None:
        """Replace what is shown; the same rows with other values do not move the cursor."""
        new = tuple(rows)
        if new == self._rows:
            return
        if [row.key for row in new] == [row.key for row in self._rows]:
            self._rows = new
            self.dataChanged.emit(self.index(0, 0), self.index(len(new) - 1, len(self._headings) - 1))
            return
        self.beginResetModel()
        self._rows = new
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return len(self._headings)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return say(self._headings[section])
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            # Figures and their heading stand at the right.
            right = bool(self._rows) and self._rows[0].cells[section].right
            side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        cell = self._rows[index.row()].cells[index.column()]
        if role == CELL:
            return cell
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return legible(cell.text)
        return None

    def key(self, row: int) -> str:
        return self._rows[row].key if 0 <= row < len(self._rows) else ""

    def row_of(self, key: str) -> int:
        return next((at for at, row in enumerate(self._rows) if row.key == key), -1)


class _Draws(QStyledItemDelegate):
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        cell: Cell = index.data(CELL)
        worn = tokens()
        area = QRect(option.rect)  # type: ignore[attr-defined]
        state = option.state  # type: ignore[attr-defined]
        font = QFont(option.font)  # type: ignore[attr-defined]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        selected = bool(state & QStyle.StateFlag.State_Selected)
        if selected:
            painter.fillRect(area, QColor(worn.weak))
            if index.column() == 0:
                painter.fillRect(QRect(area.left(), area.top(), 3, area.height()), QColor(worn.accent))
        painter.setPen(QColor(worn.line))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        inner = area.adjusted(worn.px(12), 0, -worn.px(12), 0)
        if cell.tone and cell.text:
            font.setPixelSize(worn.px(13))
            draw_pill(painter, cell.text, cell.tone, inner, font, worn.px(9), chosen=selected)
        else:
            font.setBold(cell.bold)
            painter.setFont(font)
            painter.setPen(QColor(worn.muted if cell.muted else worn.text))
            said = painter.fontMetrics().elidedText(legible(cell.text), Qt.TextElideMode.ElideRight, inner.width())
            side = Qt.AlignmentFlag.AlignRight if cell.right else Qt.AlignmentFlag.AlignLeft
            painter.drawText(inner, side | Qt.AlignmentFlag.AlignVCenter, said)
        painter.restore()


class Table(QTableView):
    """The table as a person uses it: arrows to move, Enter to open.

    Args:
        columns: (heading, width); a width of 0 takes what is left.

    Signals:
        looked_at: The key of the row under the cursor, moved there by the person.
        chosen: The key of the row on which Enter or a double click came.
    """

    looked_at = Signal(str)
    chosen = Signal(str)

    def __init__(self, columns: Sequence[tuple[str, int]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows = Rows([heading for heading, _ in columns])
        self._quiet = False
        self.setModel(self._rows)
        self.setItemDelegate(_Draws(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(tokens().px(44))
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        for at, (_, width) in enumerate(columns):
            stretch = QHeaderView.ResizeMode.Stretch if width == 0 else QHeaderView.ResizeMode.Fixed
            header.setSectionResizeMode(at, stretch)
            if width:
                header.resizeSection(at, tokens().px(width))
        self.activated.connect(lambda index: self.chosen.emit(self._rows.key(index.row())))
        self.selectionModel().currentRowChanged.connect(self._moved)

    def show_rows(self, rows: Sequence[Row], current: str | None = None) -> None:
        """Show these; the cursor stays on its row where that is still there."""
        kept = self.current_key() if current is None else current
        self._quiet = True
        try:
            self._rows.feed(rows)
            at = self._rows.row_of(kept)
            if at >= 0 and at != self.currentIndex().row():
                self.selectRow(at)
        finally:
            self._quiet = False

    def current_key(self) -> str:
        return self._rows.key(self.currentIndex().row()) if self.currentIndex().isValid() else ""

    def step(self, by: int) -> None:
        """Move the cursor, for keys pressed in a search field above."""
        count = self._rows.rowCount()
        if count:
            self.selectRow(min(max(self.currentIndex().row() + by, 0), count - 1))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.current_key():
            self.chosen.emit(self.current_key())
            return
        super().keyPressEvent(event)

    def keyboardSearch(self, search: str) -> None:
        """Nothing: letters may come from a barcode scanner."""

    def _moved(self, now: QModelIndex, before: QModelIndex) -> None:
        if now.isValid() and not self._quiet:
            self.looked_at.emit(self._rows.key(now.row()))
