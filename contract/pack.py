"""The pack (离线包) as it travels: in parts, and afterwards only what changed.

Two levels. The standards are every matter of the hall in its newest version: one part for all nodes alike. A node's
own part says who offers which of them: rows, laid out in columns and spelled relative to the tree, so that what can be
worked out costs nothing. A manifest names the parts by their digests and is signed by the server; a part is compressed
(zstd) by the one who sends it and is anything but trusted before its digest has been compared.

Which rows a node gets is `rows_for`: all of its own chain, all that it may do something for, whatever would win against
one of these in routing, and for a matter that it may not receive the rows that say where it can be (decision 0009).
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any, Final, Literal, NamedTuple

from pydantic import Field, TypeAdapter, ValidationError

from contract.columns import restore, shred, spelled
from contract.matter import Matter, PackHead
from contract.node import Department, Grant, Node, Offering, Power, Tree, powers_at
from contract.wire import Wire

LARGEST_PART: Final = 64 << 20  # bytes of a part before compression
INLINE: Final = 48 << 10  # bytes up to which a part comes with the manifest: one round trip for a day's changes
COMPRESSION: Final = 19  # zstd's level: a part is made once and fetched by thousands
BEGINNING: Final = spelled(
    {  # what changes look like: the two ends' compressors begin with it (a raw zstd dictionary)
        "departments": [
            {"address": "", "area": "330200", "code": "330200-", "name": "局", "phone": "0574-", "short": ""}
        ],
        "grants": [
            '[{"levels":[],"powers":["receive","notify","accept","deliver"],"under":"^0"}]',
            '[{"levels":["village"],"powers":["receive","notify","deliver"],"under":"^1"}]',
            '[{"levels":["county","street"],"powers":["receive"],"under":"^2"}]',
        ],
        "matter": "accepted audience both clashes code conditions consult_phone copies data deliveries courier"
        " electronic excluded fee amount basis form properties type string title maxLength format date required ui"
        " VerticalLayout Control scope #/properties/ options from_chip is_application_form issuer keywords legal_basis"
        " legal_person licence limits materials name name_en note online organ original promise_days result route_by"
        " applicant.address steps ties self guardian mandate version visits when window department",
        "rows": {"areas": [], "counts": [], "departments": [], "matters": [], "others": []},
    }
).encode()


class PackPart(Wire):
    """One part by its content: `digest` and `size` are of the compressed bytes, `plain` is its size without."""

    kind: Literal["standards", "node", "changes"]
    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(ge=0, le=LARGEST_PART)
    plain: int = Field(ge=0, le=LARGEST_PART)


class PackManifest(Wire):
    """What the server signs: these parts bring this node from `since` (empty: from nothing) to `version`."""

    what: Literal["tongban pack"] = "tongban pack"
    node: str
    version: str = Field(pattern=r"^[0-9]{10}-[0-9a-f]{5}$")
    since: str = ""
    made_on: date
    parts: tuple[PackPart, ...] = Field(max_length=8)


class SignedManifest(Wire):
    """A manifest as its canonical text with the server's signature. `inline` holds short parts (base64, by digest)."""

    manifest: str
    algorithm: str = "ed25519"
    signature: str
    inline: dict[str, str] = {}

    def opened(self) -> PackManifest:
        return PackManifest.model_validate_json(self.manifest)


class PackAsk(Wire):
    """The version that a station has; empty where it has none, or wants all anew because changes did not fit."""

    have: str = Field(default="", max_length=32)


class Row(NamedTuple):
    """An offering as thousands of them are kept: `grants` is the short spelling of its grants."""

    matter: str
    department: str
    area: str
    accepted_by: str
    grants: str

    @classmethod
    def of(cls, offering: Offering) -> Row:
        return cls(
            offering.matter,
            offering.department,
            offering.area,
            offering.accepted_by.value,
            spelled([grant.model_dump(mode="json") for grant in offering.grants]),
        )

    def opened(self) -> Offering:
        return Offering.model_validate({**self._asdict(), "grants": _GRANTS.validate_json(self.grants)})


_GRANTS: Final = TypeAdapter(tuple[Grant, ...])
_MATTERS: Final = TypeAdapter(tuple[Matter, ...])
NOTHING: Final = "[]"  # grants of a row that only stands there to win in routing


class NodePart(NamedTuple):
    """A node's own part, opened."""

    head: PackHead
    rows: list[Row]


class Changes(NamedTuple):
    """What changed between two versions for one node; a matter or row that is `gone` is no longer in its pack."""

    head: dict[str, Any] | None  # the head without nodes and departments, where anything in it changed
    departments: tuple[Department, ...]
    gone_departments: tuple[str, ...]
    matters: tuple[Matter, ...]
    gone_matters: tuple[str, ...]
    rows: tuple[Row, ...]
    gone_rows: tuple[tuple[str, str, str], ...]


def sequence(version: str) -> int:
    """The number in a version: a higher one is newer. -1 for a version of another form, which is older than any."""
    number, dash, _ = version.partition("-")
    return int(number) if dash and len(number) == 10 and number.isascii() and number.isdigit() else -1


# --- what a node gets -------------------------------------------------------------------------------------------------


class Reach:
    """What one node may do for rows. Grants repeat, so each is looked at once."""

    def __init__(self, node: str, tree: Tree) -> None:
        self.node = node
        self.chain = {above.code: steps for steps, above in enumerate(tree.chain(node))}
        self._tree = tree
        self._powers = cache(self._find_powers)
        self._nearest = cache(self._find_nearest)
        self._below: dict[str, list[Node]] = defaultdict(list)
        for place in tree.by_code.values():
            for above in tree.chain(place.code):
                self._below[above.code].append(place)

    def powers(self, row: Row) -> frozenset[Power]:
        """What the node may do for the row."""
        return self._powers(row.accepted_by, row.grants)

    def _find_powers(self, accepted_by: str, grants: str) -> frozenset[Power]:
        return powers_at(Row("-", "", "", accepted_by, grants).opened(), self.node, self._tree)

    def rows(self, offered: Sequence[Row]) -> list[Row]:
        """Those of one matter's rows that the node needs; empty where nobody offers it."""
        powers = [self.powers(row) for row in offered]
        usable = {row.area for row, held in zip(offered, powers, strict=True) if held}
        kept = []
        for row, held in zip(offered, powers, strict=True):
            if held or row.area in self.chain:
                kept.append(row)
            elif any(above.code in usable for above in self._tree.chain(row.area)):
                kept.append(row._replace(grants=NOTHING))
        if not any(Power.RECEIVE in held for held in powers):
            there = set(kept)
            kept.extend(row for row in self._where_else(offered) if row not in there)
        return kept

    def _where_else(self, offered: Sequence[Row]) -> list[Row]:
        """The rows by which the matter can be received nearest to here."""
        found = [(self._nearest(row.grants), row) for row in offered]
        nearest = min((place for place, _ in found if place is not None), default=None)
        return [row for place, row in found if place == nearest and place is not None]

    def _find_nearest(self, grants: str) -> tuple[int, int] | None:
        """How far up the chain the nearest places are that may receive by these grants, and then how deep."""
        found = []
        for grant in _GRANTS.validate_json(grants):
            if Power.RECEIVE in grant.powers:
                for place in self._below[grant.under]:
                    if not grant.levels or place.level in grant.levels:
                        chain = self._tree.chain(place.code)
                        steps = (self.chain[above.code] for above in chain if above.code in self.chain)
                        found.append((min(steps, default=len(self.chain)), len(chain)))
        return min(found, default=None)


def rows_for(node: str, rows: Iterable[Row], tree: Tree) -> list[Row]:
    """The rows that a node's pack has, out of all of the hall's."""
    offered: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        offered[row.matter].append(row)
    reach = Reach(node, tree)
    return [kept for matter in sorted(offered) for kept in reach.rows(offered[matter])]


# --- parts ------------------------------------------------------------------------------------------------------------


def standards_part(matters: Iterable[Mapping[str, Any]]) -> bytes:
    """Matters (as JSON objects) in the order of their codes."""
    return shred(sorted(matters, key=lambda matter: str(matter["code"])))


def read_standards(data: bytes) -> list[dict[str, Any]]:
    """The matters of a standards part, in the order of their codes.

    Raises:
        ValueError: It is none.
    """
    found = restore(data)
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise ValueError("not standards")
    return found


def node_part(head: PackHead, rows: Iterable[Row], codes: Sequence[str]) -> bytes:
    """A node's own part beside the standards whose codes these are."""
    plain = head.model_dump(mode="json")
    nodes, departments = plain.pop("nodes"), plain.pop("departments")
    named = {node["code"]: node["name"] for node in nodes}
    plain["calendar"] = {name: sorted(values) for name, values in plain["calendar"].items()}
    return shred(
        {
            "head": plain,
            "nodes": [{**node, "hall": _short(node["hall"], node["name"])} for node in nodes],
            "departments": [_shortened(department, named) for department in departments],
            "rows": _Spelling(head.nodes, head.departments).columns(rows, codes),
        }
    )


def read_node_part(data: bytes, codes: Sequence[str]) -> NodePart:
    """What a node's own part says.

    Raises:
        ValueError: It is none, or a newer server says in it what this program does not know.
    """
    try:
        found = restore(data)
        nodes = [{**node, "hall": _long(node["hall"], node["name"])} for node in found["nodes"]]
        named = {node["code"]: node["name"] for node in nodes}
        departments = [_lengthened(department, named) for department in found["departments"]]
        head = PackHead.model_validate({**found["head"], "nodes": nodes, "departments": departments})
        return NodePart(head, _Spelling(head.nodes, head.departments).rows(found["rows"], codes))
    except (ValidationError, KeyError, TypeError, IndexError, AttributeError, StopIteration) as error:
        raise ValueError("not a node's part") from error


def changes_part(changes: Changes, nodes: Sequence[Node], departments: Sequence[Department]) -> bytes:
    """Changes as a part. `nodes` did not change; `departments` are those the node's pack has afterwards."""
    codes = sorted({row.matter for row in changes.rows})
    return shred(
        {
            "head": changes.head,
            "departments": [department.model_dump(mode="json") for department in changes.departments],
            "gone_departments": list(changes.gone_departments),
            "matters": [matter.model_dump(mode="json") for matter in changes.matters],
            "gone_matters": list(changes.gone_matters),
            "codes": codes,
            "rows": _Spelling(nodes, departments).columns(changes.rows, codes),
            "gone_rows": [list(key) for key in changes.gone_rows],
        }
    )


def read_changes(data: bytes, nodes: Sequence[Node], departments: Mapping[str, Department]) -> Changes:
    """What changed. `nodes` and `departments` are what the station has before.

    Raises:
        ValueError: It is no part of changes, or does not fit.
    """
    try:
        found = restore(data)
        changed = TypeAdapter(tuple[Department, ...]).validate_python(found["departments"])
        gone = TypeAdapter(tuple[str, ...]).validate_python(found["gone_departments"])
        after = {**departments, **{department.code: department for department in changed}}
        for code in gone:
            after.pop(code, None)
        return Changes(
            head=found["head"],
            departments=changed,
            gone_departments=gone,
            matters=_MATTERS.validate_python(found["matters"]),
            gone_matters=TypeAdapter(tuple[str, ...]).validate_python(found["gone_matters"]),
            rows=tuple(_Spelling(nodes, tuple(after.values())).rows(found["rows"], found["codes"])),
            gone_rows=TypeAdapter(tuple[tuple[str, str, str], ...]).validate_python(found["gone_rows"]),
        )
    except (ValidationError, KeyError, TypeError, IndexError, AttributeError, StopIteration) as error:
        raise ValueError("not changes") from error


_NAMED_AFTER: Final = ("name", "short", "address")  # what of a department begins with the name of its area


def _shortened(department: dict[str, Any], named: Mapping[str, str]) -> dict[str, Any]:
    name = named.get(department["area"], "")
    return {**department, **{key: _short(department[key], name) for key in _NAMED_AFTER}}


def _lengthened(department: dict[str, Any], named: Mapping[str, str]) -> dict[str, Any]:
    name = named.get(department["area"], "")
    return {**department, **{key: _long(department[key], name) for key in _NAMED_AFTER}}


def _short(text: str, name: str) -> str:
    """A text that begins with a place's name, or with what is left of it without 县, 镇, 村, without it."""
    for mark, beginning in (("^", name), ("~", name[:-1])):
        if beginning and text.startswith(beginning):
            return mark + text[len(beginning) :]
    return "=" + text


def _long(text: str, name: str) -> str:
    return {"^": name, "~": name[:-1], "=": ""}[text[:1]] + text[1:]


class _Spelling:
    """Rows as columns, relative to the tree: an area by its distance from the one before, a department by its place
    among those of the area, the holder of a grant by how far above the area it stands; and how a row is accepted and
    who may do what for it by how often that came after what the row before says."""

    def __init__(self, nodes: Sequence[Node], departments: Sequence[Department]) -> None:
        parents = {node.code: node.parent for node in nodes}

        def chain(area: str) -> list[str]:
            found: list[str] = []
            while area and area not in found:
                found.append(area)
                area = parents.get(area, "")
            return found

        self._chain: Callable[[str], list[str]] = cache(chain)
        self._codes = sorted(parents, key=lambda code: (len(chain(code)), code))
        self._place = {code: number for number, code in enumerate(self._codes)}
        self._levels = max((len(chain(code)) for code in parents), default=0)
        depths = [len(chain(code)) for code in self._codes]
        self._first = [bisect_left(depths, level + 1) for level in range(self._levels + 1)]
        of: dict[str, list[str]] = defaultdict(list)
        for department in departments:
            of[department.area].append(department.code)
        self._of = {area: sorted(found) for area, found in of.items()}
        self._slot = {(area, code): n + 1 for area, found in self._of.items() for n, code in enumerate(found)}
        self._relative = cache(self._find_relative)
        self._absolute = cache(self._find_absolute)

    def columns(self, rows: Iterable[Row], codes: Sequence[str]) -> dict[str, Any]:
        """The rows of the matters that have these codes: level by level, and in each what is offered about as often
        together, for what is alike compresses well."""
        number = {code: n for n, code in enumerate(codes)}
        levels: list[dict[int, list[Row]]] = [defaultdict(list) for _ in range(self._levels)]
        for row in rows:
            levels[len(self._chain(row.area)) - 1][number[row.matter]].append(row)
        steps: list[int] = []
        others: list[str] = []
        slots, terms = _Ranking(), _Ranking()
        last: dict[int, str] = {}
        counts = [[len(offered.get(n, ())) for n in range(len(codes))] for offered in levels]
        for level, offered in enumerate(levels):
            for n in sorted(offered, key=lambda n: (counts[level][n], n)):
                before = self._first[level]
                for row in sorted(offered[n], key=lambda row: (self._place[row.area], row.department)):
                    place = self._place[row.area]
                    steps.append(place - before)
                    before = place
                    slot = self._slot.get((row.area, row.department), 0)
                    slots.put(str(slot), f"{n}" if len(self._of.get(row.area, ())) > 1 else "alone")
                    if not slot:
                        others.append(row.department)
                    term = self._relative(row.accepted_by, row.grants, row.area)
                    terms.put(term, f"{level} {last.get(n, '')}")
                    last[n] = term
        return {
            "counts": counts,
            "areas": steps,
            "departments": slots.columns(),
            "others": others,
            "terms": terms.columns(),
        }

    def rows(self, columns: Mapping[str, Any], codes: Sequence[str]) -> list[Row]:
        """What `columns` was given."""
        counts, others = columns["counts"], iter(columns["others"])
        if len(counts) != self._levels or any(len(each) != len(codes) or min((*each, 0)) < 0 for each in counts):
            raise ValueError("rows do not fit the matters")
        steps, slots, terms = iter(columns["areas"]), _Ranked(columns["departments"]), _Ranked(columns["terms"])
        last: dict[int, str] = {}
        found = []
        for level, each in enumerate(counts):
            for n in sorted(range(len(codes)), key=lambda n: (each[n], n)):
                place = self._first[level]
                for _ in range(each[n]):
                    place += next(steps)
                    area = self._codes[place]
                    of_area = self._of.get(area, [])
                    slot = int(slots.get(f"{n}" if len(of_area) > 1 else "alone"))
                    department = of_area[slot - 1] if slot else next(others)
                    last[n] = term = terms.get(f"{level} {last.get(n, '')}")
                    found.append(Row(codes[n], department, area, *self._absolute(term, area)))
        return found

    def _find_relative(self, accepted_by: str, grants: str, area: str) -> str:
        chain = self._chain(area)
        granted = [
            {**grant, "under": f"^{chain.index(grant['under'])}" if grant["under"] in chain else grant["under"]}
            for grant in json.loads(grants)
        ]
        return spelled([accepted_by, *granted])

    def _find_absolute(self, term: str, area: str) -> tuple[str, str]:
        chain = self._chain(area)
        accepted_by, *granted = json.loads(term)
        for grant in granted:
            if grant["under"][:1] == "^":
                grant["under"] = chain[int(grant["under"][1:])]
        return accepted_by, spelled(granted)


def _by_count(counts: Sequence[int], codes: Sequence[str]) -> list[tuple[int, str]]:
    """Matters that are offered about as often stand together: what is alike compresses well."""
    return sorted(zip(counts, codes, strict=True), key=lambda each: each[0])


_CAP: Final = 3  # ranks below it take two bits or less


class _Ranks:
    """How each of some words ranks among those that came in a context before: 0 is what mostly did."""

    def __init__(self, words: list[str]) -> None:
        self.words = words
        self._order: dict[str, list[int]] = {}
        self._count: dict[tuple[str, int], int] = {}

    def following(self, context: str) -> list[int]:
        """Numbers of the words, the likeliest first."""
        order = self._order.get(context)
        if order is None:
            order = self._order[context] = list(range(len(self.words)))
        return order

    def note(self, context: str, rank: int) -> None:
        """The word of that rank came."""
        order = self._order[context]
        word = order[rank]
        count = self._count[context, word] = self._count.get((context, word), 0) + 1
        while rank and self._count.get((context, order[rank - 1]), 0) < count:
            order[rank], rank = order[rank - 1], rank - 1
        order[rank] = word


class _Ranking:
    """Words with the context of each, to be kept as ranks."""

    def __init__(self) -> None:
        self._put: list[tuple[str, str]] = []

    def put(self, word: str, context: str) -> None:
        self._put.append((word, context))

    def columns(self) -> dict[str, Any]:
        words = sorted({word for word, _ in self._put})
        number, ranks = {word: n for n, word in enumerate(words)}, _Ranks(words)
        found = []
        for word, context in self._put:
            found.append(ranks.following(context).index(number[word]))
            ranks.note(context, found[-1])
        return {"words": words, "ranks": [min(n, _CAP) for n in found], "far": [n for n in found if n >= _CAP]}


class _Ranked:
    """The words again, in their order, when told the same contexts."""

    def __init__(self, columns: Mapping[str, Any]) -> None:
        self._ranks = _Ranks(list(columns["words"]))
        self._near, self._far = iter(columns["ranks"]), iter(columns["far"])

    def get(self, context: str) -> str:
        rank = next(self._near)
        rank = rank if rank < _CAP else next(self._far)
        word: str = self._ranks.words[self._ranks.following(context)[rank]]
        self._ranks.note(context, rank)
        return word
