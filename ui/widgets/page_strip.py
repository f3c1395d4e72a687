"""The pages of a material: thumbnails in order, sides named, blanks hatched, to be dragged to another material."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QMimeData, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QFont,
    QImage,
    QKeyEvent,
    QPainter,
    QPen,
    QPixmap,
    QResizeEvent,
    QStandardItem,
    QStandardItemModel,
)
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from ui.theme import tokens
from ui.widgets.lines import PAGE_MIME, Index, page_in, page_mime, said_cut_or_paste

PAGE = Qt.ItemDataRole.UserRole + 1
ROW_HEIGHT = 150


@dataclass(frozen=True)
class PageShown:
    """One page; without a picture until it has been made."""

    key: str
    label: str  # 1 正
    note: str = ""  # 已纠偏 1.3°
    hidden: bool = False
    hidden_words: str = ""  # 空白 · 已隐藏
    picture: QImage | None = None


class _Pages(QStandardItemModel):
    """Knows which slot it shows, for dragging."""

    code = ""

    def mimeTypes(self) -> list[str]:
        return [PAGE_MIME]

    def mimeData(self, indexes: Sequence[Index]) -> QMimeData:
        return page_mime(self.code, indexes[0].data(PAGE).key)

    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction


class _Draws(QStyledItemDelegate):
    """Draws the pages. A thumbnail is made as large as it is drawn once, not every time: smoothly takes a while."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._fitted: dict[int, QPixmap] = {}  # by the picture's cacheKey

    def forget_others(self, pages: Sequence[PageShown]) -> None:
        """Keep no picture but those of these pages."""
        shown = {page.picture.cacheKey() for page in pages if page.picture is not None}
        self._fitted = {key: fitted for key, fitted in self._fitted.items() if key in shown}

    def _fit(self, picture: QImage, size: QSize, ratio: float) -> QPixmap:
        fitted = self._fitted.get(picture.cacheKey())
        if fitted is None or fitted.size() != size * ratio:
            smooth = Qt.TransformationMode.SmoothTransformation
            fitted = QPixmap.fromImage(picture.scaled(size * ratio, Qt.AspectRatioMode.IgnoreAspectRatio, smooth))
            self._fitted[picture.cacheKey()] = fitted
        return fitted

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(option.decorationSize)  # type: ignore[attr-defined]

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        page: PageShown = index.data(PAGE)
        worn = tokens()
        area = QRect(option.rect).adjusted(6, 6, -6, -4)  # type: ignore[attr-defined]
        foot = worn.px(24)
        sheet = QRect(area.left(), area.top(), area.width(), area.height() - foot)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.fillRect(sheet, QColor(worn.surface))
        font = QFont(option.font)  # type: ignore[attr-defined]
        font.setPixelSize(worn.px(13))
        painter.setFont(font)
        picture = page.picture
        if picture is not None and not picture.isNull():
            size = picture.size().scaled(sheet.size(), Qt.AspectRatioMode.KeepAspectRatio)
            place = QRect(sheet.left() + (sheet.width() - size.width()) // 2, sheet.top(), size.width(), size.height())
            place.moveTop(sheet.top() + (sheet.height() - size.height()) // 2)
            painter.drawPixmap(place, self._fit(picture, size, painter.device().devicePixelRatioF()))
        if page.hidden:
            painter.setOpacity(0.86)
            painter.fillRect(sheet, QColor(worn.bg))
            painter.setOpacity(1)
            painter.fillRect(sheet, _hatched(QColor(worn.line)))
            painter.setPen(QColor(worn.muted))
            painter.drawText(sheet, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, page.hidden_words)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)  # type: ignore[attr-defined]
        painter.setPen(QPen(QColor(worn.accent if chosen else worn.line), 2 if chosen else 1))
        painter.drawRect(sheet)
        below = QRect(sheet.left(), sheet.bottom() + 3, sheet.width(), foot - 3)
        painter.setPen(QColor(worn.text if chosen else worn.muted))
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, page.label)
        painter.setPen(QColor(worn.muted))
        left = below.width() - painter.fontMetrics().horizontalAdvance(page.label + "  ")
        note = painter.fontMetrics().elidedText(page.note, Qt.TextElideMode.ElideRight, left)
        painter.drawText(below, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, note)
        painter.restore()


def _hatched(colour: QColor) -> QColor:
    faint = QColor(colour)
    faint.setAlpha(90)
    return faint


class PageStrip(QListView):
    """Thumbnails in columns, or all of them in one low row.

    Signals:
        looked_at: The key of the page under the cursor.
        page_dropped: (from code, digest, index): a page was dropped between others.
        spaced: Space was pressed.
        cut, pasted: Ctrl+X, Ctrl+V.
    """

    looked_at = Signal(str)
    page_dropped = Signal(str, str, int)
    spaced = Signal()
    cut = Signal()
    pasted = Signal()

    def __init__(self, columns: int = 2, row: bool = False) -> None:
        super().__init__()
        self._columns, self._row = columns, row
        self._quiet = False
        self._pages = _Pages()
        self.setModel(self._pages)
        self._draws = _Draws(self)
        self.setItemDelegate(self._draws)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Snap)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        if row:
            self.setWrapping(False)
            self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            self.setFixedHeight(tokens().px(ROW_HEIGHT))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setDragEnabled(True)
        self.setAcceptDrops(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.selectionModel().currentChanged.connect(self._moved)

    def show_pages(self, code: str, pages: Sequence[PageShown], current: str) -> None:
        """Show the pages of a slot, the cursor on `current`. A page that only got its picture does not move."""
        self._quiet = True
        try:
            self._pages.code = code
            for row, page in enumerate(pages):
                item = self._pages.item(row)
                if item is None:
                    item = QStandardItem()
                    item.setEditable(False)
                    item.setDropEnabled(False)
                    self._pages.appendRow(item)
                old = item.data(PAGE)
                if old != page:
                    item.setData(page, PAGE)
                    item.setData(f"{page.label} {page.note}".strip(), Qt.ItemDataRole.AccessibleTextRole)
            self._draws.forget_others(pages)
            while self._pages.rowCount() > len(pages):
                self._pages.removeRow(self._pages.rowCount() - 1)
            for row, page in enumerate(pages):
                if page.key == current and self.currentIndex().row() != row:
                    self.setCurrentIndex(self._pages.index(row, 0))
            if not current:
                self.setCurrentIndex(self._pages.index(-1, 0))
        finally:
            self._quiet = False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.modifiers():
            self.spaced.emit()
            return
        if not said_cut_or_paste(self, event):
            super().keyPressEvent(event)

    def keyboardSearch(self, search: str) -> None:
        """Nothing: letters may come from a barcode scanner."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        foot = tokens().px(24) + 10
        if self._row:
            height = self.viewport().height() - 2
            size = QSize(round(max(height - foot, 48) / 1.36) + 12, height)
        else:
            width = (self.viewport().width() - 4) // self._columns
            size = QSize(max(width, 60), round(max(width - 12, 48) * 1.36) + foot)
        self.setGridSize(size)
        self.setIconSize(size)
        super().resizeEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasFormat(PAGE_MIME):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if event.mimeData().hasFormat(PAGE_MIME):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        if not event.mimeData().hasFormat(PAGE_MIME):
            return
        code, digest = page_in(event.mimeData())
        index = self.indexAt(event.position().toPoint())
        event.setDropAction(Qt.DropAction.CopyAction)  # the model of pages is the desk's, not this view's
        event.accept()
        self.page_dropped.emit(code, digest, index.row() if index.isValid() else self._pages.rowCount())

    def _moved(self, now: Index, before: Index) -> None:
        if now.isValid() and not self._quiet:
            self.looked_at.emit(now.data(PAGE).key)
