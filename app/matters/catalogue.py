"""The catalogue (事项库) of one pack: matters, who offers them, and what this window may do for them.

Built once per pack and never changed; a new pack makes a new catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from app.matters.search import Search
from app.store.catalogue import Shelf, shelf_of
from contract.matter import Matter, Pack, PackHead, route
from contract.node import Department, Node, NodeLevel, Offering, Power, Routing, Tree, powers_at
from contract.person import Parties
from contract.problem import Problem, Retry


@dataclass(frozen=True)
class Hit:
    """A matter that was found, and whether this window may receive it; if not, where it can be."""

    matter: Matter
    may_receive: bool
    instead: tuple[Node, ...] = ()


class Catalogue:
    """All that a pack says about matters, looked up by code."""

    def __init__(self, pack: PackHead, shelf: Shelf | None = None) -> None:
        """A pack with its shelf in the store; a whole `Pack` may come without one."""
        is_kept_nowhere = shelf is None
        if shelf is None:
            if not isinstance(pack, Pack):
                raise TypeError("a pack's head alone is no catalogue")
            shelf, pack = shelf_of(pack), pack.head
        self.pack = pack
        self.tree = Tree(pack.nodes)
        self._shelf = shelf
        self._search = Search(shelf)
        if is_kept_nowhere:
            self._search.refresh()
        self._departments = {department.code: department for department in pack.departments}
        # a pack's answers never change, so each is worked out once
        self.offerings = cache(shelf.offerings)
        self._may_receive = cache(self._find_may_receive)
        self._instead = cache(self._find_instead)
        self._receivers = cache(self._find_receivers)
        self._newest = cache(shelf.newest_version)
        self._found: dict[tuple[str, int | None], Matter] = {}  # not what is lacking: an old version may come yet

    def refresh(self) -> int:
        """Make what came with the pack findable. Returns how many matters were new."""
        return self._search.refresh()

    @property
    def matters(self) -> tuple[Matter, ...]:
        """Every matter in its newest version, by code: for looking through all of them, which takes its time."""
        return self._shelf.matters()

    def count(self) -> int:
        """How many matters there are."""
        return self._shelf.count()

    def count_receivable(self, node: str) -> int:
        """How many of them a node may receive."""
        return self._shelf.count_where(lambda offering: Power.RECEIVE in self.powers(offering, node))

    def matter(self, code: str, version: int | None = None) -> Matter:
        """The matter, newest version unless one is named: a case keeps the version that it began with.

        Raises:
            Problem: ``matter.unknown``.
        """
        found = self.find_matter(code, version)
        if found is None:
            raise Problem("matter.unknown", Retry.AFTER_FIX, matter=code, version=version or "")
        return found

    def find_matter(self, code: str, version: int | None = None) -> Matter | None:
        """The matter, or None where the pack does not have it (or it never was here in this version)."""
        found = self._found.get((code, version)) or self._shelf.find_matter(code, version)
        if found is not None:
            self._found[code, version] = found
        return found

    def newest_version(self, code: str) -> int | None:
        """The version that is offered now; None where the matter was withdrawn (S09)."""
        return self._newest(code)

    def department(self, code: str) -> Department:
        """The department.

        Raises:
            Problem: ``department.unknown``.
        """
        found = self._departments.get(code)
        if found is None:
            raise Problem("department.unknown", Retry.AFTER_FIX, department=code)
        return found

    def powers(self, offering: Offering, node: str) -> frozenset[Power]:
        """What a node may do for an offering (U01)."""
        return powers_at(offering, node, self.tree)

    def may_receive(self, matter: str, node: str) -> bool:
        """Whether a node may receive the matter for at least one of the departments that offer it."""
        return self._may_receive(matter, node)

    def receivable_at(self, matter: str, node: str) -> tuple[Node, ...]:
        """Where the matter can be received: the node itself, or the highest of those that lie nearest to it.

        Empty where no node may receive it.
        """
        return self._instead(matter, node)

    def where_decided(self, matter: Matter, parties: Parties, answers: Mapping[str, Any], node: str) -> Routing:
        """Which departments could be competent, by the field that the matter names. Several: a clerk chooses (U06)."""
        return route(matter, self.offerings(matter.code), parties, answers, node, self.tree)

    def search(self, text: str, node: str, limit: int = 20, used: Mapping[str, float] | None = None) -> tuple[Hit, ...]:
        """Find matters by characters, pinyin, initials or code; see `app.matters.search`. `used` puts its own first."""
        found = (self.find_matter(code) for code in self._search.find(text, limit, used))
        return tuple(self._hit(matter, node) for matter in found if matter is not None)

    def _hit(self, matter: Matter, node: str) -> Hit:
        may = self.may_receive(matter.code, node)
        return Hit(matter, may, () if may else self.receivable_at(matter.code, node))

    def _find_may_receive(self, matter: str, node: str) -> bool:
        return any(Power.RECEIVE in self.powers(offering, node) for offering in self.offerings(matter))

    def _find_instead(self, matter: str, node: str) -> tuple[Node, ...]:
        receiving = {
            place
            for offering in self.offerings(matter)
            for grant in offering.grants
            if Power.RECEIVE in grant.powers
            for place in self._receivers(grant.under, grant.levels)
        }
        for above in (*self.tree.chain(node), None):
            within = [place for place in receiving if above is None or self.tree.is_under(place, above.code)]
            if within:
                depth = min(len(self.tree.chain(place)) for place in within)
                return tuple(
                    self.tree.by_code[place] for place in sorted(within) if len(self.tree.chain(place)) == depth
                )
        return ()

    def _find_receivers(self, under: str, levels: tuple[NodeLevel, ...]) -> tuple[str, ...]:
        """Codes of the nodes that a grant means."""
        return tuple(
            place.code
            for place in self.tree.by_code.values()
            if self.tree.is_under(place.code, under) and (not levels or place.level in levels)
        )
