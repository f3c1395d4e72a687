"""U04 at the server: a signature for other words is refused; what lies there is compared with what was signed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from contract.case import Case, said
from contract.material import CaseMaterial, Page, Signed
from contract.signature import FULL, MEDIA, Ink, Signature
from contract.wire import canonical, sha256
from server.cases.models import CaseRecord
from server.cases.signatures import Bond, bond_of
from tests.server.desk import Desk, folded

INK = Ink(width=12000, height=5000, strokes=(((0, 100, 100, FULL), (9, 4000, 900, FULL)),))
SHOWN = b"%PDF-1.4 what was shown\n"


def kept(desk: Desk, data: bytes, media_type: str) -> Page:
    digest = sha256(data)
    desk.pages[digest] = data
    return Page(digest=digest, size=len(data), media_type=media_type)


def signed(desk: Desk, says: str, shown: bytes = SHOWN, **changes: Any) -> CaseMaterial:
    """The lease, signed on the pad with these words before the person."""
    now = datetime.now(UTC)
    pdf = shown + b"and the ink behind it"
    page = kept(desk, pdf, "application/pdf")
    vector = Signature(document=sha256(SHOWN), says=says, at=now, ink=INK)
    facts: dict[str, Any] = {
        "document": sha256(SHOWN),
        "size": len(SHOWN),
        "says": says,
        "page": page.digest,
        "vector": kept(desk, canonical(vector).encode(), MEDIA),
        "picture": kept(desk, b"\x89PNG\r\n and so on", "image/png"),
        "means": "pen",
        "at": now,
    }
    return CaseMaterial(code="lease", name="租赁合同", pages=(page,), signed=Signed(**facts | changes))


def received(desk: Desk, says: str = "", **changes: Any) -> tuple[str, Case | None]:
    """Hand in a case with such a material. What was told of the receiving, and the case."""
    first, second, third = desk.begin()
    words = said(folded([first, second]))
    materials = [m for m in third.body["materials"] if m["code"] != "lease"]
    slot = signed(desk, says or words, **changes)
    body = {**third.body, "materials": [*materials, slot.model_dump(mode="json")]}
    told = desk.ask(first, second, third.model_copy(update={"body": body})).told[third.id]
    row = CaseRecord.objects.filter(id=third.case_id).first()
    return (told.problem["code"] if told.problem else told.verdict), row.to_wire() if row else None


def bond(case: Case) -> Bond | None:
    case = CaseRecord.objects.get(id=case.id).to_wire()
    return bond_of(case, next(m for m in case.materials if m.code == "lease"))


def test_u04_a_signature_for_other_words_is_refused(desk: Desk) -> None:
    code, case = received(desk, says="0" * 64)
    assert code == "signature.other_words" and case is not None and case.received_at is None
    code, _ = received(desk, page="1" * 64)  # on no page that came with it
    assert code == "signature.other_words"


def test_u04_all_three_are_wanted_and_then_the_bond_is_seen(desk: Desk) -> None:
    code, case = received(desk)
    assert code == "done" and case is not None
    slot = next(m for m in case.materials if m.code == "lease")
    assert slot.signed is not None and bond(case) is Bond.AWAY
    wanted = desk.wanted(case.id)
    assert {slot.signed.page, slot.signed.vector.digest, slot.signed.picture.digest} <= set(wanted)
    desk.send_pages(case.id)
    assert bond(case) is Bond.HOLDS and not CaseRecord.objects.get(id=case.id).materials_pending
    assert bond_of(case, next(m for m in case.materials if m.code == "licence")) is None
    corrected = case.model_copy(update={"phone": "13900000000"})
    assert bond_of(corrected, slot) is Bond.CORRECTED


@pytest.mark.parametrize("changes", [{"shown": b"%PDF-1.4 something else\n"}, {"document": "2" * 64}, {"size": 3}])
def test_u04_what_lies_there_is_not_believed(desk: Desk, changes: dict[str, Any]) -> None:
    code, case = received(desk, **changes)
    assert code == "done" and case is not None
    desk.send_pages(case.id)
    assert bond(case) is Bond.BROKEN


def test_u04_another_persons_ink_under_it_is_seen(desk: Desk) -> None:
    other = Signature(document="3" * 64, says="4" * 64, at=datetime.now(UTC), ink=INK)
    for data in (canonical(other).encode(), b"no ink at all"):
        code, case = received(desk, vector=kept(desk, data, MEDIA))
        assert code == "done" and case is not None
        desk.send_pages(case.id)
        assert bond(case) is Bond.BROKEN
