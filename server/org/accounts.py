"""How allauth treats our people: nobody signs up, who is revoked stays out."""

from __future__ import annotations

import base64

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from server.keys import get_keys
from server.materials.sealing import seal, unseal
from server.org.models import User
from server.org.tree import get_tree


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts are made by an administrator only."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class SecondFactor(DefaultMFAAdapter):  # type: ignore[misc]
    """Secrets of second factors are sealed with the server's blob key before they reach the database."""

    def encrypt(self, text: str) -> str:
        return base64.b64encode(seal(get_keys().blob, text.encode(), "second factor")).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(get_keys().blob, base64.b64decode(encrypted_text), "second factor").decode()


def revoked_at(node: str) -> tuple[str, ...]:
    """The ids of those who worked at a node and may no longer sign in."""
    tree = get_tree()
    out = User.objects.filter(Q(is_active=False) | Q(revoked_at__isnull=False)).order_by("id")
    return tuple(
        user_id
        for user_id, home, delegated in out.values_list("id", "node", "delegated")
        if any(tree.is_under(node, code) for code in (home, *delegated) if code)
    )


def revoke_user(user: User) -> None:
    """End an account: no further sign-in, no session left; stations hear of it in their next round."""
    with transaction.atomic():
        user.is_active = False
        user.revoked_at = timezone.now()
        user.save(update_fields=["is_active", "revoked_at"])
        for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator():
            if session.get_decoded().get("_auth_user_id") == user.id:
                session.delete()
