"""Feeds: what each node and each department hears, numbered without gaps."""

from __future__ import annotations

from django.db import models

from server.cases.models import EventRecord


class Feed(models.Model):
    """``node:330281001`` or ``department:…``, and the number of its newest row."""

    name = models.CharField(max_length=80, primary_key=True)
    last = models.PositiveBigIntegerField(default=0)


class FeedRow(models.Model):
    """One event in one feed."""

    feed = models.ForeignKey(Feed, on_delete=models.PROTECT)
    n = models.PositiveBigIntegerField()
    event = models.ForeignKey(EventRecord, on_delete=models.PROTECT)
    case_id = models.CharField(max_length=36)
    seq = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["feed", "n"], name="one_row_per_n"),
            models.UniqueConstraint(fields=["feed", "case_id", "seq"], name="one_row_per_event"),
        ]
