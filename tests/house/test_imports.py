"""Who may import what. Between our packages import-linter says it; for others' libraries the table below does."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house import tree

# room → top-level modules that only it may import, besides the standard library and our own. The longest room that
# fits a module counts, together with the rooms around it. The server's libraries are its own affair.
MAY_IMPORT: dict[str, set[str]] = {
    "contract": {"pydantic", "pydantic_core", "jsonschema", "referencing"},  # the last is jsonschema's own registry
    "contract.problem": set(),
    "devices": set(),
    "devices.transports": {"serial", "usb", "hid", "cryptography"},  # the last for chips that speak under cover
    # Invented pages and pictures, drawn in the processes of simulated devices.
    "devices.paper": {"PIL", "numpy"},
    "devices.mat": {"PIL", "numpy"},
    "app": {"pydantic"},
    "app.sync": {"requests", "urllib3", "zstandard"},
    "app.store": {"apsw", "cryptography", "keyring"},
    "app.materials": {"PIL", "numpy", "zxingcpp"},
    "app.matters": {"pypinyin"},
    "app.papers": {"reportlab", "qrcode", "pypdfium2", "PIL"},
    "ui": {"PySide6", "shiboken6"},
}
ALONE = {"contract.problem"}
"""Rooms that do not inherit what the room around them may import: a worker process loads them at every start."""

SQL = {"sqlite3", "apsw"}


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """(line, absolute module) of every import anywhere in a file. We import absolutely."""
    for node in ast.walk(tree.syntax(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.lineno, node.module


def allowed(module: str) -> set[str]:
    found: set[str] = set()
    for room in sorted(MAY_IMPORT, key=len):
        if module == room or module.startswith(room + "."):
            found = set(MAY_IMPORT[room]) if room in ALONE else found | MAY_IMPORT[room]
    return found


def is_driver(module: str) -> bool:
    """Vendors' libraries live in drivers, each in its own worker process."""
    return module.startswith("devices.") and ".drivers." in module


@pytest.mark.parametrize("package", [name for name in tree.PACKAGES if name != "server"])
def test_others_libraries_are_imported_where_they_belong(package):
    strangers = []
    for path in tree.inside(package):
        module = tree.module(path)
        if is_driver(module):
            continue
        for line, wanted in imported(path):
            top = wanted.partition(".")[0]
            if top not in sys.stdlib_module_names and top not in tree.PACKAGES and top not in allowed(module):
                strangers.append(f"{tree.name(path)}:{line} imports {wanted}")
    assert not strangers


def test_sql_lives_in_the_store_alone():
    found = [
        f"{tree.name(path)}:{line}"
        for path in tree.inside("contract", "devices", "app", "ui")
        for line, wanted in imported(path)
        if wanted.partition(".")[0] in SQL and not tree.module(path).startswith("app.store")
    ]
    assert not found


def test_drivers_are_found_never_imported():
    found = [
        f"{tree.name(path)}:{line} imports {wanted}"
        for path in tree.inside("app", "ui")
        for line, wanted in imported(path)
        if ".drivers" in wanted
    ]
    assert not found


def test_a_problem_loads_neither_pydantic_nor_jsonschema():
    check = "import sys, contract.problem; print({'pydantic', 'jsonschema', 'PySide6'} & set(sys.modules))"
    said = subprocess.run([sys.executable, "-c", check], cwd=tree.ROOT, check=True, capture_output=True, text=True)
    assert said.stdout.strip() == "set()"


def test_import_linter_is_content():
    linter = Path(sys.executable).with_name("lint-imports")
    ended = subprocess.run([linter, "--no-cache"], cwd=tree.ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout
