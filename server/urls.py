"""What answers where."""

from __future__ import annotations

from django.urls import include, path

from server.api import api
from server.exchange import parcels
from server.materials import tus

urlpatterns = [
    path("api/v1/uploads", tus.uploads),
    path("api/v1/parcels", parcels.hand_in),
    path("api/v1/uploads/<str:upload_id>", tus.upload),
    path("api/v1/", api.urls),
    path("_allauth/", include("allauth.headless.urls")),
    path("accounts/", include("allauth.urls")),
    path("", include("server.web.urls")),
]
