"""Every problem code has words that say what to do, in both languages; every word belongs to a code that is raised."""

from __future__ import annotations

import ast
import json
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.house import tree

MESSAGES = tree.ROOT / "resources" / "messages"
CODE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+")
LOUD = {"banner", "dialog", "quiet"}


@dataclass(frozen=True)
class Raised:
    """One place that makes a Problem. `facts` is None where they are handed on and cannot be read from the code."""

    code: str
    facts: frozenset[str] | None
    place: str


def words() -> dict[str, dict]:
    found: dict[str, dict] = {}
    for path in sorted(MESSAGES.glob("*.json")):
        for code, entry in json.loads(path.read_text(encoding="utf-8")).items():
            assert code not in found, f"{code} has words twice, in {path.name} too"
            found[code] = entry
    return found


def raised() -> Iterator[Raised]:
    for path in tree.inside(*tree.PACKAGES):
        if "Problem" in (tree.text(path) or ""):
            yield from raised_in(path)


def raised_in(path: Path) -> Iterator[Raised]:
    module = tree.syntax(path)
    named = constants(module)
    for call in ast.walk(module):
        if not isinstance(call, ast.Call) or not is_problem(call.func, path):
            continue
        place = f"{tree.name(path)}:{call.lineno}"
        first = next((k.value for k in call.keywords if k.arg == "code"), call.args[0] if call.args else None)
        known = codes_of(first, named)
        facts = frozenset(k.arg for k in call.keywords if k.arg not in ("code", "retry", None))
        handed_on = any(k.arg is None for k in call.keywords)
        if known:
            for code in known:
                yield Raised(code, None if handed_on else facts, place)
        else:
            # The code is looked up somewhere: then it stands in a table of this module.
            for code in tabled(module):
                yield Raised(code, None, place)


def is_problem(function: ast.expr, path: Path) -> bool:
    if isinstance(function, ast.Attribute):
        return function.attr == "Problem"
    in_its_own_class = path.name == "problem.py" and path.parent.name == "contract"
    return isinstance(function, ast.Name) and (function.id == "Problem" or (in_its_own_class and function.id == "cls"))


def constants(module: ast.Module) -> dict[str, set[str]]:
    """Name → codes that it is given anywhere in the module."""
    found: dict[str, set[str]] = {}
    for node in ast.walk(module):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, set()).update(codes_of(node.value, {}))
    return found


def codes_of(value: ast.expr | None, named: dict[str, set[str]]) -> set[str]:
    match value:
        case ast.Constant(value=str(text)) if CODE.fullmatch(text):
            return {text}
        case ast.IfExp(body=one, orelse=other):
            return codes_of(one, named) | codes_of(other, named)
        case ast.Name(id=name):
            return named.get(name, set())
    return set()


def tabled(module: ast.Module) -> set[str]:
    """Literals of a module that look like codes. Docstrings do not, and names of our own modules are left out."""
    found = {
        node.value
        for node in ast.walk(module)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value)
    }
    return {text for text in found if text.partition(".")[0] in areas() and not is_module(text)}


def areas() -> set[str]:
    """The first parts of the codes that have words."""
    return {code.partition(".")[0] for code in words()}


def is_module(text: str) -> bool:
    place = tree.ROOT.joinpath(*text.split("."))
    return place.is_dir() or place.with_suffix(".py").is_file()


def completed(place: str) -> set[str]:
    """Facts that a room adds to every Problem that passes it on the way out: ``problem.facts | {"pages": …}``."""
    found: set[str] = set()
    for path in tree.inside(*tree.PACKAGES):
        room = path if path.name != "__init__.py" else path.parent
        if place.startswith(tree.name(room)) and ".facts | {" in (tree.text(path) or ""):
            for node in ast.walk(tree.syntax(path)):
                match node:
                    case ast.BinOp(left=ast.Attribute(attr="facts"), op=ast.BitOr(), right=ast.Dict(keys=keys)):
                        found.update(str(key.value) for key in keys if isinstance(key, ast.Constant))
    return found


def words_of_mistakes() -> set[str]:
    """Mistakes in a form are answered, not raised: `form.<code>`, and `form.format.<format>` for a format."""
    module = tree.syntax(tree.ROOT / "contract" / "form.py")
    said = {node.value for node in ast.walk(module) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {code for code in words() if code.startswith("form.") and code.removeprefix("form.").split(".")[-1] in said}


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


RAISED = sorted(raised(), key=lambda each: (each.place, each.code))  # the same order in every process


def test_codes_are_well_formed():
    odd = [
        f"{tree.name(path)}:{call.lineno}"
        for path in tree.inside(*tree.PACKAGES)
        for call in ast.walk(tree.syntax(path))
        if isinstance(call, ast.Call)
        and is_problem(call.func, path)
        and call.args
        and isinstance(call.args[0], ast.Constant)
        and not CODE.fullmatch(str(call.args[0].value))
    ]
    assert not odd


def test_every_code_that_is_raised_has_words():
    known = words()
    speechless = sorted({f"{each.code} ({each.place})" for each in RAISED if each.code not in known})
    assert not speechless


def test_every_word_belongs_to_a_code():
    mentioned = {each.code for each in RAISED} | {
        code for path in tree.inside(*tree.PACKAGES) for code in tabled(tree.syntax(path))
    }
    idle = sorted(set(words()) - mentioned - words_of_mistakes())
    assert not idle, "words that nothing in the code can raise"


@pytest.mark.parametrize("code", sorted(words()))
def test_words_are_whole(code):
    entry = words()[code]
    assert set(entry) == {"zh", "en", "loud"}
    assert entry["loud"] in LOUD
    for language in ("zh", "en"):
        assert set(entry[language]) == {"title", "remedy"}
        assert all(text.strip() for text in entry[language].values())
    assert any("\u4e00" <= character <= "\u9fff" for character in entry["zh"]["title"])
    used = {language: fields("".join(entry[language].values())) for language in ("zh", "en")}
    assert used["zh"] == used["en"], "both languages show the same facts"


@pytest.mark.parametrize("each", RAISED, ids=lambda each: f"{each.code}@{each.place}")
def test_the_facts_that_words_show_are_given(each):
    entry = words().get(each.code)
    if entry is not None and each.facts is not None:
        shown = fields("".join([*entry["zh"].values(), *entry["en"].values()]))
        missing = shown - each.facts - completed(each.place) - {"code"}  # the code is always at hand
        assert not missing, f"{each.place} does not give {sorted(missing)}"
