"""One round of talk between a station and the server, and how a station joins.

The station sends what it did; the server answers each act with done, already or refused, then its news after the
station's cursor. Any round may be cut anywhere and repeated.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from contract.case import Action, Case, State
from contract.clock import Clockface
from contract.matter import Matter, Pack
from contract.node import Department, Node
from contract.person import Clerk
from contract.wire import Wire, canonical

PROTOCOL = 1
MAX_ACTIONS = 200  # in one ask
MAX_BODY = 4 << 20  # bytes of one ask
ED25519 = "ed25519"  # the only algorithm so far; SM2 will be another name here


class SignedAction(Wire):
    """An action as its canonical text, signed with the station's key over those bytes."""

    action: str
    station: str
    algorithm: str = ED25519
    signature: str  # base64

    def __repr__(self) -> str:
        return f"SignedAction({self.station})"

    __str__ = __repr__


class PoolReport(Wire):
    """How many numbers a station has left in its blocks."""

    county: str
    left: int


class NumberBlock(Wire):
    """Numbers `first` to `last` (sequences, inclusive) of a county, given to one station and never again."""

    county: str
    first: int
    last: int


class Ask(Wire):
    protocol: int = PROTOCOL
    cursor: int = 0  # the last event of this station's feed that it has
    actions: tuple[SignedAction, ...] = Field(default=(), max_length=MAX_ACTIONS)
    watch: tuple[str, ...] = Field(default=(), max_length=2000)  # cases whose digest the station wants to compare
    pools: tuple[PoolReport, ...] = ()
    pack: str = ""  # version of the pack it has
    sent_at: datetime


class Verdict(StrEnum):
    DONE = "done"
    ALREADY = "already"
    REFUSED = "refused"


class Told(Wire):
    """The server's answer to one act. `problem` is a problem's wire form: why it was refused, or what is to be known of
    one that was kept."""

    verdict: Verdict
    problem: dict[str, Any] | None = None


class Settlement(StrEnum):
    """What became of two open cases of one applicant that clash."""

    OPEN = "open"  # a person is to look
    KEEP_BOTH = "keep_both"  # both go on
    DUPLICATE = "duplicate"  # one is to be withdrawn or voided where it was taken in
    GONE = "gone"  # one of them came to nothing


class Clash(Wire):
    """Another open case of the same applicant, of a matter of which two are to be looked at by a person (rule 9).

    Whoever may not see that case learns that there is one, and where to ask: `case_id`, `number`, `state` and `where`
    are empty then.

    Attributes:
        id: Of the pair, the same in both cases' words.
        found_at: When the server saw both.
        ask: The department that decides the other case, with its telephone where it is known.
        where: The node that took the other case in.
        settlement: What was said about it.
        is_this: Whether it is this case, not the other, that was called the duplicate.
        reason: Why, in words.
        by: Who said so.
        at: And when.
    """

    id: str
    found_at: datetime
    ask: str = ""
    case_id: str = ""
    number: str = ""
    state: State | None = None
    where: str = ""
    settlement: Settlement = Settlement.OPEN
    is_this: bool = False
    reason: str = ""
    by: str = ""
    at: datetime | None = None

    def __repr__(self) -> str:
        return f"Clash({self.id}, {self.settlement})"

    __str__ = __repr__

    @property
    def is_settled(self) -> bool:
        """Whether nobody has to look any more."""
        return self.settlement in (Settlement.KEEP_BOTH, Settlement.GONE)


class Event(Wire):
    """One row of a feed, dense per feed: an action on a case, that its pages have all arrived, or (also ``pages``)
    that what is said about its clashes changed: then all of them are told."""

    n: int
    case_id: str
    kind: Literal["action", "pages"]
    action: Action | None = None
    materials_pending: bool = False
    clashes: tuple[Clash, ...] | None = Field(default=None, exclude_if=lambda clashes: clashes is None)

    def __repr__(self) -> str:
        return f"Event({self.n}, {self.case_id}, {self.kind})"

    __str__ = __repr__


class CaseWord(Wire):
    """The server's word on one watched case: its digest, and which of its pages are still wanted."""

    digest: str
    wanted: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()  # of the wanted ones, those that it has a working copy (工作副本) of


class Answer(Wire):
    server_time: datetime
    told: dict[str, Told] = {}  # by action id
    events: tuple[Event, ...] = ()
    cursor: int = 0
    more: bool = False  # there is more news: ask again
    words: dict[str, CaseWord] = {}  # by case id
    blocks: tuple[NumberBlock, ...] = ()
    pack: str = ""  # newest version of the pack for this node
    revoked: tuple[str, ...] = ()  # clerk ids that may no longer sign in


class EnrolAsk(Wire):
    """A station joins with a one-time code and the public half of the key it made."""

    code: str = Field(min_length=4, max_length=64)
    public_key: str  # base64, raw Ed25519
    algorithm: str = ED25519
    facts: dict[str, str] = {}  # program version, system: never personal
    in_parts: bool = False  # the station fetches its pack itself (contract.pack) and wants none in the answer


class SignedPack(Wire):
    """The pack as its canonical text, signed by the server."""

    pack: str
    algorithm: str = ED25519
    signature: str

    def opened(self) -> Pack:
        return Pack.model_validate_json(self.pack)


class EnrolAnswer(Wire):
    station: str
    node: str
    name: str  # 3 号窗口
    server_public_key: str
    pack: SignedPack | None = None  # None where the station asked for parts
    blocks: tuple[NumberBlock, ...]


class SessionAsk(Wire):
    """A station proves that it holds its key: a signature over ``tongban session <station> <at>``."""

    station: str
    at: datetime
    signature: str

    @staticmethod
    def text(station: str, at: datetime) -> str:
        return f"tongban session {station} {at.isoformat()}"


class SessionAnswer(Wire):
    token: str
    expires_at: datetime


class Me(Wire):
    """Who a clerk's session belongs to."""

    clerk: Clerk


class SearchAsk(Wire):
    """Look for cases: by exact number, or by words (a number, an id number, part of the applicant's name)."""

    number: str = Field(default="", max_length=40, pattern=r"^[^\x00]*$")  # no database looks for a zero byte
    words: str = Field(default="", max_length=200, pattern=r"^[^\x00]*$")

    def __repr__(self) -> str:
        return "SearchAsk()"

    __str__ = __repr__


class CaseView(Wire):
    """A case as the server's API answers it, with all that a paper or a page needs beside it."""

    case: Case
    matter: Matter
    node: Node
    node_path: str
    department: Department | None = None
    clock: Clockface
    actions: tuple[Action, ...] = ()
    flags: tuple[str, ...] = ()
    progress_url: str = ""
    digest: str = ""
    clashes: tuple[Clash, ...] = ()
    server_time: datetime | None = None

    def __repr__(self) -> str:
        return f"CaseView({self.case.id})"

    __str__ = __repr__


def spelled(action: Action) -> str:
    """The text of an action that is signed and stored: its canonical spelling."""
    return canonical(action)
