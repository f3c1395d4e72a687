"""The catalogue (事项库) of one pack: matters, who offers them, and what this window may do for them.

Built once per pack and never changed; a new pack makes a new catalogue.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from app.matters.search import Search, index
from contract.matter import Matter, Pack, route
from contract.node import Department, Node, Offering, Power, Routing, Tree, powers_at
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

    def __init__(self, pack: Pack, earlier: Callable[[str, int], Matter | None] = lambda code, version: None) -> None:
        """`earlier` finds versions that are no longer in the pack, for drafts and cases that began with them (S09)."""
        self.pack = pack
        self._earlier = earlier
        self.tree = Tree(pack.nodes)
        self._matters = {matter.key: matter for matter in pack.matters}
        self._newest: dict[str, Matter] = {}
        for matter in sorted(pack.matters, key=lambda m: m.version):
            self._newest[matter.code] = matter
        self._departments = {department.code: department for department in pack.departments}
        self._offerings: dict[str, tuple[Offering, ...]] = {}
        for offering in pack.offerings:
            self._offerings[offering.matter] = (*self._offerings.get(offering.matter, ()), offering)
        # a pack is small and its answers never change, so each is worked out once
        self._may_receive = cache(self._find_may_receive)
        self._instead = cache(self._find_instead)

    @property
    def matters(self) -> tuple[Matter, ...]:
        """Every matter in its newest version, in the order of the pack."""
        return tuple(self._newest[code] for code in dict.fromkeys(matter.code for matter in self.pack.matters))

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
        """The matter, or None where the pack does not have it (or not in this version)."""
        if version is None:
            return self._newest.get(code)
        return self._matters.get((code, version)) or self._earlier(code, version)

    def department(self, code: str) -> Department:
        """The department.

        Raises:
            Problem: ``department.unknown``.
        """
        found = self._departments.get(code)
        if found is None:
            raise Problem("department.unknown", Retry.AFTER_FIX, department=code)
        return found

    def offerings(self, matter: str) -> tuple[Offering, ...]:
        """Who offers the matter; empty for a matter that nobody offers."""
        return self._offerings.get(matter, ())

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
        return tuple(self._hit(matter, node) for matter in self._search.find(text, limit, used))

    @cached_property
    def _search(self) -> Search:
        return index(self.matters)

    def _hit(self, matter: Matter, node: str) -> Hit:
        may = self.may_receive(matter.code, node)
        return Hit(matter, may, () if may else self.receivable_at(matter.code, node))

    def _find_may_receive(self, matter: str, node: str) -> bool:
        return any(Power.RECEIVE in self.powers(offering, node) for offering in self.offerings(matter))

    def _find_instead(self, matter: str, node: str) -> tuple[Node, ...]:
        receiving = [place for place in self.tree.by_code.values() if self.may_receive(matter, place.code)]
        for above in (*self.tree.chain(node), None):
            within = [place for place in receiving if above is None or self.tree.is_under(place.code, above.code)]
            if within:
                depth = min(len(self.tree.chain(place.code)) for place in within)
                return tuple(place for place in within if len(self.tree.chain(place.code)) == depth)
        return ()
