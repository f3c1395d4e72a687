"""What is in the repository: the files that belong to it and the modules of our five packages."""

from __future__ import annotations

import ast
import functools
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
OUTSIDE = {"node_modules", ".git", ".venv", ".venv.lock", "__pycache__", ".hypothesis", "var", "demo-out"} | {
    f".{tool}_cache" for tool in ("mypy", "ruff", "pytest", "import_linter")
}
"""Names that .gitignore keeps out, for where git cannot be asked."""

PACKAGES = ("contract", "devices", "app", "ui", "server")


@functools.cache
def files() -> tuple[Path, ...]:
    """Every file that is, or is about to be, in the repository; ignored ones are not."""
    # The checkout may belong to somebody else than who runs the tests.
    command = ["git", "-c", "safe.directory=*", "-C", str(ROOT), "ls-files", "-z"]
    try:
        listed = subprocess.run(
            [*command, "--cached", "--others", "--exclude-standard"], check=True, capture_output=True
        )
        names = listed.stdout.decode().split("\0")
        found = [ROOT / name for name in names if name]
    except (FileNotFoundError, subprocess.CalledProcessError):  # no git here, or an unpacked archive
        found = [path for path in ROOT.rglob("*") if not OUTSIDE & set(path.relative_to(ROOT).parts)]
    return tuple(sorted(path for path in found if path.is_file() and path.suffix != ".pyc"))


@functools.cache
def text(path: Path) -> str | None:
    """A file's text; None for what is not text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def inside(*folders: str) -> Iterator[Path]:
    """Python files in these top-level folders."""
    for path in files():
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in folders:
            yield path


@functools.cache
def syntax(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def name(path: Path) -> str:
    """Path as the repository shows it."""
    return path.relative_to(ROOT).as_posix()


def module(path: Path) -> str:
    """Dotted name of a module of ours."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
