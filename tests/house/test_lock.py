"""The lock file installs the same everywhere, from wherever the installing office takes its packages."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError, version

import pytest

from tests.house import tree

LOCK = tree.ROOT / "packaging" / "lock" / "requirements.txt"
PROJECT = tomllib.loads((tree.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)( ; [^\\]+)? \\$")


def entries() -> dict[str, list[str]]:
    """package → its lines, the pin first."""
    found: dict[str, list[str]] = {}
    current = ""
    for line in LOCK.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith((" ", "#")):
            current = line
            found[current] = []
        elif current:
            found[current].append(line)
    return found


def wanted() -> list[str]:
    ranges = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]
    return [re.split(r"[\[<>=!~; ]", entry, maxsplit=1)[0] for entry in ranges]


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_no_addresses_and_no_places():
    text = LOCK.read_text(encoding="utf-8")
    for forbidden in ("--index-url", "--extra-index-url", "--find-links", "-e ", "://", " @ ", "file:", "/"):
        assert forbidden not in text.replace("# via", ""), forbidden


def test_everything_is_pinned_and_hashed():
    for pin, rest in entries().items():
        assert PINNED.match(pin), pin
        assert any(line.strip().startswith("--hash=sha256:") for line in rest), pin


def test_every_direct_dependency_is_locked():
    locked = {plain(PINNED.match(pin)[1]) for pin in entries()}  # type: ignore[index]
    assert {plain(name) for name in wanted()} <= locked


@pytest.mark.parametrize("name", ["PySide6-Essentials", "pydantic", "pytest"])
def test_the_environment_is_the_locks(name):
    pins = [PINNED.match(pin) for pin in entries()]
    locked = {pin[2] for pin in pins if pin and plain(pin[1]) == plain(name)}
    try:
        assert version(name) in locked
    except PackageNotFoundError:
        pytest.fail(f"{name} is not installed")


def test_each_direct_dependency_has_its_reason():
    record = (tree.ROOT / "docs" / "decisions" / "0003-dependencies.md").read_text(encoding="utf-8")
    assert [name for name in wanted() if f"| {name} |" not in record] == []


def test_debian_packages_give_what_the_tests_need():
    """Whatever a test asks for by `needs` must be installable through `./run packages`, or CI could not be green."""
    groups = tomllib.loads((tree.ROOT / "packaging" / "debian-packages.toml").read_text(encoding="utf-8"))
    packages = {name: entry for group in groups.values() for name, entry in group.items()}
    assert all(entry["why"] for entry in packages.values())
    given = {program for entry in packages.values() for program in entry.get("gives", [])}
    needed: dict[str, str] = {}
    for path in tree.inside("tests"):
        if "conftest" not in path.name:  # these play with programs that do not exist
            for call in re.findall(r"mark\.needs\(([^)]*)\)", tree.text(path) or ""):
                needed.update({program: tree.name(path) for program in re.findall(r'"([^"]+)"', call)})
    assert {program: test for program, test in needed.items() if program not in given} == {}
