"""Invented states: people, cases and pages that do not exist, for looking at every page without a desk.

Numbers are the textbook's: their check characters are right, the persons are nobody.
"""

from __future__ import annotations

from ui.invented import cases as cases
from ui.invented import intake as intake
from ui.invented import materials as materials
from ui.invented import outbox as outbox
from ui.invented import papers as papers
from ui.invented import window as window
