"""The pages' addresses."""

from __future__ import annotations

from django.urls import path
from django.views.i18n import set_language

from server.web import pages, ratings, stations

urlpatterns = [
    path("", pages.todo_page, name="todo"),
    path("search", pages.search, name="search"),
    path("ratings", ratings.ratings_page, name="ratings"),
    path("ratings/<int:call_back>/done", ratings.finish_call_back, name="finish_call_back"),
    path("stations", stations.stations_page, name="stations"),
    path("language", set_language, name="set_language"),
    path("p/<str:number>/<str:key>", pages.progress, name="progress"),
    path("cases/<str:case_id>", pages.case_page, name="case"),
    path("cases/<str:case_id>/pages/<str:digest>", pages.page, name="page"),
    path("cases/<str:case_id>/clashes/<int:clash_id>", pages.settle_clash, name="settle_clash"),
    path("cases/<str:case_id>/<str:verb>", pages.act, name="act"),
]
