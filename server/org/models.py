"""The organisation: places, departments, people, stations and what was given to them."""

from __future__ import annotations

import secrets
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q

import contract.node
from contract.person import Clerk, Role


def _new_id() -> str:
    return secrets.token_hex(16)


class Hall(models.Model):
    """The one row about this server: `edition` changes whenever nodes, matters or the calendar do."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    edition = models.CharField(max_length=32, default=_new_id)
    training = models.BooleanField(default=False)
    offline_hours = models.PositiveIntegerField(default=72)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_hall")]


class Node(models.Model):
    """A place where citizens are served (网点)."""

    code = models.CharField(max_length=12, primary_key=True)
    name = models.CharField(max_length=60)
    level = models.CharField(max_length=12)
    parent = models.CharField(max_length=12, blank=True)
    hall = models.CharField(max_length=120, blank=True)

    def to_wire(self) -> contract.node.Node:
        return contract.node.Node(
            code=self.code,
            name=self.name,
            level=contract.node.NodeLevel(self.level),
            parent=self.parent,
            hall=self.hall,
        )


class Department(models.Model):
    """An organ that decides."""

    code = models.CharField(max_length=60, primary_key=True)
    name = models.CharField(max_length=120)
    area = models.CharField(max_length=12)
    short = models.CharField(max_length=40, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    address = models.CharField(max_length=200, blank=True)

    def to_wire(self) -> contract.node.Department:
        return contract.node.Department(
            code=self.code,
            name=self.name,
            area=self.area,
            short=self.short,
            phone=self.phone,
            address=self.address,
        )


class User(AbstractUser):
    """Someone who works at a window or in a department; `id` is the clerk id that actions carry."""

    id = models.CharField(max_length=64, primary_key=True, default=_new_id)
    name = models.CharField(max_length=60)
    roles = models.JSONField(default=list)
    node = models.CharField(max_length=12, blank=True)
    department = models.CharField(max_length=60, blank=True)
    delegated = models.JSONField(default=list)  # codes of further nodes where this person may work
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return str(self.id)

    @property
    def working_as(self) -> frozenset[Role]:
        return frozenset(Role(role) for role in self.roles)

    def to_clerk(self) -> Clerk:
        return Clerk(
            id=self.id,
            name=self.name,
            roles=tuple(Role(role) for role in self.roles),
            node=self.node,
            department=self.department,
        )


class Station(models.Model):
    """A PC or machine at a window, known by its key."""

    id = models.CharField(max_length=64, primary_key=True, default=_new_id)
    node = models.CharField(max_length=12)
    name = models.CharField(max_length=60)
    algorithm = models.CharField(max_length=20)
    public_key = models.CharField(max_length=200)
    facts = models.JSONField(default=dict)
    enrolled_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return str(self.id)


class EnrolCode(models.Model):
    """A one-time code by which a station joins; only its keyed hash is kept."""

    fingerprint = models.CharField(max_length=64)
    node = models.CharField(max_length=12)
    window = models.CharField(max_length=60)
    made_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    station = models.OneToOneField(Station, null=True, on_delete=models.PROTECT)
    replaces = models.CharField(max_length=64, blank=True)  # the station that is shut out when this one joins

    class Meta:
        constraints = [models.UniqueConstraint(fields=["fingerprint"], name="one_code")]


class StationSession(models.Model):
    """A bearer token given to a station; `asked_at` makes each signed ask good for one token."""

    fingerprint = models.CharField(max_length=64)
    station = models.ForeignKey(Station, on_delete=models.CASCADE)
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["fingerprint"], name="one_session"),
            models.UniqueConstraint(fields=["station", "asked_at"], name="one_session_per_ask"),
        ]


class NumberCounter(models.Model):
    """The next sequence of a county."""

    county = models.CharField(max_length=6, primary_key=True)
    next = models.PositiveIntegerField(default=1)


class NumberBlock(models.Model):
    """Numbers given to one station and never again."""

    county = models.CharField(max_length=6)
    first = models.PositiveIntegerField()
    last = models.PositiveIntegerField()
    station = models.ForeignKey(Station, on_delete=models.PROTECT)
    given_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["county", "first"], name="one_block")]


def touch(**changes: Any) -> None:
    """Say that nodes, matters or the calendar changed, or a station was shut out: what is kept of them is read anew."""
    Hall.objects.update_or_create(id=1, defaults={"edition": _new_id(), **changes})
