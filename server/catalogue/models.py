"""What may be applied for, as rows around the contract's values."""

from __future__ import annotations

from django.db import models

import contract.node
from contract.matter import Matter


class MatterVersion(models.Model):
    """One published version of a matter (事项). Never changed once published: old cases keep it."""

    code = models.CharField(max_length=64)
    version = models.PositiveIntegerField()
    body = models.JSONField()
    published_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "version"], name="one_matter_version")]

    def to_wire(self) -> Matter:
        return Matter.model_validate(self.body)


class Offering(models.Model):
    """A matter as one department offers it for its area."""

    matter = models.CharField(max_length=64)
    department = models.CharField(max_length=60)
    area = models.CharField(max_length=12)
    body = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["matter", "department", "area"], name="one_offering")]

    def to_wire(self) -> contract.node.Offering:
        return contract.node.Offering.model_validate(self.body)


class CalendarDay(models.Model):
    """A day that differs from the five-day week (放假调休)."""

    day = models.DateField(primary_key=True)
    working = models.BooleanField()


class CalendarYear(models.Model):
    """A year whose notice of holidays is out."""

    year = models.PositiveSmallIntegerField(primary_key=True)


class Feed(models.Model):
    """The one row about the feed of changes: its last number, and from where on it is complete."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    n = models.PositiveBigIntegerField(default=0)
    complete_since = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_feed")]


class Change(models.Model):
    """A matter or an offering changed; `before` is what it said until then, null where there was none.

    An offering's body, or for a matter (no department) its newest version's number.
    """

    n = models.PositiveBigIntegerField(primary_key=True)
    matter = models.CharField(max_length=64)
    department = models.CharField(max_length=60, blank=True)
    area = models.CharField(max_length=12, blank=True)
    before = models.JSONField(null=True)
    at = models.DateTimeField(auto_now_add=True)


class HeadVersion(models.Model):
    """What packs said from this number on besides matters and offerings: the tree, departments, calendar, settings."""

    n = models.PositiveBigIntegerField(primary_key=True)
    digest = models.CharField(max_length=64)
    body = models.JSONField()
    at = models.DateTimeField(auto_now_add=True)


class NodePack(models.Model):
    """A pack as it was made and signed for a node: whole as text, and as a manifest of parts."""

    node = models.CharField(max_length=12)
    version = models.CharField(max_length=32)
    text = models.TextField(blank=True)
    signature = models.CharField(max_length=200, blank=True)
    manifest = models.TextField(blank=True)
    manifest_signature = models.CharField(max_length=200, blank=True)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["node", "version"], name="one_pack_version")]


class PartBytes(models.Model):
    """A compressed part of packs, by the digest of its bytes."""

    digest = models.CharField(max_length=64, primary_key=True)
    data = models.BinaryField()
    made_at = models.DateTimeField(auto_now_add=True)
