"""What people thought of their visits, whom somebody is to call back, and what stations said of themselves."""

from __future__ import annotations

from django.db import models

from contract.person import Role
from server.cases.models import CaseRecord
from server.org.models import Station, User
from server.org.tree import codes_under


class RatingSet(models.QuerySet["RatingRecord"]):
    """Every look at ratings starts at `visible_to`: neither clerk nor officer nor station has one."""

    def visible_to(self, person: User) -> RatingSet:
        """A supervisor sees what was given at their node and below it."""
        if not person.is_active or Role.SUPERVISOR not in person.working_as or not person.node:
            return self.none()
        return self.filter(node__in=codes_under(person.node))


class RatingRecord(models.Model):
    """One rating (好差评) of one visit, as the station signed it. Never changed."""

    id = models.CharField(max_length=36, primary_key=True)
    case = models.ForeignKey(CaseRecord, on_delete=models.PROTECT, related_name="+")
    visit = models.CharField(max_length=36)  # the act that the visit led to
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="+")
    node = models.CharField(max_length=12)
    level = models.CharField(max_length=20)  # contract.rating.Level
    reasons = models.JSONField(default=list)  # contract.rating.Reason
    text = models.TextField()  # its canonical spelling, as it was signed
    signature = models.CharField(max_length=200)
    given_at = models.DateTimeField()
    came_at = models.DateTimeField(auto_now_add=True)

    objects = RatingSet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["visit"], name="one_rating_per_visit")]
        indexes = [models.Index(fields=["node", "level"], name="rating_at_node")]

    def __str__(self) -> str:
        return str(self.id)


class CallBack(models.Model):
    """A bad rating is followed up (差评整改): somebody calls back and puts it right by a day."""

    rating = models.OneToOneField(RatingRecord, on_delete=models.PROTECT, related_name="call_back")
    due_on = models.DateField()
    done_at = models.DateTimeField(null=True)
    done_by = models.CharField(max_length=64, blank=True)  # the supervisor's id …
    done_name = models.CharField(max_length=120, blank=True)  # … and name at that time
    outcome = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["done_at", "due_on"], name="call_back_due")]

    def __str__(self) -> str:
        return str(self.pk)


class ReportRecord(models.Model):
    """The newest report (状况报告) of a station. In `devices` each device stands as it was reported, with `since`, the
    time from which on it has been out of order, by this server's clock; `out_since` is the first of these."""

    station = models.OneToOneField(Station, primary_key=True, on_delete=models.CASCADE, related_name="report")
    program = models.CharField(max_length=80)
    devices = models.JSONField(default=list)
    out_since = models.DateTimeField(null=True)
    heard_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.pk)
