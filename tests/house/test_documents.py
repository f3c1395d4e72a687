"""What is written about the project is true of it."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from app.config import Config
from app.devices_here import ROLES
from contract.case import Flag, State
from tests.house import tree
from tests.house.test_words import raised_in

DECISIONS = sorted((tree.ROOT / "docs" / "decisions").glob("*.md"))
PARTS = ["Status", "Context", "Decision", "Consequences"]


def commands() -> set[str]:
    """The commands that `./run` lists."""
    said = subprocess.run([sys.executable, "run", "--help"], cwd=tree.ROOT, capture_output=True, text=True, check=True)
    return set(re.findall(r"^  ([a-z-]+) ", said.stdout, re.MULTILINE))


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_record_says_what_and_why(path):
    text = path.read_text(encoding="utf-8")
    assert re.match(rf"# {path.name[:4]} .+\n", text)
    assert [heading for heading in re.findall(r"^## (.+)$", text, re.MULTILINE) if heading in PARTS] == PARTS


def test_decision_records_are_numbered_without_a_gap():
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


def test_documents_name_commands_that_exist():
    known = commands()
    assert {"demo", "test", "check", "fix", "counter", "server", "bench"} <= known
    for path in [*tree.files()]:
        if path.suffix == ".md":
            for command in re.findall(r"\./run ([a-z-]+)", tree.text(path) or ""):
                assert command in known, f"{tree.name(path)} names ./run {command}"


def test_the_readme_names_every_command():
    readme = (tree.ROOT / "README.md").read_text(encoding="utf-8")
    assert {command for command in commands() if f"./run {command}" not in readme} <= {"lock", "packages"}


@pytest.mark.parametrize("word", [*State, *Flag], ids=str)
def test_the_glossary_knows_every_state_and_flag(word):
    assert f"`{word.value}`" in (tree.ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")


# Where an act of a station may be refused, and what of it never holds one: warnings, what only officers do, what waits.
REFUSING = [
    "contract/case.py",
    "server/cases/services.py",
    "server/catalogue/matters.py",
    *(f"server/exchange/{room}.py" for room in ("early", "numbers", "powers", "round")),
]
NO_ACT_IS_HELD = {
    "case.procedure_unknown",
    "case.undecidable",
    "case.waits_for_earlier",
    "matter.form_faulty",
    "matter.version_taken",
    "matter.withdrawn",
    "role.not_allowed",
    "wire.protocol_unknown",
}


def test_docs_say_what_to_do_with_each_kind_of_held_item():
    refusals = {each.code for place in REFUSING for each in raised_in(tree.ROOT / place)} - NO_ACT_IS_HELD
    text = (tree.ROOT / "docs" / "sync.md").read_text(encoding="utf-8")
    assert sorted(code for code in refusals if f"`{code}`" not in text) == []


def test_docs_name_every_setting_of_a_station_and_every_command_of_the_server():
    text = (tree.ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    said = subprocess.run([sys.executable, "-m", "server", "--help"], cwd=tree.ROOT, capture_output=True, check=True)
    server = set(re.findall(r"^    ([a-z-]+)\b", said.stdout.decode(), re.MULTILINE)) - {"command"}
    assert {"serve", "check", "recovery-key"} <= server
    settings = set(Config.model_fields) - {"folder"}
    named = set(re.findall(r"`([a-z_0-9-]+)", text))
    assert sorted((settings | set(ROLES) | server) - named) == []


def test_the_licence_is_the_whole_gpl_3():
    text = (tree.ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "GNU GENERAL PUBLIC LICENSE" in text[:200]
    assert "Version 3, 29 June 2007" in text[:300]
    assert "END OF TERMS AND CONDITIONS" in text
