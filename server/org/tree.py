"""The tree of nodes as the contract reads it, kept while nothing in it changes."""

from __future__ import annotations

from functools import lru_cache

from contract.node import Tree
from server.org.models import Hall, Node


def edition() -> str:
    """What changes whenever nodes, matters or the calendar do."""
    return Hall.objects.filter(id=1).values_list("edition", flat=True).first() or ""


def get_tree() -> Tree:
    """All nodes of this server."""
    return _tree(edition())


@lru_cache(maxsize=2)
def _tree(edition: str) -> Tree:
    return Tree(node.to_wire() for node in Node.objects.order_by("code"))


def codes_under(code: str) -> tuple[str, ...]:
    """The node and everything below it."""
    tree = get_tree()
    return tuple(known for known in tree.by_code if tree.is_under(known, code))
