"""What a window does to a case that it took in: asks for what is missing, takes it in, declines; and what the
department then sees (U01, S08)."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable

import pytest

from app.cases import acts
from app.cases.lists import shown
from app.demo_officer import Officer
from app.flow import finish, pages, printing, steps
from app.papers.paper import PaperKind
from contract.case import Case, Ground, Kind, State, SupplementItem
from contract.problem import Problem
from tests.journeys.conftest import STREET, Window, Windows, picture

FOOD = "XK-00131-001"  # the department accepts
ELDERLY = "QR-00111-003"  # the window accepts

pytestmark = pytest.mark.needs("pdftotext")


def received(window: Window, matter: str = FOOD, card: str = "yuyao") -> Case:
    """A case taken in and printed."""
    taken = finish.take_in(window.desk, window.fill_materials(window.begin(card, matter)), window.clerk)
    printing.print_papers(window.desk, taken.case.id, taken.papers, window.clerk)
    return taken.case


def paper(window: Window, case: Case, kind: PaperKind) -> str:
    """A paper of the case, printed and read back."""
    done = printing.print_papers(window.desk, case.id, (kind,), window.clerk)
    assert [one.outcome for one in done] == ["done"]
    pdf = printing.paper_pdf(window.desk, case.id, kind, window.clerk)
    text = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True).stdout
    return re.sub(r"\s", "", text.decode())


def asked(window: Window, case: Case) -> Case:
    """Everything that is wrong with the case is told."""
    items = (
        SupplementItem(material="lease", what="第3页没有签名", standard="出租人签名"),
        SupplementItem(field="staff", what="与健康证明的份数不一致"),
    )
    return acts.ask_supplement(window.desk, case.id, window.clerk, items)


def brought(window: Window, case: Case) -> Case:
    """The applicant comes with what was missing: pages newly scanned, an answer mended."""
    desk = window.desk
    draft = steps.supplementing(desk, case.id, window.clerk)
    draft = pages.add_file(desk, draft, "lease", picture(case.id, 99), "image/jpeg")
    draft = steps.with_answers(desk, draft, {**draft.answers, "staff": 4})
    taken = finish.take_in(desk, draft, window.clerk)
    assert taken.papers == (PaperKind.RECEIPT,)
    return taken.case


def told(window: Window) -> None:
    """Everything is with the server, and both ends agree."""
    window.desk.courier.retry_now()
    window.settle(window.agreed)


def test_s08_what_is_missing_is_told_once_and_brought(window: Windows, officer: Callable[[str], Officer]) -> None:
    street = window(STREET, "zhoumin", "yuyao")
    case = received(street)
    case = asked(street, case)
    words = paper(street, case, PaperKind.SUPPLEMENT)
    assert "补正告知书" in words and "第3页没有签名" in words and "从业人数" in words and f"{case.number}-BZ1" in words
    told(street)
    market = officer("haishu-market")
    page = market.read(f"/cases/{case.id}")
    assert "第3页没有签名" in page and "与健康证明的份数不一致" in page

    case = brought(street, case)
    assert case.state is State.RECEIVED and case.answers["staff"] == 4
    words = paper(street, case, PaperKind.RECEIPT)
    assert f"{case.number}-SJ2" in words and "补交材料后的凭证" in words
    with pytest.raises(Problem, match="case.asked_already"):
        asked(street, case)
    told(street)
    page = market.read(f"/cases/{case.id}")
    assert "3 人 → 4 人" in page and len(street.server_view(case.id).case.materials) == len(case.materials)
    market.act(case.id, "accept")
    street.desk.courier.retry_now()
    street.settle(lambda: acts.get_case(street.desk, case.id).state is State.ACCEPTED)


def test_s08_what_was_not_brought_is_declined_where_the_window_may(
    window: Windows, officer: Callable[[str], Officer]
) -> None:
    street = window(STREET, "zhoumin", "long_term")
    desk = street.desk
    item = SupplementItem(material="photo", what="不是近照")
    draft = street.fill_materials(street.begin("long_term", ELDERLY))
    case = finish.ask_supplement(desk, draft, street.clerk, (item,)).case
    case = acts.decline(desk, case.id, street.clerk, Ground.INCOMPLETE, "期满没有补交近照")
    words = paper(street, case, PaperKind.REFUSAL)
    for said in ("不予受理通知书", "期满没有补交近照", "行政复议", "行政诉讼", f"{case.number}-BY1"):
        assert said in words
    told(street)
    assert street.server_view(case.id).case.state is State.DECLINED
    assert "期满没有补交近照" in officer("yuyao-civil").read(f"/cases/{case.id}")

    other = received(street, FOOD, "yuyao")  # here it is not the window's to say
    assert Kind.DECLINE not in shown(desk, other.id, street.clerk).allowed
    assert "海曙区市场监督管理局" in shown(desk, other.id, street.clerk).elsewhere[Kind.DECLINE]
    with pytest.raises(Problem, match="case.no_power"):
        acts.decline(desk, other.id, street.clerk, Ground.NOT_MET, "不符合条件")
