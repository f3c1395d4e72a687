"""A scanned code identifies nobody by itself."""

import pytest

from app.people.electronic_id import NotConnected
from contract.problem import Problem


@pytest.mark.parametrize("code", ["", "00" * 64, "11010519491231002X"])
def test_without_a_platform_no_code_is_anybody(code: str) -> None:
    with pytest.raises(Problem, match=r"people\.verifier_missing"):
        NotConnected().verify(code, "330281-demo")
