"""The one database as every room of the store has it: looked at as it stands, or written in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import apsw

from app.store.database import Database
from app.store.rows import Changes


@dataclass
class Touched:
    """What a transaction changed, gathered while it runs."""

    cases: set[str] = field(default_factory=set)
    drafts: bool = False
    outbox: bool = False
    line: bool = False
    pack: bool = False


class Tables:
    """The database's tables. `reading` is `Database.reading`."""

    def __init__(
        self,
        database: Database,
        index: Callable[[apsw.Connection, set[str]], None],
        tell: Callable[[Changes], None],
    ) -> None:
        """Args:
        database: The database.
        index: Writes the rows of cases in the lists anew, within the transaction that touched these cases.
        tell: Told once what a transaction changed, when it stands.
        """
        self.reading = database.reading
        self._database = database
        self._index = index
        self._tell = tell

    @contextmanager
    def writing(self) -> Iterator[tuple[apsw.Connection, Touched]]:
        """One transaction, as `Database.writing`; whoever writes says what it touched."""
        touched = Touched()
        with self._database.writing() as db:
            yield db, touched
            self._index(db, touched.cases)
        changes = Changes(
            cases=frozenset(touched.cases),
            drafts=touched.drafts,
            outbox=touched.outbox,
            line=touched.line,
            pack=touched.pack,
        )
        if changes != Changes():
            self._tell(changes)
