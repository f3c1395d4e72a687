"""The look of the tree: names that say something, modules that say what they are for, nothing of one machine."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.house import tree

DRAWERS = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers", "handler", "handlers"}

# A home folder or a drive of somebody's machine; a device's number that identifies a person has its own test.
OF_A_MACHINE = re.compile(r"(?<![\w.~-])/(?:home|root|work|Users)/[\w.]|\b[C-Z]:\\Users\\", re.IGNORECASE)


def test_no_drawers():
    found = [tree.name(path) for path in tree.files() if DRAWERS & {*path.relative_to(tree.ROOT).with_suffix("").parts}]
    assert not found, "where no noun fits, the thing is not yet understood"


def test_packaging_is_no_package():
    """An __init__.py would shadow the `packaging` that pip's world imports; the same goes for tests."""
    shadows = [tree.name(path) for path in tree.inside("packaging", "tests") if path.name == "__init__.py"]
    assert not shadows


def test_every_module_says_what_it_is_for():
    silent = [
        tree.name(path)
        for path in [*tree.inside(*tree.PACKAGES, "benchmarks", "tests"), tree.ROOT / "run"]
        if "migrations" not in path.parts and (body := tree.syntax(path)).body and not ast.get_docstring(body)
    ]
    assert not silent


def test_everything_is_python_3_11():
    for path in [*tree.inside(*tree.PACKAGES, "benchmarks", "packaging"), tree.ROOT / "run"]:
        ast.parse(path.read_text(encoding="utf-8"), str(path), feature_version=(3, 11))


def test_nothing_of_one_machine():
    found = []
    for path in tree.files():
        if path == Path(__file__) or path.name == "LICENSE":
            continue
        for number, line in enumerate((tree.text(path) or "").splitlines(), 1):
            if OF_A_MACHINE.search(line):
                found.append(f"{tree.name(path)}:{number}: {line.strip()[:100]}")
    assert not found


@pytest.mark.parametrize("line", ["see /home/somebody/x", '"/root/.cache"', r"C:\Users\somebody"])
def test_the_pattern_for_machines_catches(line):
    assert OF_A_MACHINE.search(line)


def test_links_in_documents_lead_somewhere():
    broken = []
    for path in tree.files():
        if path.suffix != ".md":
            continue
        for target in re.findall(r"\]\(([^)\s]+)\)", tree.text(path) or ""):
            place = target.partition("#")[0]
            if place and "://" not in place and not place.startswith("mailto:"):
                goal = (path.parent / place).resolve()
                if not goal.exists() or not goal.is_relative_to(tree.ROOT):
                    broken.append(f"{tree.name(path)}: {target}")
    assert not broken


def test_text_files_are_whole():
    """UTF-8, Unix line ends, a newline at the end."""
    odd = [
        tree.name(path)
        for path in tree.files()
        if path.suffix in {".py", ".md", ".toml", ".json", ".qss"}
        and (data := path.read_bytes())
        and (b"\r" in data or not data.endswith(b"\n"))
    ]
    assert not odd
