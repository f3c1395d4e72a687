"""One case as its two ends have it: what was done here and is not agreed upon, and what the server has now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.store import Deed, Standing, Store
from contract.case import Action, Case, fold
from contract.problem import Problem, Retry

UNSEEN = (Standing.HELD, Standing.WAITING, Standing.SENDING)
UNMATCHED = (Standing.ACKNOWLEDGED,)  # the server has the acts, and lacks pages perhaps


@dataclass(frozen=True)
class Versions:
    """Both versions of a case.

    Attributes:
        deeds: What was done here and the server does not have: held, what waits behind it, or what was set aside last.
            Where there is nothing of these, what is not agreed upon yet.
        base: The case as whoever did that saw it; None where it began here.
        ours: The case as it would be with that done.
        theirs: The case as the server has it now; None where it has none of it.
        theirs_since: What came to the server after `base`.
    """

    case_id: str
    deeds: tuple[Deed, ...]
    base: Case | None
    ours: Case | None
    theirs: Case | None
    theirs_since: tuple[Action, ...]

    def __repr__(self) -> str:
        return f"Versions({self.case_id}, {len(self.deeds)} deeds)"

    @property
    def is_held(self) -> bool:
        """Whether a person must look at it: something stands as held and was not set aside."""
        return any(deed.standing is Standing.HELD and not deed.aside for deed in self.deeds)

    @property
    def problem(self) -> Problem | None:
        """Why the server refused it."""
        return next((deed.problem for deed in self.deeds if deed.standing is Standing.HELD), None)


def versions(store: Store, case_id: str) -> Versions:
    """Both versions.

    Raises:
        Problem: ``held.gone`` where both ends agree and nothing was ever set aside.
    """
    server, done = store.cases.server_actions(case_id), store.acts.of_case(case_id)
    deeds = _standing(done, UNSEEN) or _set_aside_last(done) or _standing(done, UNMATCHED)
    if not deeds:
        raise Problem("held.gone", Retry.NEVER)
    seen, acts = _as_seen(server, [deed.action for deed in deeds])
    base, _ = fold(None, seen)
    ours, _ = fold(base, acts)
    theirs, _ = fold(None, server)
    return Versions(case_id, deeds, base, ours, theirs, server[len(seen) :])


def _standing(done: Sequence[Deed], standings: Sequence[Standing]) -> tuple[Deed, ...]:
    return tuple(deed for deed in done if not deed.aside and deed.standing in standings)


def _set_aside_last(done: Sequence[Deed]) -> tuple[Deed, ...]:
    aside = [deed for deed in done if deed.aside]
    return tuple(deed for deed in aside if deed.given_up == aside[-1].given_up)


def _as_seen(server: tuple[Action, ...], acts: list[Action]) -> tuple[tuple[Action, ...], list[Action]]:
    """What the server had when the acts were done, and the acts. Where the act before them is unknown there (it was set
    aside itself), they are taken as done upon what there is."""
    after = acts[0].after
    if not after:
        return (), acts
    known = [action.id for action in server]
    if after in known:
        return server[: known.index(after) + 1], acts
    return server, [acts[0].model_copy(update={"after": known[-1] if known else ""}), *acts[1:]]
