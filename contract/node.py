"""The tree of service points (网点), the departments, and which department is competent (分发)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from pydantic import Field

from contract.wire import Wire


class NodeLevel(StrEnum):
    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
    STREET = "street"  # 街道、镇、乡
    VILLAGE = "village"  # 社区、村


class Node(Wire):
    """A place where citizens are served. Codes follow GB/T 2260 for six digits and grow by three a level below."""

    code: str = Field(pattern=r"^[0-9]{6}([0-9]{3}){0,2}$")
    name: str
    level: NodeLevel
    parent: str = ""
    hall: str = ""  # the name over the door, for papers: 余姚市凤山街道便民服务中心


class Department(Wire):
    """An organ that decides: 宁波市海曙区市场监督管理局."""

    code: str
    name: str
    area: str  # the node code of its area of competence
    short: str = ""  # 海曙市监, for document numbers
    phone: str = ""
    address: str = ""


class Power(StrEnum):
    """What a node may do for an offering (襄城–卧龙 style delegation: 收件、一次性告知、受理、送达)."""

    RECEIVE = "receive"
    NOTIFY = "notify"
    ACCEPT = "accept"
    DELIVER = "deliver"


class Grant(Wire):
    """Powers held by a node and everything under it, or by those of them that stand at certain levels."""

    under: str
    powers: tuple[Power, ...]
    levels: tuple[NodeLevel, ...] = ()  # empty: every level; a village takes no fingerprints


class AcceptedBy(StrEnum):
    WINDOW = "window"  # 受理权 delegated: F9 accepts and prints 受理通知书
    DEPARTMENT = "department"  # F9 receives and prints 收件凭证; the department accepts


class Offering(Wire):
    """A matter as one department offers it for its area, and which nodes may do what for it."""

    matter: str
    department: str
    area: str  # node code: competent for everything under it
    accepted_by: AcceptedBy
    grants: tuple[Grant, ...] = ()


class Tree:
    """The nodes, by code and by parent. Built once per pack."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.by_code = {node.code: node for node in nodes}
        self._chains: dict[str, tuple[Node, ...]] = {}  # thousands of offerings ask for the same few

    def chain(self, code: str) -> tuple[Node, ...]:
        """The node and its ancestors, deepest first. Empty for an unknown code."""
        known = self._chains.get(code)
        if known is not None or code not in self.by_code:
            return known or ()
        found: list[Node] = []
        node = self.by_code.get(code)
        while node is not None and node not in found:
            found.append(node)
            node = self.by_code.get(node.parent)
        self._chains[code] = tuple(found)
        return self._chains[code]

    def is_under(self, code: str, ancestor: str) -> bool:
        """Whether `code` is `ancestor` or lies below it."""
        return any(node.code == ancestor for node in self.chain(code))

    def county(self, code: str) -> str:
        """The six-digit code whose number counter a node draws from."""
        for node in self.chain(code):
            if node.level in (NodeLevel.COUNTY, NodeLevel.CITY):
                return node.code[:6]
        return code[:6]

    def path_name(self, code: str) -> str:
        """宁波市余姚市凤山街道 … for the panel and papers."""
        return "".join(node.name for node in reversed(self.chain(code)))

    def areas_in(self, text: str) -> tuple[str, ...]:
        """The deepest nodes whose names stand in an address, each with all its named ancestors below the city.

        ``浙江省宁波市海曙区鼓楼街道…`` finds 鼓楼街道. A name that stands under two parents, or an address
        that names no county, gives several or none: then a clerk chooses.
        """
        named = [node for node in self.by_code.values() if node.name in text and node.level is not NodeLevel.PROVINCE]
        whole = []
        for node in named:
            if node.level is NodeLevel.CITY:
                continue
            counties = [up for up in self.chain(node.code) if up.level is NodeLevel.COUNTY]
            others = [other for other in named if other.level is NodeLevel.COUNTY and other not in counties]
            if counties and (counties[0] in named or not others):
                whole.append(node)
        deepest = [n.code for n in whole if not any(o.code != n.code and self.is_under(o.code, n.code) for o in whole)]
        return tuple(sorted(deepest))


def powers_at(offering: Offering, node: str, tree: Tree) -> frozenset[Power]:
    """What a node may do for an offering. Only a delegated offering gives anyone at a window the power to accept."""
    held = {
        power
        for grant in offering.grants
        if tree.is_under(node, grant.under) and (not grant.levels or tree.by_code[node].level in grant.levels)
        for power in grant.powers
    }
    if offering.accepted_by is not AcceptedBy.WINDOW:
        held.discard(Power.ACCEPT)
    return frozenset(held)


class Routing(Wire):
    """Which offerings could be competent, and what led there. One candidate is the answer; several need a clerk."""

    field: str
    value: str = ""
    candidates: tuple[Offering, ...]

    @property
    def clear(self) -> bool:
        return len(self.candidates) == 1


class Route(Wire):
    """The department that a case goes to, kept on the case with how it was found."""

    department: str
    area: str
    field: str
    chosen_from: tuple[str, ...] = ()  # department codes, where the field left several
    chosen_by: str = ""  # the clerk who chose among them


def competent(offerings: Iterable[Offering], areas: Iterable[str], tree: Tree) -> tuple[Offering, ...]:
    """The offerings whose area holds one of the places; the nearest level wins (street before county before city).

    No known place: all of them, and a clerk chooses. Known places that no offering holds: none is competent.
    """
    places = tuple(area for area in areas if area in tree.by_code)
    offered = tuple(offerings)
    if not places:
        return offered
    found: dict[str, Offering] = {}
    for place in places:
        holding = [offering for offering in offered if tree.is_under(place, offering.area)]
        if holding:
            depth = max(len(tree.chain(offering.area)) for offering in holding)
            found.update({o.department: o for o in holding if len(tree.chain(o.area)) == depth})
    return tuple(found[code] for code in sorted(found))
