"""The tree of nodes as the contract reads it, kept while nothing in it changes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from contract.node import Tree
from server.org.models import Hall, Node

_look = threading.local()


@contextmanager
def one_look() -> Iterator[None]:
    """Within it (one request) the edition is asked for once, so that a round is judged by one and the same hall."""
    _look.edition = ""
    try:
        yield
    finally:
        del _look.edition


def edition() -> str:
    """What changes whenever nodes, matters or the calendar do."""
    known: str | None = getattr(_look, "edition", None)
    if known:
        return known
    found = Hall.objects.filter(id=1).values_list("edition", flat=True).first() or ""
    if known is not None:
        _look.edition = found
    return found


def get_tree() -> Tree:
    """All nodes of this server."""
    return _tree(edition())


@lru_cache(maxsize=2)
def _tree(edition: str) -> Tree:
    return Tree(node.to_wire() for node in Node.objects.order_by("code"))


def codes_under(code: str) -> tuple[str, ...]:
    """The node and everything below it."""
    return _codes_under(edition(), code)


@lru_cache(maxsize=8192)
def _codes_under(edition: str, code: str) -> tuple[str, ...]:
    """Kept for each node: thousands of stations ask for their own at every turn."""
    tree = _tree(edition)
    return tuple(known for known in tree.by_code if tree.is_under(known, code))
