"""What is in the repository: the files that belong to it and the modules of our five packages."""

from __future__ import annotations

import ast
import functools
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("contract", "devices", "app", "ui", "server")


@functools.cache
def files() -> tuple[Path, ...]:
    """Every file that is, or is about to be, in the repository; ignored ones are not."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, check=True, capture_output=True).stdout.decode()
    return tuple(sorted(path for name in listed.split("\0") if name and (path := ROOT / name).is_file()))


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
