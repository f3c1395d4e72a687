"""Officers at their browsers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from server.org.models import User


@pytest.fixture
def signed_in(hall: None) -> Callable[[str], Client]:
    """A browser in which somebody of the small hall is signed in; it enforces CSRF as a real one meets it."""

    def make(username: str, language: str = "zh-hans") -> Client:
        client = Client(headers={"accept-language": language})
        client.force_login(User.objects.get(username=username), "allauth.account.auth_backends.AuthenticationBackend")
        return client

    return make
