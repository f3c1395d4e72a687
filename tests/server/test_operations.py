"""Settings, migrations, the demo hall, the API's description: what operators and other programs stand on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

from contract.problem import Problem
from server.api import described
from server.catalogue.demo import load_demo
from server.catalogue.packs import pack_for
from server.exchange.stations import make_code
from server.jobs import SWEEPS, make_huey, start_threads
from server.org.models import Hall, User
from tests.server.desk import client_line

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "resources" / "demo"


def test_settings_import_with_no_environment_and_touch_nothing(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", "import server.settings, django; django.setup()"],
        cwd=empty,
        env={"PYTHONPATH": str(ROOT), "DJANGO_SETTINGS_MODULE": "server.settings", "PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert list(empty.iterdir()) == []


@pytest.mark.django_db
def test_migrations_are_committed_and_django_has_nothing_to_say() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
    call_command("check", fail_level="WARNING")


@pytest.mark.django_db
def test_the_demo_hall_loads_twice_and_its_people_sign_in() -> None:
    first = load_demo(DEMO)
    assert first["nodes"] == 22 and first["matters"] >= 12
    packs = pack_for("330281001").version
    assert load_demo(DEMO) == first
    assert pack_for("330281001").version == packs
    assert Hall.objects.get().training is True
    pack = pack_for("330281001").signed().opened()
    assert pack.training and len(pack.matters) >= 12
    assert User.objects.values("password").distinct().count() == 1  # hashed once: it is no secret
    clerk = next(row for row in json.loads((DEMO / "clerks.json").read_text()) if "clerk" in row["roles"])
    login = json.dumps({"username": clerk["username"], "password": clerk["password"]}).encode()
    assert client_line()("POST", "/_allauth/app/v1/auth/login", login)[0] == 200


def test_known_passwords_never_come_into_a_real_hall(hall: None) -> None:
    with pytest.raises(Problem, match="demo.real_hall"):
        load_demo(DEMO)


@pytest.mark.django_db
def test_demo_codes_are_good_again_after_each_load() -> None:
    import base64

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    windows = json.loads((DEMO / "stations.json").read_text())
    for _ in range(2):
        load_demo(DEMO)
        public = base64.b64encode(Ed25519PrivateKey.generate().public_key().public_bytes_raw()).decode()
        ask = json.dumps({"code": windows[0]["code"], "public_key": public}).encode()
        assert [client_line()("POST", "/api/v1/enrol", ask)[0] for _ in range(2)] == [200, 200]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "text", "field"),
    [("nodes.json", "{", ""), ("nodes.json", '[{"code": "1"}]', "0.code"), ("clerks.json", '[{"id": "x"}]', "0.name")],
)
def test_a_hall_that_cannot_be_read_names_the_file_and_the_field(
    tmp_path: Path, name: str, text: str, field: str
) -> None:
    import shutil

    shutil.copytree(DEMO, tmp_path / "hall")
    (tmp_path / "hall" / name).write_text(text)
    with pytest.raises(Problem) as caught:
        load_demo(tmp_path / "hall")
    assert caught.value.code == "demo.unreadable"
    assert caught.value.facts == {"file": name, "field": field}
    assert not User.objects.exists()


def test_a_code_for_a_node_that_is_not_there_is_refused(hall: None) -> None:
    with pytest.raises(Problem, match="node.unknown"):
        make_code("999999", "1")


def test_the_api_description_is_committed() -> None:
    """After a wanted change: ``python -m server openapi > docs/openapi.json``."""
    assert (ROOT / "docs" / "openapi.json").read_text() == described()


@pytest.mark.django_db
def test_every_sweep_runs_and_runs_again(hall: None) -> None:
    for _ in range(2):
        for sweep, _when in SWEEPS.values():
            sweep()


def test_the_sweeps_run_as_threads_beside_the_server_and_end() -> None:
    huey = make_huey()
    assert len(huey._registry.periodic_tasks) == len(SWEEPS)
    consumer = start_threads()
    consumer.stop(graceful=True)


@pytest.mark.django_db
def test_health_says_so_and_what_stands_in_the_way(server_folder: Path) -> None:
    status, _, body = client_line()("GET", "/api/v1/health")
    assert (status, json.loads(body)) == (200, {"ok": True})
    from server import keys

    keys._read.cache_clear()
    (server_folder / "keys.json").write_text("")
    status, _, body = client_line()("GET", "/api/v1/health")
    assert (status, json.loads(body)["code"]) == (503, "server.keys_garbled")
