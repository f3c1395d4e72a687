"""Bytes as rows: which blobs are there, which case may read which, and what is still coming in."""

from __future__ import annotations

from django.db import models

from server.org.models import Station


class Blob(models.Model):
    """A page at rest: known by the SHA-256 of its plain bytes, stored encrypted under a random name."""

    digest = models.CharField(max_length=64, primary_key=True)
    name = models.CharField(max_length=80)
    size = models.PositiveBigIntegerField()
    key = models.BinaryField()  # wrapped by the server's blob key
    made_at = models.DateTimeField(auto_now_add=True)


class CasePage(models.Model):
    """A case's right to a page: nobody reads a blob but through a case."""

    case_id = models.CharField(max_length=36)
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case_id", "blob"], name="one_page_per_case")]


class WorkingCopy(models.Model):
    """A small picture (工作副本) that stands for a page of a case until the page itself has come over a bad line.

    It is nothing of the case: neither the case's digest nor whether its materials are complete depends on it.
    """

    case_id = models.CharField(max_length=36)
    stands_for = models.CharField(max_length=64)
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case_id", "stands_for"], name="one_copy_per_page")]


class Upload(models.Model):
    """A tus upload. `offset` moves only by compare-and-set after the bytes are durable; `holder` is the PATCH that
    may move it.
    """

    class Role(models.TextChoices):
        WHOLE = "whole"
        PART = "part"
        FINAL = "final"

    class State(models.TextChoices):
        RECEIVING = "receiving"
        RECEIVED = "received"  # all bytes are there
        DONE = "done"  # its pages are stored

    id = models.CharField(max_length=43, primary_key=True)
    station = models.ForeignKey(Station, on_delete=models.CASCADE)
    role = models.CharField(max_length=8, choices=Role.choices)
    state = models.CharField(max_length=12, choices=State.choices, default=State.RECEIVING)
    length = models.PositiveBigIntegerField()
    offset = models.PositiveBigIntegerField(default=0)
    metadata = models.TextField(blank=True)
    case_id = models.CharField(max_length=36, blank=True)
    filetype = models.CharField(max_length=100, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    stands_for = models.CharField(max_length=64, blank=True, default="")
    key = models.BinaryField()
    holder = models.CharField(max_length=32, blank=True)
    final = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="parts")
    place = models.PositiveSmallIntegerField(default=0)
    expires_at = models.DateTimeField(db_index=True)


class Piece(models.Model):
    """A run of an upload's bytes, encrypted in the blob store."""

    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="pieces")
    start = models.PositiveBigIntegerField()
    size = models.PositiveIntegerField()
    name = models.CharField(max_length=80)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["upload", "start"], name="one_piece_per_start")]
