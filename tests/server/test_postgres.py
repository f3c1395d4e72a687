"""The same tests on PostgreSQL, in a process of their own because Django's database is settled at import."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SAME = ("test_main_job", "test_stations", "test_exchange", "test_feeds", "test_cases", "test_silence", "test_tus")


@pytest.mark.needs("postgres")
@pytest.mark.timeout(600)
def test_the_server_does_the_same_on_postgresql(postgres_url: str, tmp_path: Path) -> None:
    files = [str(HERE / f"{name}.py") for name in SAME]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--nothing-skipped", "--basetemp", str(tmp_path / "run"), *files],
        cwd=HERE.parents[1],
        env={**os.environ, "DATABASE_URL": postgres_url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-6000:]
