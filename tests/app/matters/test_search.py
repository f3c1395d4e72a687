"""One field finds a matter: characters, pinyin, initials, code, mixtures, recent and frequent first (S11)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypinyin import lazy_pinyin

from app.demo import demo_pack
from app.matters.search import Search, index, plain, units
from app.store.catalogue import Shelf, shelf_of
from contract.matter import Matter

PACK = demo_pack()


class Names:
    """What a search finds, as matters."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.search: Search = index(shelf)

    def find(self, text: str, limit: int = 20, used: Mapping[str, float] | None = None) -> tuple[Matter, ...]:
        found = (self.shelf.find_matter(code) for code in self.search.find(text, limit, used))
        return tuple(matter for matter in found if matter is not None)


SEARCH = Names(shelf_of(PACK))


def renamed(*names: str) -> Names:
    """An index over matters with just these names."""
    base = PACK.matters[0].model_copy(update={"keywords": (), "name_en": ""})
    matters = tuple(base.model_copy(update={"code": f"M-{n:05d}", "name": name}) for n, name in enumerate(names))
    return Names(shelf_of(PACK.model_copy(update={"matters": matters, "offerings": ()})))


def found(search: Names, text: str) -> list[str]:
    return [matter.name for matter in search.find(text)]


@pytest.mark.parametrize(
    "text",
    [
        *("食", "食品", "食品经营", "食品经营许可（新办）", "经营许可", "许可新办", "餐饮", "小吃店"),
        *("spjyxk", "ＳＰＪＹＸＫ", "jyxk", "shipin", "shipinj", "shipinjingy", "canyin", "kfd"),
        *("shipjyxk", "spjingyingxk", "食品jyxk", "食pin经营", "sp经营", "shi pin", "食品 xinban", "xinban shipin"),
        *("XK-00131-001", "xk00131001", "00131001", "food", "Food lic"),
    ],
)
def test_s11_one_field_takes_anything(text: str) -> None:
    assert "食品经营许可（新办）" in found(SEARCH, text)


@pytest.mark.parametrize("text", ["食品许可", "spxk", "食品xk", "shipinxuke", "烟草许可证", "ycxkz", "老年证办理"])
def test_units_may_be_left_out_where_nothing_matches_without_a_gap(text: str) -> None:
    hits = found(SEARCH, text)
    assert 1 <= len(hits) <= 3 and ("烟" in hits[0] or "食" in hits[0] or "老" in hits[0])
    assert found(renamed("食品经营许可", "食品许可"), "食品许可") == ["食品许可"]


@pytest.mark.parametrize(
    "text", ["食堂承包", "vvvv", "shipinq", "食品xyz", "9999999", "food zebra", "食品 烟草专卖", "可许品食"]
)
def test_what_is_not_there_is_not_found(text: str) -> None:
    assert found(SEARCH, text) == []


@pytest.mark.parametrize("text", ["", " ", "（）", "，。", "\n\t", "·"])
def test_nothing_typed_lists_everything(text: str) -> None:
    assert len(SEARCH.find(text, limit=100)) == len(PACK.matters)


@pytest.mark.parametrize("text", ["\x00", "𠮷" * 50, "s" * 5000, "食" * 5000, "'" * 9, "%_*", "\ud800", "🙂", "ǖ", "ß"])
def test_odd_input_finds_nothing_and_breaks_nothing(text: str) -> None:
    assert len(SEARCH.find(text)) <= 20


@given(st.sampled_from(PACK.matters), st.data())
def test_any_stretch_of_a_name_finds_it(matter: Matter, data: st.DataObject) -> None:
    name = plain(matter.name)
    start = data.draw(st.integers(0, len(name) - 1))
    end = data.draw(st.integers(start + 1, len(name)))
    assert matter in SEARCH.find(name[start:end], limit=100)


@given(st.sampled_from(PACK.matters), st.data())
def test_any_abbreviation_of_its_pinyin_finds_it(matter: Matter, data: st.DataObject) -> None:
    """Each syllable given by its first letters, however many: full, initials, half-typed, or a mixture. A mixture that
    is another name's own pinyin or initials finds that one: sheli is 设立, before it could be 申领.
    """
    name = plain(matter.name)
    start = data.draw(st.integers(0, len(name) - 1))
    end = data.draw(st.integers(start + 1, len(name)))
    syllables = lazy_pinyin(name)[start:end]
    typed = "".join(syllable[: data.draw(st.integers(1, len(syllable)))] for syllable in syllables)
    hits = SEARCH.find(typed, limit=100)
    assert matter in hits or (hits and all(_is_spelled(hit, typed) for hit in hits))


def _is_spelled(matter: Matter, typed: str) -> bool:
    """Whether that is the beginning of its pinyin or its initials, from some character on."""
    rows = [lazy_pinyin(plain(name))[start:] for name in (matter.name, *matter.keywords) for start in range(len(name))]
    rows.append([plain(matter.name_en)])
    return any("".join(row).startswith(typed) or "".join(part[:1] for part in row).startswith(typed) for row in rows)


def test_a_mixture_that_is_anothers_pinyin_finds_the_other() -> None:
    search = renamed("居住证申领", "公司设立")
    assert found(search, "sheli") == ["公司设立"]
    assert found(search, "sheling") == found(search, "shenli") == ["居住证申领"]


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("长期护理保险", ["changqi", "cqhl", "zhangqi"]),  # a reading that the word does not have still finds it
        ("成长档案", ["chengzhang", "czda"]),
        ("重大项目", ["zhongda", "zdxm"]),
        ("重新申领", ["chongxin", "cxsl", "zxsl"]),
        ("银行开户", ["yinhang", "yhkh"]),
        ("行医许可", ["xingyi", "xyxk"]),
        ("女职工生育津贴", ["nvzhigong", "nzgsy"]),
        ("旅馆业特种行业许可", ["lvguan", "lgy", "hangye"]),
        ("西安路占道", ["xian", "xianlu", "xalzd"]),
        ("𠮷祥物备案", ["𠮷祥", "xiangwu", "xwba"]),
        ("A类企业登记", ["a类", "alei", "leiqiye"]),
        ("第2类医疗器械", ["2类", "第2", "di2lei", "2lei"]),
    ],
)
def test_characters_of_several_readings(name: str, texts: list[str]) -> None:
    search = renamed(name, "其他")
    for text in texts:
        assert found(search, text) == [name], text


# --- order ------------------------------------------------------------------------------------------------------------


def test_the_place_in_the_name_decides_among_equals() -> None:
    search = renamed("出版物食品专版", "食品经营许可变更", "食品许可", "小食品")
    assert found(search, "食品") == ["食品许可", "食品经营许可变更", "小食品", "出版物食品专版"]


def test_recent_and_frequent_come_first_but_the_exact_name_before_all() -> None:
    search = renamed("食品许可", "食品许可变更", "食品许可注销")
    used = {"M-00001": 2.0, "M-00002": 7.5, "gone": 99.0}
    assert [m.name for m in search.find("食品", used=used)] == ["食品许可注销", "食品许可变更", "食品许可"]
    assert search.find("食品许可", used=used)[0].name == "食品许可"
    assert search.find("m-00000", used=used)[0].name == "食品许可"
    assert [m.name for m in search.find("", used=used)] == ["食品许可注销", "食品许可变更", "食品许可"]
    assert [m.name for m in search.find("变更", used={"M-00002": 9.0})] == ["食品许可变更"]  # used, but no match


def test_no_more_than_asked_and_none_twice() -> None:
    hits = SEARCH.find("s", limit=5)
    assert len(hits) == 5 == len({hit.code for hit in hits})
    assert SEARCH.find("s", limit=0) == ()


def test_an_empty_catalogue_finds_nothing() -> None:
    assert renamed().find("食品") == () == renamed().find("")


def test_units_hold_the_reading_of_the_word_first() -> None:
    assert [unit.readings[0] for unit in units("重新")] == ["chong", "xin"]
    assert [unit.readings[0] for unit in units("银行")] == ["yin", "hang"]
    assert [unit.character for unit in units("ＡＢ 3（号）")] == ["", "3", "号"]


# --- many matters -----------------------------------------------------------------------------------------------------


@cache
def thousands() -> tuple[list[str], Names]:
    heads = [
        "食品",
        "药品",
        "建设工程",
        "民办学校",
        "道路运输",
        "公共场所",
        "医疗机构",
        "特种设备",
        "娱乐场所",
        "人力资源",
    ]
    middles = ["经营", "生产", "使用", "设立", "变更", "延续", "注销", "补发", "年检", "备案"]
    tails = ["许可", "登记", "审批", "核准", "确认", "认定", "查询", "公示", "报告", "证明"]
    names = [head + middle + tail for head in heads for middle in middles for tail in tails]
    return names, renamed(*names)


def test_a_thousand_matters_answer_as_a_plain_look_through_them_would() -> None:
    names, search = thousands()
    for text in ("经营", "许可", "设立登记", "工程", "公"):
        assert {m.name for m in search.find(text, limit=2000)} == {name for name in names if text in name}
    for text in ("jyxk", "s", "gc", "dlysbg"):
        expected = {name for name in names if text in "".join(s[0] for s in lazy_pinyin(name))}
        assert expected <= {m.name for m in search.find(text, limit=2000)}
