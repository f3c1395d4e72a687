"""Cases as rows: the folded state for looking things up, and the events that it is the fold of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models
from django.db.models import Q

import contract.case
from contract.person import Role
from server.org.models import Station, User
from server.org.tree import codes_under

Viewer = Station | User


class CaseSet(models.QuerySet["CaseRecord"]):
    """Every look at cases starts at `visible_to`: nobody reads outside their jurisdiction."""

    def visible_to(self, viewer: Viewer) -> CaseSet:
        """A station sees what was taken in at its node or below, a clerk likewise, an officer their department's."""
        if isinstance(viewer, Station):
            return self.filter(node__in=codes_under(viewer.node))
        seen = Q(pk__in=())
        if viewer.is_active and viewer.working_as & {Role.CLERK, Role.SUPERVISOR} and viewer.node:
            seen |= Q(node__in=codes_under(viewer.node))
        if viewer.is_active and Role.OFFICER in viewer.working_as and viewer.department:
            seen |= Q(department=viewer.department)
        return self.filter(seen)


class CaseRecord(models.Model):
    """A case (办件): the contract's Case as JSON, and the columns that it is found by."""

    id = models.CharField(max_length=36, primary_key=True)
    number = models.CharField(max_length=17, null=True)
    state = models.CharField(max_length=16)
    node = models.CharField(max_length=12)
    department = models.CharField(max_length=60, blank=True)
    area = models.CharField(max_length=12, blank=True)
    matter = models.CharField(max_length=64)
    matter_version = models.PositiveIntegerField()
    applicant_name = models.CharField(max_length=200)
    applicant_print = models.CharField(max_length=64)  # keyed hash of the id number
    received_at = models.DateTimeField(null=True)
    due_on = models.DateField(null=True)
    materials_pending = models.BooleanField(default=False)
    wanted = models.JSONField(default=list)  # digests of pages that are not here yet
    digest = models.CharField(max_length=64)  # contract.case.case_digest
    version = models.PositiveIntegerField()
    body = models.JSONField()
    opened_at = models.DateTimeField()
    changed_at = models.DateTimeField(auto_now=True)

    objects = CaseSet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["number"], name="one_case_per_number")]
        indexes = [
            models.Index(fields=["department", "state", "due_on"], name="case_todo"),
            models.Index(fields=["node", "state"], name="case_at_node"),
            models.Index(fields=["state", "received_at"], name="case_silent"),
            models.Index(fields=["applicant_print"], name="case_of_applicant"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    def to_wire(self) -> contract.case.Case:
        return contract.case.Case.model_validate(self.body)


class EventSet(models.QuerySet["EventRecord"]):
    """Events are added and read, nothing else."""

    def update(self, **changes: Any) -> int:
        raise TypeError("an event is never changed")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError("an event is never deleted")


class EventRecord(models.Model):
    """One thing that happened to a case: an action, that its pages are all here, or that it clashes with another.

    `link` chains the case's events: SHA-256 over the previous link, the sequence and the text.
    """

    case = models.ForeignKey(CaseRecord, on_delete=models.PROTECT, related_name="events")
    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=8)  # action, pages, clash
    action_id = models.CharField(max_length=36, null=True)
    verb = models.CharField(max_length=20, blank=True)
    body_digest = models.CharField(max_length=64, blank=True)
    text = models.TextField(blank=True)  # the action's canonical spelling, as it was signed
    station = models.CharField(max_length=64, blank=True)
    signature = models.CharField(max_length=200, blank=True)
    materials_pending = models.BooleanField(default=False)
    link = models.CharField(max_length=64)
    recorded_at = models.DateTimeField(auto_now_add=True)

    objects = EventSet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "seq"], name="one_event_per_seq"),
            models.UniqueConstraint(fields=["action_id"], name="one_event_per_action"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.seq}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("an event is never changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("an event is never deleted")

    def to_action(self) -> contract.case.Action:
        return contract.case.Action.model_validate_json(self.text)


class ClashRecord(models.Model):
    """Two open cases of one applicant, of a matter of which two are to be looked at by a person (rule 9).

    Neither is refused. What a person says about it stays, with their name.
    """

    first = models.ForeignKey(CaseRecord, on_delete=models.PROTECT, related_name="clashes_after")
    second = models.ForeignKey(CaseRecord, on_delete=models.PROTECT, related_name="clashes_before")
    found_at = models.DateTimeField(auto_now_add=True)
    settlement = models.CharField(max_length=10, default="open")  # contract.exchange.Settlement
    duplicate = models.ForeignKey(CaseRecord, null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField(blank=True)
    settled_by = models.CharField(max_length=64, blank=True)  # the officer's id …
    settled_name = models.CharField(max_length=120, blank=True)  # … and name at that time
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["first", "second"], name="one_clash_per_pair")]

    def __str__(self) -> str:
        return str(self.pk)

    def other(self, case_id: str) -> CaseRecord:
        """The other of the two."""
        return self.second if self.first_id == case_id else self.first


class Unrelayed(models.Model):
    """The outbox: an event whose rows in the feeds are not written yet."""

    event = models.OneToOneField(EventRecord, on_delete=models.PROTECT, primary_key=True)


def actions_of(events: Iterable[EventRecord]) -> tuple[contract.case.Action, ...]:
    """The actions among events, in order."""
    return tuple(event.to_action() for event in events if event.kind == "action")
