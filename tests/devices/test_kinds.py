"""Every kind of device has a simulated driver that can misbehave, and a suite that runs over each of its drivers."""

from __future__ import annotations

import pytest

from devices import catalogue
from tests.house import tree

KINDS = [kind for kind in catalogue.KINDS if catalogue.has_drivers(kind)]
every_kind = pytest.mark.parametrize("kind", KINDS)


@every_kind
def test_a_simulated_driver_is_shipped_and_misbehaves_on_demand(kind: str) -> None:
    simulated = catalogue.get_driver(f"{kind}/simulated")
    assert catalogue.missing(simulated) == ()
    (behave,) = [option for option in simulated.options if option.key == "behave"]
    assert behave.default == "ok"
    for wanted in (("absent", "silent"), ("slow",), ("hang",), ("crash",)):
        assert any(choice.startswith(wanted) for choice in behave.choices), wanted


@every_kind
def test_a_suite_runs_over_every_driver_of_the_kind(kind: str) -> None:
    folder = tree.ROOT / "tests" / "devices" / kind
    suites = [file.name for file in folder.glob("test_*.py") if f'drivers("{kind}")' in file.read_text("utf-8")]
    assert suites
