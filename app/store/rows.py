"""What the store hands out: deeds and where they stand, rows of lists, and what a write may have changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from contract.case import Action, Author, Flag, Kind, State
from contract.exchange import SignedAction
from contract.problem import Problem
from contract.wire import Wire


class Standing(StrEnum):
    """Waiting → sending → acknowledged → matched, or held."""

    WAITING = "waiting"
    SENDING = "sending"
    ACKNOWLEDGED = "acknowledged"  # the server has it
    MATCHED = "matched"  # and both ends' digests of the case are equal: nothing less is "synced"
    HELD = "held"  # the server refused it; kept, with its Problem, for a person


MOVES: Mapping[tuple[Standing | None, Standing], str] = {
    (None, Standing.WAITING): "done here",
    (Standing.WAITING, Standing.SENDING): "a round begins",
    (Standing.SENDING, Standing.WAITING): "no answer, or only for now",
    (Standing.SENDING, Standing.ACKNOWLEDGED): "the server has it",
    (Standing.WAITING, Standing.ACKNOWLEDGED): "it came there another way",
    (Standing.HELD, Standing.ACKNOWLEDGED): "it is there after all",
    (Standing.SENDING, Standing.HELD): "refused",
    (Standing.WAITING, Standing.HELD): "too large, or given up behind a held one",
    (Standing.HELD, Standing.WAITING): "sent again by a person",
    (Standing.ACKNOWLEDGED, Standing.MATCHED): "digests are equal",
    (Standing.MATCHED, Standing.ACKNOWLEDGED): "digests differ again",
    (Standing.ACKNOWLEDGED, Standing.WAITING): "the server was set back",
    (Standing.MATCHED, Standing.WAITING): "the server was set back",
}
"""Every way that an act's standing moves, and why; docs/sync.md's diagram is drawn from it."""


def worst(standings: Iterable[Standing]) -> Standing | None:
    """The standing furthest from matched."""
    found = set(standings)
    return next((standing for standing in _WORST if standing in found), None)


_WORST = (Standing.HELD, Standing.SENDING, Standing.WAITING, Standing.ACKNOWLEDGED, Standing.MATCHED)


@dataclass(frozen=True)
class Changes:
    """What a write may have changed, told once after it. Each listener decides whether it cares."""

    cases: frozenset[str] = frozenset()
    drafts: bool = False
    outbox: bool = False
    line: bool = False
    devices: bool = False
    pack: bool = False


class GivenUp(Wire):
    """Why a held act was set aside (撤下), kept with the act for good.

    Attributes:
        reason: In words.
        author: Who set it aside.
        at: When, by the station's clock.
        supervisor: Who stood by with their own password; None where the act was done anew, which needs nobody else.
        offline: The supervisor's password was checked without the server.
        instead: Ids of the acts that were done in its stead; empty where it was withdrawn.
    """

    reason: str
    author: Author
    at: datetime
    supervisor: Author | None = None
    offline: bool = False
    instead: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"GivenUp({self.author.id}, {len(self.instead)} instead)"

    __str__ = __repr__


@dataclass(frozen=True)
class Deed:
    """An action done here, with where it stands. `aside` where it was set aside after it was held; `given_up` says why
    and what was done in its stead."""

    action: Action
    standing: Standing
    problem: Problem | None
    aside: bool
    position: int
    given_up: GivenUp | None = None


@dataclass(frozen=True)
class Outgoing:
    """An action on its way out, as it goes over the line."""

    id: str
    case_id: str
    signed: SignedAction


@dataclass(frozen=True)
class CaseRow:
    """A case in a list. `standing` is the one furthest from matched, None where nothing was done here."""

    case_id: str
    number: str
    matter: str
    matter_version: int
    applicant: str
    handler: str
    state: State
    flags: frozenset[Flag]
    node: str
    opened_at: datetime
    received_at: datetime | None
    changed_at: datetime
    standing: Standing | None

    def __repr__(self) -> str:
        return f"CaseRow({self.case_id}, {self.state})"


@dataclass(frozen=True)
class OutboxRow:
    """What of one case has not been matched yet. Sizes in bytes; `since` is when the oldest of it was done."""

    case_id: str
    number: str
    matter: str
    matter_version: int
    applicant: str
    what: tuple[Kind, ...]
    pages: int
    since: datetime
    standing: Standing
    problem: Problem | None
    bytes_left: int

    def __repr__(self) -> str:
        return f"OutboxRow({self.case_id}, {self.standing})"


@dataclass(frozen=True)
class SettledPages:
    """Pages that are here only until their time has come: the server has proved to hold them, or their acts were set
    aside. `since` is when that happened to the oldest."""

    count: int
    bytes: int
    since: datetime | None


@dataclass(frozen=True)
class Draft:
    """A draft as it was saved; what its body says is for the flow to know."""

    id: str
    clerk: str
    title: str
    parked: bool
    body: str
    saved_at: datetime

    def __repr__(self) -> str:
        return f"Draft({self.id})"


@dataclass(frozen=True)
class Paper:
    """A paper that was printed, or could not be: its number, the digest of the PDF, and how the printing ended."""

    case_id: str
    kind: str
    number: str
    digest: str
    outcome: str
    copy: bool
    at: datetime


@dataclass(frozen=True)
class UploadPart:
    """A stretch of an upload with an address (a path on the server) of its own. Sizes in bytes."""

    place: str
    start: int
    size: int
    offset: int  # of `size`, as far as the server is known to have it


@dataclass(frozen=True)
class Upload:
    """An upload of a case's pages that is under way: in one part, or in several that travel side by side."""

    case_id: str
    pages: tuple[str, ...]
    size: int
    digest: str
    parts: tuple[UploadPart, ...]

    @property
    def offset(self) -> int:
        """How many of its bytes are over."""
        return sum(part.offset for part in self.parts)


@dataclass(frozen=True)
class Verifier:
    """What a password can be checked against without the server. `hash` is empty once it was cleared."""

    username: str
    clerk: str  # the clerk as JSON
    clerk_id: str
    salt: bytes
    cost: int
    hash: bytes
    verified_at: datetime
    good_until: datetime
    revoked: bool

    def __repr__(self) -> str:
        return f"Verifier({self.clerk_id})"


@dataclass(frozen=True)
class Station:
    """What the server said this station is. `name` is what stands over the window."""

    id: str
    node: str
    name: str
    server_url: str
    server_public_key: str


@dataclass(frozen=True)
class Heard:
    """What one answer of the server changed here."""

    acknowledged: int
    held: int
    news: int
    matched: int
    cases: frozenset[str]
    gap: bool  # the news did not follow on the cursor; all of it will be asked for again
    warning: Problem | None = None  # what is to be known of an act that the server kept
