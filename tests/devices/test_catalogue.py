"""The catalogue: manifests as they are, and manifests that are wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from contract.problem import Problem
from devices import catalogue
from devices.catalogue import (
    GRADES,
    KINDS,
    Manifest,
    drivers,
    get_driver,
    has_library,
    missing,
    open_host,
    options_of,
    read_manifest,
)

EVERY = drivers()


def test_drivers_are_found_by_their_folders() -> None:
    ids = [manifest.id for manifest in EVERY]
    assert {"idcard/samv_serial", "idcard/manual", "idcard/simulated"} <= set(ids)
    assert len(ids) == len(set(ids))
    folders = [folder for kind in KINDS for folder in (catalogue.ROOT / kind / "drivers").glob("*/driver.py")]
    assert len(folders) == len(ids), "a folder with a driver and without a readable manifest"
    assert [manifest.kind for manifest in drivers("idcard")] == ["idcard"] * len(drivers("idcard"))


@pytest.mark.parametrize("manifest", EVERY, ids=lambda manifest: manifest.id)
def test_every_manifest_is_complete(manifest: Manifest) -> None:
    assert manifest.name and manifest.name_en
    assert set(manifest.os) <= {"linux", "windows", "macos"} and manifest.os
    assert manifest.grade in GRADES
    assert all(option.label and option.label_en for option in manifest.options)
    assert all(each.sentence_zh and each.sentence_en for each in manifest.requires)
    assert set(options_of(manifest, {})) == {option.key for option in manifest.options}


@pytest.mark.parametrize("driver", ["idcard/nothing", "nothing/simulated", "idcard", "idcard/../host", ""])
def test_a_driver_that_is_not_there(driver: str) -> None:
    with pytest.raises(Problem) as raised:
        get_driver(driver)
    assert raised.value.code == "device.no_such_driver"


def test_options_are_typed(folder: Path) -> None:
    manifest = read_manifest(folder)
    assert options_of(manifest, {}) == {"port": "", "baud": 9600, "gain": 1.0, "quick": False, "mode": "a"}
    given = {"port": "COM3", "baud": "115200", "gain": "2.5", "quick": "Yes", "mode": "b"}
    assert options_of(manifest, given) == {"port": "COM3", "baud": 115200, "gain": 2.5, "quick": True, "mode": "b"}


@pytest.mark.parametrize(
    "given", [{"baud": "fast"}, {"gain": "x"}, {"quick": "perhaps"}, {"mode": "c"}, {"colour": "red"}], ids=str
)
def test_an_option_that_does_not_fit_is_named(folder: Path, given: dict[str, str]) -> None:
    with pytest.raises(Problem) as raised:
        options_of(read_manifest(folder), given)
    assert raised.value.code == "device.bad_option"
    assert raised.value.facts["option"] == next(iter(given))


def test_what_is_missing_is_said_in_the_manifests_words(folder: Path) -> None:
    manifest = read_manifest(folder)
    assert missing(manifest) == ("缺库", "缺程序", "缺模块")
    assert missing(manifest, "en") == ("no library", "no program", "no module")


def test_a_driver_for_another_system_says_so(folder: Path) -> None:
    text = (folder / "manifest.toml").read_text("utf-8")
    (folder / "manifest.toml").write_text('os = ["beos"]\n' + text, "utf-8")
    assert "beos" in missing(read_manifest(folder))[0]


def test_a_library_is_found_without_loading_it() -> None:
    assert has_library("libc.so.6")
    assert not has_library("libtongban-does-not-exist.so.1")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name = 3 =",
        'name = "x"',
        'name = "x"\nname_en = "x"\n[options.a]\ntype = "int"\ndefault = true\nlabel = "a"\nlabel_en = "a"',
        'name = "x"\nname_en = "x"\n[options.a]\ntype = "odd"\ndefault = 1\nlabel = "a"\nlabel_en = "a"',
        'name = "x"\nname_en = "x"\n[options.a]\ntype = "choice"\ndefault = "z"\nlabel = "a"\nlabel_en = "a"',
        'name = "x"\nname_en = "x"\n[options.a]\ntype = "choice"\ndefault = "z"\nlabel = "a"\nlabel_en = "a"\n'
        'choices = ["z"]',
        'name = "x"\nname_en = "x"\n[options.a]\ntype = "choice"\ndefault = "z"\nlabel = "a"\nlabel_en = "a"\n'
        '[options.a.choices]\nz = ["词"]',
        'name = "x"\nname_en = "x"\n[[requires]]\nsentence_zh = "a"\nsentence_en = "a"',
    ],
)
def test_a_wrong_manifest_is_a_problem(folder: Path, text: str) -> None:
    (folder / "manifest.toml").write_text(text, "utf-8")
    with pytest.raises(Problem) as raised:
        read_manifest(folder)
    assert raised.value.code == "device.bad_manifest"
    assert raised.value.facts["driver"] == "codes/odd"


def test_one_wrong_manifest_does_not_hide_the_others(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "ROOT", folder.parents[2])
    other = folder.parent / "broken"
    other.mkdir()
    (other / "manifest.toml").write_text("name = ", "utf-8")
    assert [manifest.id for manifest in drivers()] == ["codes/odd"]


def test_a_host_for_a_driver_starts_nothing_before_the_first_call() -> None:
    with open_host("idcard/simulated", {"card": "yuyao"}) as host:
        assert host.pid is None
        assert host.ask("read")["name"] == "陈䶮"


def test_no_host_where_something_is_missing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "ROOT", folder.parents[2])
    with pytest.raises(Problem) as raised:
        open_host("codes/odd")
    assert raised.value.code == "device.missing"
    assert raised.value.facts["lacks"] == "缺库；缺程序；缺模块"


def test_every_choice_of_every_driver_has_words_of_its_own_in_both_languages() -> None:
    asked = [(one.id, option) for one in drivers() for option in one.options if option.kind == "choice"]
    assert len(asked) > 10
    for driver, option in asked:
        chinese, english = zip(*option.choices.values(), strict=True)
        for words in (chinese, english):
            assert all(words) and len(set(words)) == len(words), (driver, option.key)
        assert not any(re.search("[\u4e00-\u9fff]", each) for each in english), (driver, option.key)
        assert not set(option.choices) & set(chinese), (driver, option.key)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A driver's folder with every kind of option and requirement."""
    folder = tmp_path / "codes" / "drivers" / "odd"
    folder.mkdir(parents=True)
    lines = ['name = "x"', 'name_en = "x"']
    for what, zh in (("library", "库"), ("program", "程序"), ("module", "模块")):
        lines += [
            "[[requires]]",
            f'{what} = "tongban_nowhere"',
            f'sentence_zh = "缺{zh}"',
            f'sentence_en = "no {what}"',
        ]
    options = {"port": ("str", '""'), "baud": ("int", "9600"), "gain": ("float", "1"), "quick": ("bool", "false")}
    for key, (kind, default) in options.items():
        lines += [f"[options.{key}]", f'type = "{kind}"', f"default = {default}", 'label = "l"', 'label_en = "l"']
    lines += ["[options.mode]", 'type = "choice"', 'default = "a"', 'label = "l"', 'label_en = "l"']
    lines += ["[options.mode.choices]", 'a = ["甲", "one"]', 'b = ["乙", "two"]']
    (folder / "manifest.toml").write_text("\n".join(lines), "utf-8")
    return folder
