"""The pack in its parts: what is written is read, a node gets what it needs, changes fit or are refused (S03, S09)."""

from __future__ import annotations

from functools import cache

import pytest

from contract.clock import Calendar
from contract.columns import shred
from contract.matter import Matter, Pack
from contract.node import AcceptedBy, Department, Grant, Offering, Power, Tree, competent
from contract.pack import (
    NOTHING,
    Changes,
    Row,
    changes_part,
    node_part,
    read_changes,
    read_node_part,
    read_standards,
    rows_for,
    sequence,
    standards_part,
)
from tests.fakes.province import CITY, Province, make_province


@cache
def hall() -> Province:
    return make_province(300, 240, 3000)


def codes() -> list[str]:
    return [str(matter["code"]) for matter in hall().matters]


def test_standards_come_out_as_they_went_in() -> None:
    read = read_standards(standards_part(reversed(hall().matters)))
    assert read == hall().matters
    assert Matter.model_validate(read[0]).code == codes()[0]


def test_a_nodes_part_comes_out_as_it_went_in() -> None:
    head = hall().head(CITY)
    read = read_node_part(node_part(head, hall().rows, codes()), codes())
    assert read.head == head and sorted(read.rows) == sorted(hall().rows)


def test_odd_rows_survive_too() -> None:
    """A department elsewhere or unknown, two for one area, a grant to a place off the chain, no grant at all."""
    place = hall().nodes[-1].code
    odd = [
        Row(codes()[0], "nobody-knows", place, "window", NOTHING),
        Row(codes()[0], hall().departments[0].code, place, "department", NOTHING),
        *(
            Row(codes()[1], department.code, CITY, "window", '[{"levels":["village"],"powers":[],"under":"339901"}]')
            for department in hall().departments
            if department.area == CITY
        ),
    ]
    assert sorted(read_node_part(node_part(hall().head(CITY), odd, codes()), codes()).rows) == sorted(odd)


def test_a_part_for_other_standards_does_not_fit() -> None:
    part = node_part(hall().head(CITY), hall().rows, codes())
    for others in (codes()[:-1], []):
        with pytest.raises(ValueError):
            read_node_part(part, others)


@pytest.mark.parametrize("data", [b"", b"garbage", shred([]), shred({"head": {}}), shred({"a": 1}), shred("x")])
def test_what_is_no_part_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        read_node_part(data, codes())
    with pytest.raises(ValueError):
        read_changes(data, hall().nodes, {})
    with pytest.raises(ValueError):
        read_standards(data if data != shred([]) else shred(["x"]))


def test_changes_come_out_as_they_went_in() -> None:
    first = Matter.model_validate(hall().matters[0])
    newer = first.model_copy(update={"version": 2, "name": first.name + "（改）"})
    office = Department(code="339901-new", name="新局", area="339901")
    changes = Changes(
        head={"offline_hours": 48},
        departments=(office,),
        gone_departments=(hall().departments[-1].code,),
        matters=(newer,),
        gone_matters=(codes()[-1],),
        rows=(*hall().rows[:50], Row(first.code, office.code, office.area, "window", NOTHING)),
        gone_rows=tuple((row.matter, row.department, row.area) for row in hall().rows[60:70]),
    )
    after = (*hall().departments[:-1], office)
    before = {department.code: department for department in hall().departments}
    read = read_changes(changes_part(changes, hall().nodes, after), hall().nodes, before)
    assert sorted(read.rows) == sorted(changes.rows)
    assert read._replace(rows=()) == changes._replace(rows=())


def test_versions_have_an_order() -> None:
    assert sequence("1790000000-abcde") > sequence("0000000009-fffff") > sequence("1f0c9a3e5b7d2468") == -1
    assert sequence("") == sequence("v1") == sequence("12-3") == sequence("²²²²²²²²²²-abcde") == -1


# --- what a node gets -------------------------------------------------------------------------------------------------


def offered(matter: str, area: str, *grants: Grant) -> Row:
    return Row.of(
        Offering(matter=matter, department=f"{area}-1", area=area, accepted_by=AcceptedBy.WINDOW, grants=grants)
    )


def to(under: str, *powers: Power) -> Grant:
    return Grant(under=under, powers=powers or (Power.RECEIVE,))


def test_a_row_is_an_offering_spelled_short() -> None:
    offering = Offering(
        matter="M",
        department="d",
        area="339901",
        accepted_by=AcceptedBy.DEPARTMENT,
        grants=(to("339901"), to("339902")),
    )
    assert Row.of(offering).opened() == offering


def test_a_node_gets_its_chain_what_it_may_do_and_where_else_it_can_be_done() -> None:
    tree = Tree(hall().nodes)
    village = hall().village()
    chain = [node.code for node in tree.chain(village)]
    other = next(node.code for node in hall().nodes if node.level == "county" and node.code not in chain)
    far = next(node.code for node in hall().nodes if node.level == "village" and tree.is_under(node.code, other))
    rows = [
        offered("own", village, to(village)),
        offered("own", far, to(far)),  # nobody here needs to know of it
        offered("chain", CITY, to(other)),
        offered("granted", other, to(CITY)),
        offered("routing", CITY, to(CITY)),
        offered("routing", far, to(far)),  # wins over the city's for whoever lives there
        offered("elsewhere", far, to(far)),
        offered("elsewhere", other, to(other)),
        offered("nobody", far),
    ]
    kept = rows_for(village, rows, tree)
    assert {(row.matter, row.area) for row in kept} == {
        ("own", village), ("chain", CITY), ("granted", other), ("routing", CITY), ("routing", far),
        ("elsewhere", other),
    }  # fmt: skip
    assert next(row for row in kept if row.area == far).grants == NOTHING


def test_what_was_left_out_changes_neither_powers_nor_routing() -> None:
    """For every matter: whether it may be received here, where else it can be, and the department for every place from
    which this node may take it in are the same with the node's rows as with all of the hall's."""
    from app.matters.catalogue import Catalogue

    tree, village = Tree(hall().nodes), hall().village()
    head = {"version": "v", "made_on": "2026-11-20", "node": village, "calendar": Calendar(), "public_url": "https://x"}

    def catalogue(rows: list[Row]) -> Catalogue:
        return Catalogue(
            Pack(
                **head,  # type: ignore[arg-type]
                nodes=hall().nodes,
                departments=hall().departments,
                matters=tuple(Matter.model_validate(matter) for matter in hall().matters),
                offerings=tuple(row.opened() for row in rows),
            )
        )

    whole, own = catalogue(hall().rows), catalogue(rows_for(village, hall().rows, tree))
    places = [node.code for node in hall().nodes[::7]]
    for code in codes():
        assert own.may_receive(code, village) == whole.may_receive(code, village)
        assert own.receivable_at(code, village) == whole.receivable_at(code, village)
        for place in places:
            right = competent(whole.offerings(code), (place,), tree)
            usable = [offering for offering in right if whole.powers(offering, village)]
            found = competent(own.offerings(code), (place,), tree)
            assert (
                {o.department for o in found} == {o.department for o in right}
                if usable
                else not any(own.powers(offering, village) for offering in found)
            )
