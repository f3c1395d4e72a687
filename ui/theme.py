"""Tokens (colours, type scale, spacing) and how they become a style sheet: light, high contrast, large."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from functools import cache
from string import Template

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QIcon, QPainter, QPalette, QPixmap, QPixmapCache
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from ui.words import RESOURCES

# The first family that has a character draws it: HanaMin holds the rare ones up to extension F.
FAMILIES = ("Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "HanaMinA", "HanaMinB")
PRIVATE_USE = re.compile("[\ue000-\uf8ff\U000f0000-\U0010fffd]")


@dataclass(frozen=True)
class Tokens:
    """Colours as #RRGGBB; `scale` multiplies every size."""

    bg: str = "#F3F5F8"
    surface: str = "#FFFFFF"
    line: str = "#D9E0E8"
    strong_line: str = "#8592A0"  # borders of what can be typed into: 3:1 against the surface
    text: str = "#1A2530"
    muted: str = "#566575"
    accent: str = "#1D5FBF"
    accent_dark: str = "#174E9E"
    on_accent: str = "#FFFFFF"
    weak: str = "#E7EFFB"
    hover: str = "#F6F8FB"
    ok: str = "#1B7A4B"
    okw: str = "#E5F4EC"
    warn: str = "#9A5B00"
    warnw: str = "#FFF3DC"
    bad: str = "#B3261E"
    badw: str = "#FCE9E7"
    scale: float = 1.0

    def tone(self, name: str) -> tuple[str, str]:
        """Ink and ground of a tone: ok, warn, bad, info, or plain."""
        pairs = {
            "ok": (self.ok, self.okw),
            "warn": (self.warn, self.warnw),
            "bad": (self.bad, self.badw),
            "info": (self.accent, self.weak),
        }
        return pairs.get(name, (self.muted, self.bg))

    def px(self, size: float) -> int:
        """A size of the design in pixels."""
        return round(size * self.scale)


LIGHT = Tokens()
CONTRAST = Tokens(
    bg="#FFFFFF",
    line="#4A4A4A",
    strong_line="#000000",
    text="#000000",
    muted="#262626",
    accent="#00357F",
    accent_dark="#00245A",
    weak="#D6E4FF",
    hover="#EDEDED",
    ok="#00502B",
    okw="#DDF5E6",
    warn="#663C00",
    warnw="#FFEBC2",
    bad="#8C0008",
    badw="#FFE1DE",
)
LARGE = 1.3
THEMES = {
    "light": LIGHT,
    "contrast": CONTRAST,
    "large": replace(LIGHT, scale=LARGE),
    "large_contrast": replace(CONTRAST, scale=LARGE),
}


def tokens() -> Tokens:
    """The tokens that the application wears now."""
    application = QApplication.instance()
    worn = application.property("tokens") if application is not None else None
    return worn if isinstance(worn, Tokens) else LIGHT


def wear(application: QApplication, name: str) -> None:
    """Dress the application. May be called again at run time."""
    worn = THEMES[name]
    application.setProperty("tokens", worn)
    font = QFont()
    font.setFamilies(list(FAMILIES))
    font.setPixelSize(worn.px(15))
    font.setFeature(QFont.Tag("tnum"), 1)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    application.setFont(font)
    application.setPalette(_palette(worn))
    application.setStyleSheet(style_sheet(worn))


def style_sheet(worn: Tokens) -> str:
    """resources/qss/counter.qss with the tokens filled in; sizes in it are written ``${15px}``."""
    text = (RESOURCES / "qss" / "counter.qss").read_text(encoding="utf-8")
    text = re.sub(r"\$\{([\d.]+)px\}", lambda found: f"{worn.px(float(found[1]))}px", text)
    return Template(text).substitute(asdict(worn), drawn=(RESOURCES / "qss").as_posix())


def _palette(worn: Tokens) -> QPalette:
    palette = QPalette()
    roles = QPalette.ColorRole
    for role, colour in {
        roles.Window: worn.bg,
        roles.WindowText: worn.text,
        roles.Base: worn.surface,
        roles.AlternateBase: worn.hover,
        roles.Text: worn.text,
        roles.Button: worn.surface,
        roles.ButtonText: worn.text,
        roles.Highlight: worn.accent,
        roles.HighlightedText: worn.on_accent,
        roles.PlaceholderText: worn.muted,
        roles.ToolTipBase: worn.surface,
        roles.ToolTipText: worn.text,
    }.items():
        palette.setColor(role, QColor(colour))
    return palette


def icon(name: str, colour: str | None = None, size: int = 24) -> QIcon:
    """One of resources/icons in a colour (the text's unless told)."""
    return QIcon(icon_pixmap(name, colour or tokens().text, size, 2.0))


@cache
def _drawing(name: str) -> str:
    return (RESOURCES / "icons" / f"{name}.svg").read_text(encoding="utf-8")


def icon_pixmap(name: str, colour: str, size: int, ratio: float = 1.0) -> QPixmap:
    """The icon drawn at `size` logical pixels."""
    kept, pixmap = f"{name} {colour} {size} {ratio}", QPixmap()
    if QPixmapCache.find(kept, pixmap):
        return pixmap
    renderer = QSvgRenderer(QByteArray(_drawing(name).replace("currentColor", colour).encode()))
    pixmap = QPixmap(round(size * ratio), round(size * ratio))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    renderer.render(painter, QRectF(0, 0, size * ratio, size * ratio))
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    QPixmapCache.insert(kept, pixmap)
    return pixmap


def legible(text: str) -> str:
    """The text with every private-use character, for which no font can be right, as its code in brackets."""
    return PRIVATE_USE.sub(lambda found: f"[{ord(found[0]):04X}]", text)
