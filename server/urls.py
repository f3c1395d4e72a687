"""What answers where."""

from __future__ import annotations

from django.urls import include, path

from server.api import api
from server.materials import tus
from server.web import pages

urlpatterns = [
    path("api/v1/uploads", tus.uploads),
    path("api/v1/uploads/<str:upload_id>", tus.upload),
    path("api/v1/", api.urls),
    path("_allauth/", include("allauth.headless.urls")),
    path("accounts/", include("allauth.urls")),
    path("p/<str:number>/<str:key>", pages.progress, name="progress"),
    path("", pages.todo, name="todo"),
    path("cases/<str:case_id>", pages.case, name="case"),
    path("cases/<str:case_id>/pages/<str:digest>", pages.page, name="page"),
    path("cases/<str:case_id>/<str:verb>", pages.decide, name="decide"),
]
