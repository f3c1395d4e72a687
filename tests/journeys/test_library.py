"""What a citizen gave once is used again: nothing of it crosses the line a second time (S12, S13)."""

from __future__ import annotations

from app.config import DeviceChoice
from app.flow import finish, pages, steps
from app.store import Changes
from contract.material import Source
from tests.journeys.conftest import STREET, Windows

FOOD = "XK-00131-001"


def test_s12_a_material_given_before_is_not_sent_again(window: Windows) -> None:
    street = window(STREET, "zhoumin", "yuyao")
    desk = street.desk
    draft = street.fill_materials(street.begin("yuyao", FOOD))
    draft = pages.verify_original(desk, draft, "lease", street.clerk)
    finish.take_in(desk, draft, street.clerk)
    street.settle(street.agreed)

    again = street.begin("yuyao", FOOD)
    item = pages.library(desk, again, "lease")[0]
    again = pages.from_library(desk, again, "lease", item)
    (lease,) = item.material.pages
    asked: set[str] = set()

    def note(_: Changes) -> None:
        asked.update(page for wanted in desk.store.uploads.wanted().values() for page in wanted)

    end = desk.store.on_change(note)
    taken = finish.take_in(desk, street.fill_materials(again), street.clerk)
    street.settle(street.agreed)
    end()
    assert lease.digest not in asked  # the server never asked for it
    view = street.server_view(taken.case.id)
    kept = next(material for material in view.case.materials if material.code == "lease")
    assert (kept.source, kept.library, kept.verified) == (Source.LIBRARY, item.reference, item.material.verified)
    assert desk.courier.line.page(taken.case.id, lease.digest) == desk.store.pages.get(lease.digest)


def test_s13_a_reference_to_somebody_elses_material_opens_nothing(window: Windows) -> None:
    street = window(STREET, "zhoumin", "yuyao")
    desk = street.desk
    draft = street.fill_materials(street.begin("yuyao", FOOD))
    draft = pages.verify_original(desk, draft, "lease", street.clerk)
    finish.take_in(desk, draft, street.clerk)
    street.settle(street.agreed)
    item = pages.library(desk, street.begin("yuyao", FOOD), "lease")[0]

    desk.devices.choose("idcard", DeviceChoice(driver="idcard/simulated", options={"card": "haishu"}))
    other = street.begin("haishu", FOOD)
    forged = item.material.model_copy(update={"library": item.reference, "source": Source.LIBRARY})
    slots = tuple(forged if slot.code == "lease" else slot for slot in other.materials)
    other = street.fill_materials(steps.keep(desk, other, materials=slots))
    (lease,) = item.material.pages
    asked: set[str] = set()

    def note(_: Changes) -> None:
        asked.update(page for wanted in desk.store.uploads.wanted().values() for page in wanted)

    end = desk.store.on_change(note)
    finish.take_in(desk, other, street.clerk)
    street.settle(street.agreed)
    end()
    assert lease.digest in asked  # the server shows it to nobody who has not brought it
