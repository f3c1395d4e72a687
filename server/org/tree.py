"""The tree of nodes as the contract reads it, kept while nothing in it changes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TypeVar

from contract.node import Tree
from server.org.models import Hall, Node

T = TypeVar("T")
_look = threading.local()


@contextmanager
def one_look() -> Iterator[None]:
    """Within it (one request) things are looked up once, so that a round is judged by one and the same hall."""
    _look.found = {}
    try:
        yield
    finally:
        del _look.found


def looked_up(what: Hashable, find: Callable[[], T]) -> T:
    """What `find` says; within one look it is asked until it has found something, and not again."""
    found: dict[Hashable, T] | None = getattr(_look, "found", None)
    if found is None:
        return find()
    if not found.get(what):
        found[what] = find()
    return found[what]


def edition() -> str:
    """What changes whenever nodes, matters or the calendar do, or a station is shut out."""
    return looked_up("edition", lambda: Hall.objects.filter(id=1).values_list("edition", flat=True).first() or "")


def get_tree() -> Tree:
    """All nodes of this server."""
    return _tree(edition())


@lru_cache(maxsize=2)
def _tree(edition: str) -> Tree:
    return Tree(node.to_wire() for node in Node.objects.order_by("code"))


def codes_under(code: str) -> tuple[str, ...]:
    """The node and everything below it."""
    return tuple(_below(edition()).get(code, ()))


@lru_cache(maxsize=2)
def _below(edition: str) -> dict[str, list[str]]:
    """For all nodes at once: thousands of stations ask for their own at every turn."""
    tree, below = _tree(edition), dict[str, list[str]]()
    for code in tree.by_code:
        for node in tree.chain(code):
            below.setdefault(node.code, []).append(code)
    return below
