"""Feeds: what each node and each department hears, numbered without gaps."""

from __future__ import annotations

from django.db import models

from server.cases.models import EventRecord
from server.org.models import Station


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


class EarlyAct(models.Model):
    """An act that came before the one it follows: kept as it was signed, applied when that one comes, never before.

    `problem` is the code of what stopped it then: somebody has to look.
    """

    action_id = models.CharField(max_length=36, primary_key=True)
    case_id = models.CharField(max_length=36, db_index=True)
    after = models.CharField(max_length=36, db_index=True)
    station = models.ForeignKey(Station, on_delete=models.CASCADE)
    text = models.TextField()
    signature = models.CharField(max_length=200)
    came_at = models.DateTimeField(auto_now_add=True)
    problem = models.CharField(max_length=80, blank=True)
