"""The tests' own foundations: a skip is said aloud and can fail the run; what a test leaves behind fails it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"

SETTINGS = """[pytest]
addopts = -p no:cacheprovider
markers =
    needs(program): x
    slow: x
    hardware(kind): x
"""


@pytest.fixture
def play(tmp_path: Path):
    """Run pytest in a folder of its own over a test file with our conftest."""

    def _play(source: str, *arguments: str) -> tuple[int, str]:
        (tmp_path / "pytest.ini").write_text(SETTINGS)
        (tmp_path / "conftest.py").write_text(CONFTEST.read_text())
        (tmp_path / "test_it.py").write_text(source)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments, "test_it.py"]
        # A temporary folder of its own, because what pytest keeps there would count as left behind by this test.
        environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=environment)
        return ended.returncode, ended.stdout + ended.stderr

    return _play


MISSING = """
import pytest
@pytest.mark.needs("no-such-program", "lib:libnosuch.so.9", "font:No Such Font 9")
def test_missing(): raise AssertionError
@pytest.mark.needs("no-such-program")
def test_missing_too(): raise AssertionError
@pytest.mark.needs("sh")
def test_here(): pass
"""


def test_missing_programs_are_skipped_and_counted_aloud(play):
    code, said = play(MISSING)
    assert code == 0
    assert "SKIPPED because programs are missing" in said
    assert "no-such-program (2)" in said
    assert "lib:libnosuch.so.9 (1)" in said
    assert "font:No Such Font 9 (1)" in said
    assert "1 passed, 2 skipped" in said


def test_nothing_skipped_makes_a_skip_a_failure(play):
    code, said = play(MISSING, "--nothing-skipped")
    assert code == 1
    assert "test_it.py::test_missing: needs" in said


def test_nothing_skipped_counts_every_kind_of_skip(play):
    code, said = play("import pytest\n\ndef test_it(): pytest.skip('because')\n", "--nothing-skipped")
    assert code == 1
    assert "test_it.py::test_it: because" in said


SLOW = """
import pytest
@pytest.mark.slow
def test_slow(): pass
@pytest.mark.hardware("scanner")
def test_thing(): pass
def test_quick(): pass
"""


@pytest.mark.parametrize(
    ("options", "passed"),
    [((), 1), (("--slow",), 2), (("--hardware",), 2), (("--slow", "--hardware"), 3)],
)
def test_slow_and_hardware_are_deselected_which_is_no_skip(play, options, passed):
    code, said = play(SLOW, "--nothing-skipped", *options)
    assert code == 0
    assert f"{passed} passed" in said
    assert "skipped" not in said.splitlines()[-1]


@pytest.mark.parametrize(
    ("deed", "fault"),
    [
        ("threading.Thread(target=threading.Event().wait, args=(12,), name='stray').start()", "thread stray"),
        ("subprocess.Popen(['sleep', '300'])", "sleep 300"),
        # The shell ends at once and its child is nobody's.
        ("subprocess.run(['sh', '-c', 'sleep 301 >/dev/null 2>&1 &'])", "sleep 301"),
        ("tempfile.mkstemp(suffix='.pdf')", ".pdf"),
    ],
)
def test_what_is_left_behind_fails(play, deed, fault):
    code, said = play(f"import subprocess, tempfile, threading\ndef test_it():\n    {deed}\n")
    assert code == 1
    assert "left" in said
    assert fault in said
    assert "1 passed, 1 error" in said


def test_what_ends_in_time_is_no_fault(play):
    source = """
import subprocess, threading
def test_it():
    threading.Timer(0.2, lambda: None).start()
    process = subprocess.Popen(["sleep", "0.2"])
    process.wait()
"""
    assert play(source)[0] == 0


@pytest.mark.parametrize(
    ("deed", "fault"),
    [
        ("global kept; kept = QTimer(); kept.start(1000)", "running timer"),
        ("global kept; kept = QWidget(); kept.setWindowTitle('stray'); kept.show()", "window QWidget 'stray'"),
    ],
)
def test_timers_and_windows_left_behind_fail(play, deed, fault):
    source = (
        "from PySide6.QtCore import QTimer\nfrom PySide6.QtWidgets import QApplication, QWidget\nimport pytest\n"
        "@pytest.fixture(scope='session')\ndef qapp():\n    return QApplication([])\n"
        f"def test_it(qapp):\n    {deed}\n"
    )
    code, said = play(source)
    assert code == 1
    assert fault in said


def test_every_test_has_a_home_of_its_own(home):
    assert Path.home() == home
    assert os.environ["XDG_DATA_HOME"].startswith(str(home))
    assert os.environ["QT_QPA_PLATFORM"] == "offscreen" or "QT_QPA_PLATFORM" in os.environ


def test_free_port_is_a_port(free_port):
    assert 1024 <= free_port <= 65535


@pytest.mark.needs("postgres")
def test_postgres_of_our_own_answers(postgres_url):
    import psycopg

    with psycopg.connect(postgres_url) as connection:
        version, encoding = connection.execute("SELECT version(), current_setting('server_encoding')").fetchone()
    assert version.startswith("PostgreSQL")
    assert encoding == "UTF8"
    place = postgres_url.rpartition("@")[2]
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"postgresql://tongban:wrong@{place}")
