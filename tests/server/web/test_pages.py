"""The officers' pages: who may see what, what each act does, and that nothing typed is lost."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from PIL import Image

from contract.case import (
    Accepted,
    Author,
    Corrected,
    Delivered,
    Kind,
    Reviewed,
    State,
    SupplementAsked,
    Supplemented,
    SupplementItem,
    Voided,
)
from contract.ids import case_number
from contract.material import CaseMaterial, Page, Seen, Trust
from contract.person import Role
from contract.wire import sha256
from server.cases import services
from server.cases.models import CaseRecord, EventRecord
from server.org.models import User
from server.web import pictures, todo
from tests.server.desk import Desk

SignIn = Callable[..., Client]


def act(client: Client, case_id: str, verb: str, version: int | None = None, **typed: Any) -> Any:
    """Send a form as the page does; names without a dash belong to the form of the verb."""
    version = CaseRecord.objects.get(id=case_id).version if version is None else version
    fields = {(name if "-" in name or name == "more" else f"{verb}-{name}"): value for name, value in typed.items()}
    return client.post(f"/cases/{case_id}/{verb}", {"version": version, **fields})


def state_of(case_id: str) -> str:
    return str(CaseRecord.objects.get(id=case_id).state)


@pytest.fixture
def officer(signed_in: SignIn) -> Client:
    return signed_in("haishu")


@pytest.fixture
def received(desk: Desk) -> str:
    """A case with all its pages, received in a Yuyao village, for Haishu's department."""
    case_id = desk.take_in().id
    desk.send_pages(case_id)
    return case_id


@pytest.fixture
def in_review(received: str) -> str:
    person = User.objects.get(username="haishu")
    services.accept(received, person, Accepted())
    services.review(received, person, Reviewed())
    return received


# --- who may see what -------------------------------------------------------------------------------------------------


def test_a_stranger_is_asked_to_sign_in(received: str) -> None:
    for path in ("/", f"/cases/{received}"):
        answer = Client().get(path)
        assert answer.status_code == 302 and answer["Location"].startswith("/accounts/login/")
    assert Client().post("/search", {"words": "x"}).status_code == 302


@pytest.mark.parametrize("who", ["clerk", "supervisor", "admin"])
def test_who_is_no_officer_is_told_where_their_work_is(signed_in: SignIn, received: str, who: str) -> None:
    client = signed_in(who)
    for path in ("/", f"/cases/{received}"):
        answer = client.get(path)
        if (who, path) == ("supervisor", "/"):
            assert answer["Location"] == "/ratings"  # the supervisors' own page
        else:
            assert answer.status_code == 403 and "部门办理人员" in answer.content.decode()
    assert act(client, received, "accept").status_code == 403
    assert state_of(received) == State.RECEIVED


def test_another_departments_case_does_not_exist(signed_in: SignIn, received: str, desk: Desk) -> None:
    other = signed_in("yuyao")
    digest = next(iter(desk.pages))
    assert other.get(f"/cases/{received}").status_code == 404
    assert other.get(f"/cases/{received}/pages/{digest}").status_code == 404
    assert act(other, received, "accept").status_code == 404
    number = CaseRecord.objects.get(id=received).number
    assert received not in other.post("/search", {"words": number}).content.decode()
    assert received not in other.get("/").content.decode()


def test_forms_need_their_token(received: str, signed_in: SignIn) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = signed_in("haishu").cookies
    answer = act(strict, received, "accept")
    assert answer.status_code == 403 and "页面过期了" in answer.content.decode()
    assert state_of(received) == State.RECEIVED


def test_every_answer_carries_the_policy_and_no_page_has_code_or_style_inside(officer: Client, received: str) -> None:
    for path in ("/", f"/cases/{received}", "/accounts/login/", "/accounts/logout/", "/nowhere", "/p/x/y"):
        answer = officer.get(path)
        assert "default-src 'none'" in answer["Content-Security-Policy"]
        text = answer.content.decode()
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|https?://", text), path


# --- the to-do --------------------------------------------------------------------------------------------------------


def test_a_case_moves_through_the_tabs(officer: Client, received: str, desk: Desk) -> None:
    text = officer.get("/").content.decode()
    assert received in text and "剩 5 个工作日" in text and "凤山街道永丰村" in text and "食品经营许可" in text
    act(officer, received, "accept")
    assert received not in officer.get("/").content.decode()
    text = officer.get("/?tab=open").content.decode()
    assert received in text and "绿灯" in text
    assert "没有等待受理的办件" in officer.get("/?tab=received").content.decode()


def test_missing_pages_are_marked_in_the_list(officer: Client, desk: Desk) -> None:
    desk.take_in()
    assert "材料未传齐" in officer.get("/").content.decode()


def test_the_list_goes_on_without_gap_or_repeat(officer: Client, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(todo, "STRETCH", 2)
    person = User.objects.get(username="haishu")
    cases = [desk.take_in().id for _ in range(5)]
    for case_id in cases[:4]:
        services.accept(case_id, person, Accepted())  # all due on one day: the id decides
    for tab, many in (("open", 4), ("received", 1)):
        seen: list[str] = []
        path = f"/?tab={tab}"
        while path:
            text = officer.get(path).content.decode()
            seen += re.findall(r'href="/cases/([^"]+)"', text)
            following = re.search(r'href="(\?[^"]+)" rel="next"', text)
            path = "/" + following[1].replace("&amp;", "&") if following else ""
        assert len(seen) == len(set(seen)) == many
    assert officer.get("/?tab=open&after=rubbish~x").status_code == 200
    assert officer.get("/?tab=received&after=2026-13-45T00:00~x").status_code == 200


def test_a_case_is_found_by_number_qr_name_and_id_number(officer: Client, received: str) -> None:
    row = CaseRecord.objects.get(id=received)
    for words in (str(row.number), f" http://hall.example/p/{row.number}/ABC "):
        answer = officer.post("/search", {"words": words})
        assert answer.status_code == 302 and answer["Location"] == f"/cases/{received}"
    for words in ("陈䶮", "11010519491231002x"):
        assert received in officer.post("/search", {"words": words}).content.decode()
    for words in ("没有这个人", case_number("330203", 77), ""):
        assert 'class="empty"' in officer.post("/search", {"words": words}).content.decode()


# --- a case -----------------------------------------------------------------------------------------------------------


def test_the_case_page_says_what_an_officer_must_know(officer: Client, received: str) -> None:
    text = officer.get(f"/cases/{received}").content.decode()
    for words in (
        "陈䶮",
        "110105********002X",
        "11010519491231002X",
        "店名",
        "丰山小吃",
        "读取芯片",
        "人证一致",
        "何晓",
    ):
        assert words in text, words
    for words in ("营业执照", "租赁合同", "C 须核对原件", "宁波市余姚市凤山街道永丰村", "最迟答复", "视为受理", "收件"):
        assert words in text, words


def test_u05_the_officer_sees_what_the_window_corrected_and_who_stood_by(
    officer: Client, signed_in: SignIn, desk: Desk
) -> None:
    case = desk.take_in()
    typed = Corrected(
        reason="店名写错",
        answers={"shop": "禾苗食品店"},
        phone="0574-00001111",
        replaces=(f"{case.number}-SJ1",),
        supervisor=Author(id="p-supervisor", name="苏盈", role=Role.SUPERVISOR, node="330281001"),
        supervisor_offline=True,
    )
    assert desk.told(desk.act(case.id, Kind.CORRECT, typed, after=case.last_action)).verdict == "done"
    text = officer.get(f"/cases/{case.id}").content.decode()
    for said in ("已更正", "丰山小吃 → 禾苗食品店", "— → 0574-00001111", "店名写错", "苏盈", "当时离线", "-SJ1"):
        assert said in text, said
    assert "<dd>禾苗食品店</dd>" in text  # the form says what holds now
    english = signed_in("haishu", "en").get(f"/cases/{case.id}").content.decode()
    assert "Supervisor stood by" in english and "Papers no longer valid" in english


def test_the_officer_sees_what_the_window_asked_for_and_what_came(officer: Client, desk: Desk) -> None:
    case = desk.take_in()
    items = (
        SupplementItem(material="lease", what="租期已过", standard="在租期内的合同"),
        SupplementItem(field="shop", what="与营业执照不一致"),
    )
    asked = desk.act(case.id, Kind.ASK_SUPPLEMENT, SupplementAsked(items=items), after=case.last_action)
    assert desk.told(asked).verdict == "done"
    text = officer.get(f"/cases/{case.id}").content.decode()
    assert text.count("租赁合同：租期已过（要求：在租期内的合同）") == 2  # at the side and in the history
    assert text.count("店名：与营业执照不一致") == 2
    lease = CaseMaterial(code="lease", name="租赁合同", pages=(desk.page(),))
    given = Supplemented(materials=(lease,), answers={"shop": "禾苗食品店"})
    assert desk.told(desk.act(case.id, Kind.SUPPLEMENT, given, after=asked.id)).verdict == "done"
    text = officer.get(f"/cases/{case.id}").content.decode()
    assert "丰山小吃 → 禾苗食品店" in text and state_of(case.id) == State.RECEIVED


def test_a_voided_case_says_why(officer: Client, desk: Desk) -> None:
    case = desk.take_in()
    desk.told(desk.act(case.id, Kind.VOID, Voided(reason="重复收件"), after=case.last_action))
    text = officer.get(f"/cases/{case.id}").content.decode()
    assert "作废的理由" in text and "重复收件" in text


def test_what_was_checked_and_what_was_promised_is_said(officer: Client, desk: Desk) -> None:
    seen = Seen(by="p-clerk", at="2026-03-02T09:30:00+08:00")  # type: ignore[arg-type]
    materials = (
        CaseMaterial(
            code="licence", name="营业执照", pages=(desk.page(),), trust=Trust.B, verified=seen, returned=seen
        ),
        CaseMaterial(code="lease", name="租赁合同", promised_until=date.today() + timedelta(days=5)),
    )
    case = desk.take_in(materials=[CaseMaterial(code="id_card", name="居民身份证", source="chip"), *materials])  # type: ignore[arg-type]
    text = officer.get(f"/cases/{case.id}").content.decode()
    for words in (
        "B 已与原件核对",
        "已核对原件",
        "核对：何晓 2026-03-02 09:30",
        "原件已退还",
        "容缺，应于",
        "还差 1 页",
    ):
        assert words in text, words


def test_a_page_is_shown_and_never_kept(officer: Client, received: str, desk: Desk) -> None:
    digest, data = next(iter(desk.pages.items()))
    answer = officer.get(f"/cases/{received}/pages/{digest}")
    assert answer.content == data and answer["Content-Type"] == "image/jpeg"
    assert {"private", "no-store"} <= set(answer["Cache-Control"].split(", "))
    assert "sandbox" in answer["Content-Security-Policy"]
    whole = officer.get(f"/cases/{received}/pages/{digest}?whole=1")
    assert whole.content == data and whole["Content-Disposition"].startswith("attachment")
    assert officer.get(f"/cases/{received}/pages/{'0' * 64}").status_code == 404


def test_a_tiff_becomes_a_picture_that_browsers_know_and_a_pdf_their_own(officer: Client, desk: Desk) -> None:
    made = io.BytesIO()
    frames = [Image.new("L", (40, 60), shade) for shade in (0, 255)]
    frames[0].save(made, "TIFF", save_all=True, append_images=frames[1:])
    pages = []
    for data, kind in ((made.getvalue(), "image/tiff"), (b"%PDF-1.4\n%%EOF\n", "application/pdf")):
        digest = sha256(data)
        desk.pages[digest] = data
        pages.append(Page(digest=digest, size=len(data), media_type=kind))
    materials = [
        CaseMaterial(code="licence", name="营业执照", pages=tuple(pages)),
        CaseMaterial(code="lease", name="租赁合同", pages=(desk.page(),)),
        CaseMaterial(code="id_card", name="居民身份证", source="chip"),  # type: ignore[arg-type]
    ]
    case = desk.take_in(materials=materials)
    desk.send_pages(case.id)
    second = officer.get(f"/cases/{case.id}/pages/{pages[0].digest}?frame=1")
    assert second["Content-Type"] == "image/png"
    with Image.open(io.BytesIO(second.content)) as picture:
        assert picture.size == (40, 60) and picture.getpixel((1, 1)) == 255
    assert officer.get(f"/cases/{case.id}/pages/{pages[0].digest}?frame=7").status_code == 404
    pdf = officer.get(f"/cases/{case.id}/pages/{pages[1].digest}")
    assert pdf["X-Frame-Options"] == "SAMEORIGIN" and "sandbox" not in pdf["Content-Security-Policy"]


def test_a_photographed_page_is_shown_straight_and_fetched_as_it_was_taken(officer: Client, desk: Desk) -> None:
    """S12: the corners that the counter found are obeyed here too; the bytes are the camera's."""
    seen = Image.new("RGB", (400, 300), (40, 60, 50))
    seen.paste("white", (100, 50, 300, 250))
    seen.paste((200, 0, 0), (100, 50, 200, 150))  # the paper's top left quarter
    made = io.BytesIO()
    seen.save(made, "JPEG", quality=95)
    data = made.getvalue()
    desk.pages[sha256(data)] = data
    corners = ((0.25, 1 / 6), (0.75, 1 / 6), (0.75, 5 / 6), (0.25, 5 / 6))
    crossed = ((0.25, 1 / 6), (0.25, 5 / 6), (0.75, 1 / 6), (0.75, 5 / 6))
    page = Page(digest=sha256(data), size=len(data), media_type="image/jpeg", corners=corners)
    materials = [
        CaseMaterial(code="licence", name="营业执照", pages=(page,)),
        CaseMaterial(code="lease", name="租赁合同", pages=(desk.page(),)),
        CaseMaterial(code="id_card", name="居民身份证", source="chip"),  # type: ignore[arg-type]
    ]
    case = desk.take_in(materials=materials)
    desk.send_pages(case.id)
    shown = officer.get(f"/cases/{case.id}/pages/{page.digest}")
    with Image.open(io.BytesIO(shown.content)) as paper:
        assert paper.size == (200, 200)
        red, white = paper.getpixel((20, 20)), paper.getpixel((180, 180))
        assert red[0] > 170 and red[1] < 40 and min(white) > 240  # type: ignore[index, arg-type]
    assert officer.get(f"/cases/{case.id}/pages/{page.digest}?whole=1").content == data
    assert len(pictures.shown(data, "image/jpeg", 0, crossed).content) == len(data)


# --- acts -------------------------------------------------------------------------------------------------------------


def test_accept_review_approve(officer: Client, received: str) -> None:
    answer = act(officer, received, "accept", remark="材料齐全")
    assert answer.status_code == 302
    text = officer.get(answer["Location"]).content.decode()
    assert "已受理，从今天起计时。" in text and "材料齐全" in text and "承诺办结" in text
    act(officer, received, "review")
    answer = act(officer, received, "approve", document="海曙食许〔2026〕1号")
    assert answer.status_code == 422 and "请填写这一栏。" in answer.content.decode()
    assert "海曙食许〔2026〕1号" in answer.content.decode()
    act(officer, received, "approve", opinion="符合条件", document="海曙食许〔2026〕1号", result="食品经营许可证")
    row = CaseRecord.objects.get(id=received)
    assert row.state == State.APPROVED
    decision = row.to_wire().decision
    assert decision is not None and decision.result == "食品经营许可证"


def test_ask_for_supplements_all_at_once(officer: Client, received: str, desk: Desk) -> None:
    text = officer.get(f"/cases/{received}").content.decode()
    assert 'name="ask_supplement-items-1-what"' in text
    lines = {
        "ask_supplement-items-TOTAL_FORMS": "2",
        "ask_supplement-items-INITIAL_FORMS": "0",
        "ask_supplement-items-0-material": "lease",
        "ask_supplement-items-0-what": "缺签名页",
        "ask_supplement-items-0-standard": "出租人签名",
        "ask_supplement-items-1-what": "",
    }
    more = act(officer, received, "ask_supplement", more="1", **lines)
    assert more.status_code == 200 and 'name="ask_supplement-items-2-what"' in more.content.decode()
    assert "缺签名页" in more.content.decode() and state_of(received) == State.RECEIVED
    nothing = act(officer, received, "ask_supplement", **{**lines, "ask_supplement-items-0-what": ""})
    assert nothing.status_code == 422 and "请写明缺什么或哪里不对。" in nothing.content.decode()
    third = {"ask_supplement-items-2-what": "再补一份平面图"}
    answer = act(
        officer,
        received,
        "ask_supplement",
        until="2026-12-31",
        **{**lines, **third, "ask_supplement-items-TOTAL_FORMS": "3"},
    )
    assert answer.status_code == 302
    case = CaseRecord.objects.get(id=received).to_wire()
    assert case.asked is not None
    assert [item.what for item in case.asked.items] == ["缺签名页", "再补一份平面图"]
    assert received in officer.get("/?tab=supplement").content.decode()
    given = desk.act(received, Kind.SUPPLEMENT, Supplemented(materials=()), after=case.last_action)
    assert desk.told(given).verdict == "done"
    text = officer.get(f"/cases/{received}").content.decode()
    assert 'id="act-ask_supplement"' not in text and 'id="act-accept"' in text


def test_asking_for_nothing_is_refused(officer: Client, received: str) -> None:
    assert act(officer, received, "ask_supplement").status_code == 422
    assert act(officer, received, "ask_supplement", until="morgen").status_code == 422
    assert state_of(received) == State.RECEIVED


def test_decline_needs_a_ground_and_says_where_to_go(officer: Client, received: str) -> None:
    answer = act(officer, received, "decline", ground="not_competent", reason="经营场所不在本区")
    assert answer.status_code == 422 and "请写明应向哪个机关申请。" in answer.content.decode()
    act(
        officer,
        received,
        "decline",
        ground="not_competent",
        reason="经营场所不在本区",
        competent_organ="余姚市市场监督管理局",
    )
    assert state_of(received) == State.DECLINED
    assert "余姚市市场监督管理局" in officer.get(f"/cases/{received}").content.decode()
    act(officer, received, "archive")
    assert state_of(received) == State.ARCHIVED


def test_suspend_resume_extend_refuse(officer: Client, in_review: str) -> None:
    text = officer.get(f"/cases/{in_review}").content.decode()
    assert '<option value="现场核查"' in text and 'id="act-resume"' not in text
    assert act(officer, in_review, "suspend", procedure="听证", days="5").status_code == 422
    assert act(officer, in_review, "suspend", procedure="现场核查", days="0").status_code == 422
    act(officer, in_review, "suspend", procedure="现场核查", days="5", reason="需要看现场")
    text = officer.get(f"/cases/{in_review}").content.decode()
    assert "现在还不能作出决定" in text and "特别程序中" in text and 'id="act-approve"' not in text
    assert "特别程序中，暂不计时" in officer.get("/?tab=open").content.decode()
    act(officer, in_review, "resume", remark="核查合格")
    assert act(officer, in_review, "extend", days="11", reason="案情复杂").status_code == 422
    act(officer, in_review, "extend", days="10", reason="案情复杂")
    text = officer.get(f"/cases/{in_review}").content.decode()
    assert "已延期" in text and 'id="act-extend"' not in text
    assert act(officer, in_review, "refuse", opinion=" ").status_code == 422
    act(officer, in_review, "refuse", opinion="不符合第三十三条")
    assert state_of(in_review) == State.REFUSED


def test_withdraw(officer: Client, received: str) -> None:
    assert act(officer, received, "withdraw").status_code == 422
    act(officer, received, "withdraw", reason="申请人不办了")
    assert state_of(received) == State.WITHDRAWN


def test_what_cannot_be_done_by_a_page_is_not_found(officer: Client, received: str) -> None:
    assert act(officer, received, "deliver").status_code == 404
    assert act(officer, received, "seal").status_code == 404
    assert officer.post(f"/cases/{received}/accept", {"accept-remark": ""}).status_code == 404
    assert officer.get(f"/cases/{received}/accept").status_code == 405


def test_undecidable_while_pages_are_missing_and_it_says_which(officer: Client, desk: Desk) -> None:
    case_id = desk.take_in().id
    person = User.objects.get(username="haishu")
    services.accept(case_id, person, Accepted())
    services.review(case_id, person, Reviewed())
    text = officer.get(f"/cases/{case_id}").content.decode()
    assert "现在还不能作出决定" in text and "营业执照：还差 1 页" in text and 'id="act-approve"' not in text
    answer = act(officer, case_id, "approve", opinion="符合条件")
    assert answer.status_code == 409 and "符合条件" in answer.content.decode()
    desk.send_pages(case_id)
    act(officer, case_id, "approve", opinion="符合条件")
    assert state_of(case_id) == State.APPROVED


def test_pressing_twice_is_one_act(officer: Client, received: str) -> None:
    version = CaseRecord.objects.get(id=received).version
    for _ in range(2):
        assert act(officer, received, "accept", version, remark="齐全").status_code == 302
    assert EventRecord.objects.filter(case_id=received, verb="accept").count() == 1


def test_f11_a_stale_page_says_so_and_keeps_what_was_typed(officer: Client, received: str) -> None:
    version = CaseRecord.objects.get(id=received).version
    services.accept(received, User.objects.get(username="haishu"), Accepted())
    answer = act(officer, received, "decline", version, ground="not_met", reason="场所面积不足")
    text = answer.content.decode()
    assert answer.status_code == 409 and "这一件已有新进展" in text and "场所面积不足" in text
    assert 'id="act-decline"' not in text and state_of(received) == State.ACCEPTED
    other = act(officer, received, "accept", version, remark="另一种说法")
    assert other.status_code == 409 and "另一种说法" in other.content.decode()


def test_a_delivered_case_needs_nothing_but_the_archive(officer: Client, in_review: str, desk: Desk) -> None:
    act(officer, in_review, "approve", opinion="符合条件")
    last = CaseRecord.objects.get(id=in_review).to_wire().last_action
    assert "这一件现在不需要您办理" in officer.get(f"/cases/{in_review}").content.decode()
    deliver = desk.act(in_review, Kind.DELIVER, Delivered(receiver="applicant"), after=last)
    assert desk.told(deliver).verdict == "done"
    assert in_review in officer.get("/?tab=done").content.decode()
    assert 'id="act-archive"' in officer.get(f"/cases/{in_review}").content.decode()
