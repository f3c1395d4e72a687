"""What stands on each paper. Read back by pdftotext and by barcode readers that we did not write."""

from __future__ import annotations

import io
import re
import subprocess
from collections.abc import Callable
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

from app.papers import PaperInput, PaperKind, draw, from_server_json, number_of, paper_number, raster, title_of
from app.papers.paper import replaced_by
from contract.form import Form
from contract.ids import find_slot
from contract.problem import Problem

pytestmark = [
    pytest.mark.needs("font:LXGW WenKai"),
    pytest.mark.needs("font:WenQuanYi Zen Hei"),
    pytest.mark.needs("pdftotext"),
]

NUMBER = "330281-00004317-3"
ID_NUMBER = "11010519491231002X"
ReadText = Callable[[bytes], str]
Plays = Callable[..., PaperInput]


def said(text_of: ReadText, kind: PaperKind, given: PaperInput) -> str:
    """All the text of a paper without white space, as it does not depend on how lines break."""
    return re.sub(r"\s", "", text_of(draw(kind, given)))


def test_a_receipt_says_what_was_taken_in_and_that_this_is_not_acceptance(
    text_of: ReadText, received: PaperInput
) -> None:
    words = said(text_of, PaperKind.RECEIPT, received)
    for expected in (
        "余姚市凤山街道便民服务中心收件凭证" + NUMBER,
        "凭证号330281-00004317-3-SJ1",
        "宁波海曙虚构餐饮管理有限公司统一社会信用代码91350100M000100Y43",
        "张𠮷䶮㛃（法定代表人）居民身份证号码**************002X",
        "138****1234",
        "食品经营许可（新办）",
        "收到材料4项",
        "食品经营许可申请书原件1份，2页",
        "营业执照（副本）电子1份，共享库引用KZ-0231",
        "复印件2份，1页，已核对原件",
        "从业人员健康证明容缺，须于2026年12月4日前补交",
        "证件芯片读取",
        "时间2026年11月20日09:43",
        "3号窗口沈小芬",
        "不代表已经受理",
        "是否受理由宁波市海曙区市场监督管理局决定，并在收件后五个工作日内（至2026年11月27日）告知",
        "咨询电话：0574-87654321",
        "扫码查询办理进度",
    ):
        assert expected in words
    assert ID_NUMBER not in words and ID_NUMBER[:6] not in words
    assert "本机时间" not in words and "训练" not in words and "副本" not in words.replace("营业执照（副本）", "")


@pytest.mark.parametrize("kind", [PaperKind.RECEIPT, PaperKind.RECEIPT_A4])
def test_an_awkward_receipt_is_marked_for_what_it_is(text_of: ReadText, awkward: PaperInput, kind: PaperKind) -> None:
    words = said(text_of, kind, awkward)
    for expected in (
        "收件凭证（副本）",
        "打印于2026年11月20日10:41",
        "王[U+E863]𬭩",
        "人工录入（身份证消磁）",
        "时间2026年11月20日09:33:05（服务器）"
        if kind is PaperKind.RECEIPT
        else "时间：2026年11月20日09:33:05（服务器）",
        "2026年11月20日09:43:05",
        "330281-00004317-3-SJ2",
        "本凭证替代330281-00004317-3-SJ1，原凭证作废（更正：经办人电话录错一位）",
        "138****5678",
    ):
        assert expected in words
    assert "训练" in words


def test_a_station_that_never_heard_the_server_says_so(text_of: ReadText, plays: Plays, acts: SimpleNamespace) -> None:
    made = plays(acts.OPEN, acts.CONFIRM, acts.RECEIVE, offset_ms=None)
    words = said(text_of, PaperKind.RECEIPT, made)
    assert "2026年11月20日09:43（本机时间，未与服务器校对）" in words


def test_the_half_page_receipt_stays_on_its_half(received: PaperInput) -> None:
    picture = raster.page_image(draw(PaperKind.RECEIPT_A4, received), 0, 72)
    below = picture.crop((0, picture.height // 2 + 3, picture.width, picture.height))
    assert below.getextrema() == (255, 255)


def test_two_hundred_materials_are_all_on_the_receipt(text_of: ReadText, received: PaperInput) -> None:
    """F18: a long receipt is as long as it must be."""
    first = received.view.case.materials[0]
    many = tuple(first.model_copy(update={"code": f"m{n}", "name": f"材料之{n}"}) for n in range(1, 201))
    view = received.view.model_copy(update={"case": received.view.case.model_copy(update={"materials": many})})
    pdf = draw(PaperKind.RECEIPT, received.model_copy(update={"view": view}))
    assert raster.page_count(pdf) == 1
    words = text_of(pdf)
    assert all(f"材料之{n}\n" in words for n in range(1, 201))


def test_an_acceptance_notice_has_both_limits_and_waits_for_its_stamp(text_of: ReadText, accepted: PaperInput) -> None:
    words = said(text_of, PaperKind.ACCEPTANCE, accepted)
    for expected in (
        "宁波市海曙区市场监督管理局受理通知书",
        "编号：330281-00004317-3-SL1",
        "宁波海曙虚构餐饮管理有限公司（统一社会信用代码：91350100M000100Y43）：",
        "经办人：张𠮷䶮㛃（法定代表人，居民身份证号码：110105********002X）",
        "2026年11月20日提出的“食品经营许可（新办）”申请收悉",
        "第三十二条第一款第（五）项和《中华人民共和国食品安全法》第三十五条，决定予以受理",
        "其余1项按容缺受理的承诺补交",
        "20个工作日（至2026年12月18日）",
        "5个工作日（至2026年11月27日）",
        "现场核查、检验检测所需时间不计算在期限内",
        "不收费",
        "《食品经营许可证》，窗口领取",
        "电话0574-87654321",
        "海曙市监陈立",
        "（受理专用章）",
        "待签章——加盖受理专用章后生效",
        "签收人（签字）",
        "一式两份",
    ):
        assert expected in words
    assert ID_NUMBER not in words


def test_a_notice_accepted_at_the_window_names_the_mandate(
    text_of: ReadText, plays: Plays, acts: SimpleNamespace
) -> None:
    by_window = (acts.Kind.ACCEPT, {}, acts.CLERK)
    made = plays(acts.OPEN, acts.CONFIRM, acts.RECEIVE, by_window)
    words = said(text_of, PaperKind.ACCEPTANCE, made)
    assert "本通知书由余姚市凤山街道便民服务中心受宁波市海曙区市场监督管理局委托作出" in words
    assert "承办人沈小芬" in words


def test_a_sealed_notice_no_longer_waits(text_of: ReadText, plays: Plays, acts: SimpleNamespace) -> None:
    seal = (acts.Kind.SEAL, {"paper": f"{NUMBER}-SL1", "digest": "0" * 64}, acts.OFFICER)
    made = plays(acts.OPEN, acts.CONFIRM, acts.RECEIVE, acts.ACCEPT, seal)
    assert "待签章" not in said(text_of, PaperKind.ACCEPTANCE, made)


def test_a_supplement_notice_tells_everything_once_with_day_and_consequence(
    text_of: ReadText, asked: PaperInput
) -> None:
    words = said(text_of, PaperKind.SUPPLEMENT, asked)
    for expected in (
        "补正告知书",
        "平面图未标注食品处理区面积",
        "按1:100绘制",
        "缺少2名从业人员健康证明",
        "申请书第2页未签字",
        "请于2026年12月11日前",
        "以上共3项，为全部补正内容。本告知为一次性告知",
        "可以作出不予受理的决定",
        "待签章",
    ):
        assert expected in words


def test_a_refusal_names_the_ground_the_right_organ_and_the_remedies(text_of: ReadText, declined: PaperInput) -> None:
    words = said(text_of, PaperKind.REFUSAL, declined)
    for expected in (
        "不予受理通知书",
        "不属于本机关职权范围",
        "经营场所位于鄞州区，不在本机关管辖范围",
        "第三十二条第一款第（二）项",
        "由宁波市鄞州区市场监督管理局办理",
        "60日",
        "行政复议",
        "6个月",
        "行政诉讼",
    ):
        assert expected in words
    assert "从业人员健康证明" not in words  # promised, never handed in: nothing to give back


def test_the_application_form_shows_the_answers_that_count(text_of: ReadText, received: PaperInput) -> None:
    words = said(text_of, PaperKind.APPLICATION, received)
    for expected in (
        "食品经营许可（新办）",
        "申请表",
        ID_NUMBER,
        "13800001234",
        "主体业态餐饮服务经营者",
        "86.5平方米",
        "是否连锁否",
        "2027年1月8日",
        "热食类食品制售、冷食类食品制售",
        "店招名称含生僻字：𠮷䶮小馆。",
        "（签字或盖章）",
    ):
        assert expected in words
    assert "不应出现" not in words  # a hidden field's answer does not count


def test_the_form_names_places_ticks_declarations_and_strikes_through_what_was_left_open(
    text_of: ReadText, received: PaperInput
) -> None:
    properties = {
        "where": {"type": "string", "format": "tongban-area"},
        "declared": {"type": "boolean"},
        "agreed": {"type": "boolean"},
        "remark": {"type": "string"},
    }
    labels = {
        "where": "所在地",
        "declared": "本人承诺以上填写的内容全部真实",
        "agreed": "同意由工作人员代为查询户籍信息",
        "remark": "备注",
    }
    controls = [{"type": "Control", "scope": f"#/properties/{name}", "label": labels[name]} for name in properties]
    form = Form(data={"type": "object", "properties": properties}, ui={"type": "VerticalLayout", "elements": controls})
    case = received.view.case.model_copy(update={"answers": {"where": "330203001", "declared": True, "agreed": False}})
    matter = received.view.matter.model_copy(update={"form": form})
    view = received.view.model_copy(update={"case": case, "matter": matter})
    named = {"330203001": "宁波市海曙区鼓楼街道"}
    words = said(text_of, PaperKind.APPLICATION, received.model_copy(update={"view": view, "areas": named}))
    assert "所在地宁波市海曙区鼓楼街道" in words
    assert "☑本人承诺以上填写的内容全部真实" in words
    assert "☐同意由工作人员代为查询户籍信息" in words
    assert "备注／" in words


def test_a_form_of_other_answers_bears_another_digest(text_of: ReadText, received: PaperInput) -> None:
    """U04: a signed page of other answers can be told."""
    case = received.view.case
    changed = received.view.model_copy(
        update={"case": case.model_copy(update={"answers": {**case.answers, "area": 90.0}})}
    )
    digests = [
        re.search(r"填写内容摘要([0-9a-f]{16})", said(text_of, PaperKind.APPLICATION, given))
        for given in (received, received.model_copy(update={"view": changed}))
    ]
    assert digests[0] and digests[1] and digests[0][1] != digests[1][1]


@pytest.mark.needs("zbarimg")
def test_a_long_form_carries_its_slot_on_each_page(
    received: PaperInput, codes_in: Callable[[bytes], list[str]]
) -> None:
    case = received.view.case
    long = {**case.answers, "remark": "很长的说明，" * 700}
    view = received.view.model_copy(update={"case": case.model_copy(update={"answers": long})})
    pdf = draw(PaperKind.APPLICATION, received.model_copy(update={"view": view}))
    pages = raster.page_count(pdf)
    assert pages > 1
    for number in range(pages):
        out = io.BytesIO()
        raster.page_image(pdf, number, 150).save(out, "PNG")
        slots = [slot for code in codes_in(out.getvalue()) if (slot := find_slot(code))]
        assert [(slot.number, slot.material, slot.page) for slot in slots] == [(NUMBER, "form", number + 1)]


@pytest.mark.needs("zbarimg")
def test_the_qr_on_the_thermal_bitmap_leads_to_the_progress_page(
    received: PaperInput, codes_in: Callable[[bytes], list[str]]
) -> None:
    out = io.BytesIO()
    raster.bitmap(draw(PaperKind.RECEIPT, received)).save(out, "PNG")
    assert codes_in(out.getvalue()) == [received.view.progress_url]
    assert received.view.progress_url.isascii()


@pytest.mark.needs("zbarimg")
def test_each_separator_carries_page_zero_of_its_slot(
    text_of: ReadText, received: PaperInput, codes_in: Callable[[bytes], list[str]]
) -> None:
    pdf = draw(PaperKind.SEPARATOR, received)
    found = []
    for number in range(raster.page_count(pdf)):
        out = io.BytesIO()
        raster.page_image(pdf, number, 100).save(out, "PNG")
        found += codes_in(out.getvalue())
    assert found == [f"TB1:{NUMBER}:{code}:0" for code in ("form", "licence", "plan", "health", "idcard")]


ALL = [
    (PaperKind.RECEIPT, "received"),
    (PaperKind.RECEIPT, "awkward"),
    (PaperKind.RECEIPT_A4, "received"),
    (PaperKind.RECEIPT_A4, "awkward"),
    (PaperKind.APPLICATION, "received"),
    (PaperKind.ACCEPTANCE, "accepted"),
    (PaperKind.SUPPLEMENT, "asked"),
    (PaperKind.REFUSAL, "declined"),
]


@pytest.mark.parametrize(("kind", "case"), ALL)
def test_one_page_each_and_no_two_lines_lie_on_each_other(
    kind: PaperKind, case: str, request: pytest.FixtureRequest
) -> None:
    given: PaperInput = request.getfixturevalue(case)
    if kind is PaperKind.RECEIPT_A4:
        given = given.model_copy(update={"training": False})  # the watermark lies under the text on purpose
    pdf = draw(kind, given)
    assert raster.page_count(pdf) == 1
    boxes = _lines_of(pdf)
    assert len(boxes) > 15
    for place, (left, top, right, bottom, words) in enumerate(boxes):
        for other_left, other_top, other_right, other_bottom, other in boxes[place + 1 :]:
            across = min(right, other_right) - max(left, other_left)
            down = min(bottom, other_bottom) - max(top, other_top)
            low = min(bottom - top, other_bottom - other_top)
            assert across <= 0.5 or down <= low * 0.45, (words, other)


@pytest.mark.parametrize(("kind", "case"), ALL)
def test_nothing_is_printed_where_printers_do_not_reach(
    kind: PaperKind, case: str, request: pytest.FixtureRequest
) -> None:
    """Office printers leave 5 mm; the roll prints its whole 72 mm."""
    picture = raster.page_image(draw(kind, request.getfixturevalue(case)), 0, 72).point(lambda grey: 255 - grey)
    box = picture.getbbox()
    assert box is not None
    edge = 0 if kind is PaperKind.RECEIPT else 14
    assert box[0] >= edge and box[1] >= edge
    assert box[2] <= picture.width - edge and box[3] <= picture.height - edge


def _lines_of(pdf: bytes) -> list[tuple[float, float, float, float, str]]:
    listed = subprocess.run(
        ["pdftotext", "-bbox-layout", "-", "-"], input=pdf, capture_output=True, check=True
    ).stdout.decode()
    root = ElementTree.fromstring(re.sub(r'xmlns="[^"]+"', "", listed))
    return [
        (*(float(line.attrib[name]) for name in ("xMin", "yMin", "xMax", "yMax")), "".join(line.itertext()).strip())
        for line in root.iter("line")
    ]  # type: ignore[misc]


@pytest.mark.parametrize("kind", [PaperKind.ACCEPTANCE, PaperKind.SUPPLEMENT, PaperKind.REFUSAL])
def test_a_paper_whose_step_has_not_come_is_refused(received: PaperInput, kind: PaperKind) -> None:
    with pytest.raises(Problem) as raised:
        draw(kind, received)
    assert raised.value.code == "papers.not_yet"


def test_a_case_without_a_number_prints_nothing(plays: Plays, acts: SimpleNamespace) -> None:
    draft = plays(acts.OPEN).model_copy(update={"number": ""})
    for kind in (PaperKind.APPLICATION, PaperKind.SEPARATOR):
        with pytest.raises(Problem) as raised:
            draw(kind, draft)
        assert raised.value.code == "papers.no_number"


def test_a_paper_of_the_servers_answer_is_the_same_paper(text_of: ReadText, accepted: PaperInput) -> None:
    answered = accepted.view.model_dump(mode="json")
    assert draw(PaperKind.ACCEPTANCE, from_server_json(answered)) == draw(PaperKind.ACCEPTANCE, accepted)
    assert said(text_of, PaperKind.RECEIPT, from_server_json(answered))


def test_a_garbled_answer_names_the_field_and_not_its_value(received: PaperInput) -> None:
    answered = received.view.model_dump(mode="json")
    answered["case"]["parties"]["handler"]["number"] = ""
    with pytest.raises(Problem) as raised:
        from_server_json(answered)
    assert raised.value.code == "papers.unreadable"
    assert raised.value.facts == {"field": "case.parties.handler.number"}


def test_numbers_titles_and_reprs_say_nothing_personal(received: PaperInput, awkward: PaperInput) -> None:
    assert number_of(PaperKind.ACCEPTANCE, received) == f"{NUMBER}-SL1"
    assert number_of(PaperKind.RECEIPT, awkward) == f"{NUMBER}-SJ2"
    assert paper_number(PaperKind.REFUSAL, NUMBER) == f"{NUMBER}-BY1"
    assert title_of(PaperKind.RECEIPT, received) == f"收件凭证 {NUMBER}"
    assert repr(received) == str(received) == "PaperInput(0192f0c1-7a5b-7c3d-8e4f-1a2b3c4d5e6f)"
    pdf = draw(PaperKind.RECEIPT, received)
    assert b"/Title" in pdf and ID_NUMBER.encode() not in pdf


# --- what comes after -------------------------------------------------------------------------------------------------


def test_u05_only_what_came_out_before_a_correction_has_another_edition(plays: Plays, acts: SimpleNamespace) -> None:
    corrected = plays(acts.OPEN, acts.CONFIRM, acts.RECEIVE, acts.CORRECT, acts.ACCEPT)
    assert number_of(PaperKind.RECEIPT, corrected) == f"{NUMBER}-SJ2"
    assert number_of(PaperKind.ACCEPTANCE, corrected) == f"{NUMBER}-SL1"
    assert replaced_by(PaperKind.ACCEPTANCE, corrected) == ()
    twice = plays(acts.OPEN, acts.CONFIRM, acts.RECEIVE, acts.ACCEPT, acts.CORRECT, acts.CORRECT)
    assert number_of(PaperKind.ACCEPTANCE, twice) == f"{NUMBER}-SL3"
    assert replaced_by(PaperKind.ACCEPTANCE, twice) == (f"{NUMBER}-SL2",)


def test_what_was_supplemented_has_a_receipt_of_its_own_beside_the_first(
    text_of: ReadText, plays: Plays, acts: SimpleNamespace
) -> None:
    field = {"field": "premises_size", "what": "面积与平面图不一致"}
    asked = (acts.ASK[0], {**acts.ASK[1], "items": [*acts.ASK[1]["items"], field]}, acts.CLERK)
    supplement = (acts.Kind.SUPPLEMENT, {}, acts.CLERK)
    before = plays(acts.OPEN, acts.CONFIRM, acts.RECEIVE, asked)
    assert "面积与平面图不一致" in said(text_of, PaperKind.SUPPLEMENT, before)
    given = plays(acts.OPEN, acts.CONFIRM, acts.RECEIVE, asked, supplement)
    words = said(text_of, PaperKind.RECEIPT, given)
    assert f"凭证号{NUMBER}-SJ2" in words and "时间2026年11月20日09:45" in words
    assert "本凭证为补交材料后的凭证，与先前的凭证一并保存。" in words and "替代" not in words
    assert number_of(PaperKind.SUPPLEMENT, given) == f"{NUMBER}-BZ1"
    corrected = plays(acts.OPEN, acts.CONFIRM, acts.RECEIVE, asked, supplement, acts.CORRECT)
    assert f"{NUMBER}-SJ2" in "".join(replaced_by(PaperKind.RECEIPT, corrected))
