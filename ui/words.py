"""The words of the interface: Chinese stands in the code, other languages in resources/translations.

The Chinese sentence is the key. A widget says its words again when Qt sends it LanguageChange.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject, QTranslator

RESOURCES = Path(__file__).resolve().parent.parent / "resources"
CONTEXT = "tongban"


def say(text: str, **facts: object) -> str:
    """The text in the language of the moment, with its facts filled in.

    What follows a # is never shown: it tells a meaning from another that has the same words in Chinese. A number may
    choose between two words: ``{count} {count:page|pages}``.
    """
    said = QCoreApplication.translate(CONTEXT, text)
    if said == text:
        said = text.partition("#")[0]
    if not facts:
        return said
    return said.format(**{name: _Number(fact) if type(fact) is int else fact for name, fact in facts.items()})


class _Number(int):
    """A number that knows one from many."""

    def __format__(self, spec: str) -> str:
        one, either, many = spec.partition("|")
        return (one if self == 1 else many) if either else super().__format__(spec)


def listed(parts: Iterable[str]) -> str:
    """Things one after the other within a sentence."""
    return say("、").join(parts)


def clauses(parts: Iterable[str]) -> str:
    """Half sentences one after the other."""
    return say("；").join(parts)


def about(what: str, words: str) -> str:
    """Of what something is said, and what: 面积：要填数字. One of them may be ""."""
    return say("：").join(part for part in (what, words) if part)


class _Table(QTranslator):
    def __init__(self, words: Mapping[str, str], parent: QObject) -> None:
        super().__init__(parent)
        self._words = words

    def translate(  # type: ignore[override]
        self, context: str, text: str, disambiguation: str | None = None, n: int = -1
    ) -> str | None:
        # None, not "": Qt takes an empty string for a translation.
        return self._words.get(text) if context == CONTEXT else None

    def isEmpty(self) -> bool:
        return False


class Language(QObject):
    """Which language the interface speaks: "zh" or "en". Changing it has every widget say its words again."""

    def __init__(self, parent: QCoreApplication) -> None:
        super().__init__(parent)
        self._application = parent
        self._table: _Table | None = None
        self.name = "zh"

    def use(self, name: str) -> None:
        """Switch at run time."""
        if name == self.name:
            return
        old, self._table = self._table, None
        self.name = name
        if name != "zh":
            words = json.loads((RESOURCES / "translations" / f"{name}.json").read_text(encoding="utf-8"))
            self._table = _Table(words, self)
            self._application.installTranslator(self._table)
        if old is not None:
            self._application.removeTranslator(old)
            old.deleteLater()
