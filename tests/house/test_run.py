"""`run`: usage, one environment from one lock file, Debian packages with and without root."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import tree


@pytest.fixture
def checkout(tmp_path):
    """A checkout with `run`, an empty lock file and an app.cli that says its arguments and which Python it is."""
    place = tmp_path / "checkout"
    (place / "packaging" / "lock").mkdir(parents=True)
    shutil.copy(tree.ROOT / "run", place / "run")
    (place / "packaging" / "lock" / "requirements.txt").write_text("# nothing\n")
    (place / "packaging" / "debian-packages.toml").write_text(
        '[start]\nlibneeded1 = { why = "x" }\n[screen]\n[papers]\n[scanner]\nlibwished1 = { why = "x" }\n'
        "[cards]\n[tests]\n"
    )
    (place / "app").mkdir()
    (place / "app" / "cli.py").write_text("import sys\nprint('cli', sys.argv[1:], sys.prefix)\nsys.exit(7)\n")
    return place


@pytest.fixture
def debian(tmp_path, monkeypatch):
    """A Debian with the packages of our choosing: dpkg-query and apt-get that say and note what is asked."""
    tools = tmp_path / "tools"
    tools.mkdir()
    installed, asked = tmp_path / "installed", tmp_path / "asked"
    asked.touch()
    (tools / "dpkg-query").write_text(
        f"#!/bin/sh\nwhile read name provides; do printf 'installed\\t%s\\t%s\\n' $name $provides; done < {installed}\n"
    )
    (tools / "apt-get").write_text(
        f'#!/bin/sh\necho "$@" >> {asked}\n'
        f'case "$*" in *install*) for word; do case $word in lib*) echo $word >> {installed};; esac; done;; esac\n'
    )
    for tool in tools.iterdir():
        tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")

    def having(*packages: str) -> Path:
        installed.write_text("".join(f"{package}\n" for package in packages))
        return asked

    return having


def play(checkout: Path, *arguments: str, as_root: bool = False) -> subprocess.CompletedProcess[str]:
    """Run it; whether we are root is decided here and not by who runs the tests."""
    as_if = (
        f"import os, runpy, sys; os.geteuid = lambda: {0 if as_root else 1000}; sys.argv = {['run', *arguments]!r}; "
    )
    code = as_if + "runpy.run_path('run', run_name='__main__')"
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_without_a_command_it_says_how(checkout):
    ended = play(checkout)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "usage: ./run" in ended.stderr


@pytest.mark.parametrize("arguments", [["nonsense"], ["check", "x"], ["bench", "nonsense"], ["packages", "nonsense"]])
def test_what_it_does_not_know_ends_with_2(checkout, arguments):
    ended = play(checkout, *arguments)
    assert ended.returncode == 2
    assert "nonsense" in ended.stderr or "no arguments" in ended.stderr


def test_help_is_no_fault(checkout):
    ended = play(checkout, "--help")
    assert ended.returncode == 0
    assert "demo" in ended.stdout


def test_bench_says_that_there_are_none(checkout):
    assert "no benchmarks yet" in play(checkout, "bench").stdout


def test_arguments_and_exit_code_are_the_programs_own_and_the_environment_is_made_once(checkout, debian):
    debian("libneeded1", "libwished1")
    first = play(checkout, "server", "check", "--json")
    assert (first.returncode, first.stdout) == (7, f"cli ['server', 'check', '--json'] {checkout / '.venv'}\n")
    assert "Making the environment" in first.stderr
    second = play(checkout, "counter")
    assert second.returncode == 7
    assert second.stderr == ""

    tongban = subprocess.run([checkout / ".venv/bin/tongban", "outbox"], cwd="/", capture_output=True, text=True)
    assert (tongban.returncode, tongban.stdout) == (7, f"cli ['outbox'] {checkout / '.venv'}\n")

    # Half-made: something interrupted the making, so what is there is not to be trusted.
    (checkout / ".venv" / ".lock-digest").unlink()
    (checkout / ".venv" / "leftover").touch()
    third = play(checkout, "counter")
    assert third.returncode == 7
    assert not (checkout / ".venv" / "leftover").exists()

    # Another lock file: brought up to date, and two at once do not clash.
    (checkout / "packaging" / "lock" / "requirements.txt").write_text("# nothing else\n")
    command = [sys.executable, "run", "server"]
    both = [subprocess.Popen(command, cwd=checkout, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    said = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [7, 7]
    assert sum(b"Making the environment" in stderr for _, stderr in said) == 1


def test_an_environment_that_cannot_be_filled_stays_half_made(checkout, debian, monkeypatch):
    debian("libneeded1", "libwished1")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    (checkout / "packaging" / "lock" / "requirements.txt").write_text(f"nosuch==1 --hash=sha256:{'0' * 64}\n")
    ended = play(checkout, "server")
    assert ended.returncode == 3
    assert "could not be installed" in ended.stderr
    assert not (checkout / ".venv" / ".lock-digest").exists()


def test_without_root_something_needed_to_start_ends_with_3_and_one_line(checkout, debian):
    asked = debian("libelse1")
    ended = play(checkout, "counter")
    assert ended.returncode == 3
    lines = [line for line in ended.stderr.splitlines() if "apt-get" in line]
    assert lines == ["apt-get install --no-install-recommends libneeded1 libwished1"]
    assert not (checkout / ".venv").exists()
    assert asked.read_text() == ""


def test_without_root_something_wished_for_is_a_note(checkout, debian):
    debian("libneeded1")
    ended = play(checkout, "counter")
    assert ended.returncode == 7
    assert "Note:" in ended.stderr
    assert "libwished1" in ended.stderr


def test_a_package_may_be_provided_by_another(checkout, debian):
    debian("libneeded1t64 libneeded1", "libwished1")
    assert "Note" not in play(checkout, "counter").stderr


def test_root_installs_what_is_missing_and_nothing_else(checkout, debian):
    asked = debian("libneeded1")
    ended = play(checkout, "packages", "--all", as_root=True)
    assert ended.returncode == 0
    update, install = asked.read_text().splitlines()
    assert update.endswith("update")
    assert install.endswith("install --yes --no-install-recommends libwished1")
    assert play(checkout, "packages", "--all", as_root=True).returncode == 0
    assert len(asked.read_text().splitlines()) == 2
