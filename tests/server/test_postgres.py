"""The same tests on PostgreSQL, in a process of their own because Django's database is settled at import; and a city
of several processes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.server.desk import Desk, network_line
from tests.server.test_served import CODE, ROOT, command, serving, until, write_hall

HERE = Path(__file__).parent
SAME = (
    "test_main_job",
    "test_stations",
    "test_exchange",
    "test_feeds",
    "test_cases",
    "test_clashes",
    "test_silence",
    "test_reports",
    "test_tus",
)


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


@pytest.mark.needs("postgres")
def test_a_city_has_several_processes_and_a_worker(postgres_url: str, tmp_path: Path) -> None:
    folder, hall = tmp_path / "city", write_hall(tmp_path / "hall")
    city = {"DATABASE_URL": postgres_url}
    refused = command("serve", "--port", "0", folder=folder, **city)
    assert refused.returncode == 1 and "server.keys_missing" in refused.stderr  # nothing makes up keys for a city
    assert command("keys", folder=folder, **city).returncode == 0
    with serving(folder, "--demo", str(hall), "--workers", "2", **city) as served:
        desk = Desk(network_line(served.url), CODE)
        case = desk.take_in()
        desk.send_pages(case.id)
        assert desk.wanted(case.id) == []
        with psycopg.connect(postgres_url, autocommit=True) as database:
            database.execute("INSERT INTO cases_unrelayed SELECT id FROM cases_eventrecord WHERE seq = 1")
            worker = subprocess.Popen(
                [sys.executable, "-m", "server", "worker", "--folder", str(folder)],
                cwd=ROOT,
                env={**os.environ, **city},
                stderr=subprocess.PIPE,
            )
            try:
                until(lambda: database.execute("SELECT count(*) FROM cases_unrelayed").fetchone() == (0,), 60)
            finally:
                worker.terminate()
                _, said = worker.communicate(timeout=30)
        assert worker.returncode == 0, said
        assert len(desk.ask(cursor=0).events) == 4  # relayed again, written once
