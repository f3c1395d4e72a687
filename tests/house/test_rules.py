"""Every rule of working without a line, and every failure of our peers that concerns it, has a test that names it.

A test names a rule with ``rule_07`` in its name and a failure with ``f07``. The numbers are those of the project's
issue on offline work; docs/sync.md explains them.
"""

from __future__ import annotations

import ast
import re

from tests.house import tree

RULES = {f"rule_{number:02}" for number in range(1, 21)}
FAILURES = {f"f{number:02}" for number in (*range(1, 15), 24, 29)}


def named() -> set[str]:
    found: set[str] = set()
    for path in (tree.ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                found.update(re.findall(r"(?<=_)(rule_\d\d|f\d\d)(?=_)", node.name))
    return found


def test_every_rule_and_every_failure_has_a_test_that_names_it() -> None:
    assert sorted((RULES | FAILURES) - named()) == []


def test_no_rule_is_invented() -> None:
    assert sorted(name for name in named() if name.startswith("rule") and name not in RULES) == []
