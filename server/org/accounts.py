"""How allauth treats our people: nobody signs up, who is revoked stays out."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from server.org.models import User


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts are made by an administrator only."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


def revoke_user(user: User) -> None:
    """End an account: no further sign-in, no session left; stations hear of it in their next round."""
    with transaction.atomic():
        user.is_active = False
        user.revoked_at = timezone.now()
        user.save(update_fields=["is_active", "revoked_at"])
        for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator():
            if session.get_decoded().get("_auth_user_id") == user.id:
                session.delete()
