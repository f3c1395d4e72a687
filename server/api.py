"""The HTTP API under /api/v1: thin, contract in and contract out. Uploads (tus) are in materials/tus.py."""

from __future__ import annotations

import json
import re
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from pydantic import BaseModel, TypeAdapter
from pydantic import ValidationError as ModelError

from contract.case import BODIES, Case, Kind
from contract.exchange import (
    Answer,
    Ask,
    CaseView,
    EnrolAnswer,
    EnrolAsk,
    Me,
    SearchAsk,
    SessionAnswer,
    SessionAsk,
    SignedPack,
    Told,
)
from contract.pack import PackAsk, SignedManifest
from contract.problem import MEDIA_TYPE, Problem, Retry
from contract.rating import SignedRating
from contract.report import StationReport
from server import health
from server.access import AnyAuth, PersonAuth, StationAuth, viewer_of
from server.cases import services, views
from server.catalogue.packs import manifest_for, pack_for, part_bytes
from server.exchange import round as rounds
from server.exchange import stations
from server.org.models import Station, User
from server.problems import fault_response, problem_response
from server.supervise import ratings
from server.supervise import stations as supervised

PROBLEM = {
    "description": "A problem (RFC 9457); its words are in resources/messages under its code",
    "content": {
        MEDIA_TYPE: {
            "schema": {
                "type": "object",
                "required": ["type", "code", "retry", "facts"],
                "properties": {
                    "type": {"type": "string"},
                    "code": {"type": "string"},
                    "retry": {"enum": [retry.value for retry in Retry]},
                    "facts": {"type": "object", "additionalProperties": {"type": "string"}},
                    "status": {"type": "integer"},
                },
            }
        }
    },
}


class DescribedAPI(NinjaAPI):
    """Says of every operation that it may answer with a problem."""

    def get_openapi_schema(self, **how: Any) -> Any:
        schema = super().get_openapi_schema(**how)
        for operations in schema["paths"].values():
            for operation in operations.values():
                answers = {str(status): answer for status, answer in operation["responses"].items()}
                operation["responses"] = {**answers, "default": PROBLEM}
        return schema


api = DescribedAPI(
    title="Tongban acceptance server",
    version="1",
    urls_namespace="api",
    docs_url=None,
    openapi_url="openapi.json",
)
RANGE = re.compile(r"bytes=([0-9]{1,12})-([0-9]{0,12})")
CASES = TypeAdapter(list[Case])


@api.exception_handler(Problem)
def _problem(request: HttpRequest, problem: Problem) -> HttpResponse:
    return problem_response(problem)


@api.exception_handler(ValidationError)
def _malformed(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Says which field, never what stood in it."""
    where = ".".join(str(part) for part in error.errors[0].get("loc", ())) if error.errors else ""
    return problem_response(Problem("wire.malformed", Retry.NEVER, field=where[:120]))


@api.exception_handler(HttpError)
def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem_response(Problem("wire.malformed", Retry.NEVER, field="body"), error.status_code)


@api.exception_handler(AuthenticationError)
def _stranger(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return problem_response(Problem("session.needed", Retry.AGAIN))


@api.exception_handler(Exception)
def _fault(request: HttpRequest, error: Exception) -> HttpResponse:
    return fault_response(error)


def _said(value: BaseModel, status: int = 200) -> HttpResponse:
    """A contract value in its own spelling: ninja's encoder would cut times to milliseconds."""
    return HttpResponse(value.model_dump_json(), status=status, content_type="application/json")


@api.get("/health", auth=None, tags=["server"])
def get_health(request: HttpRequest) -> HttpResponse:
    """Whether the server can do its work: database and blob store."""
    return health.response()


@api.post("/enrol", auth=None, response=EnrolAnswer, tags=["stations"])
def post_enrol(request: HttpRequest, ask: EnrolAsk) -> HttpResponse:
    """A station joins with a one-time code."""
    return _said(stations.enrol(ask))


@api.post("/session", auth=None, response=SessionAnswer, tags=["stations"])
def post_session(request: HttpRequest, ask: SessionAsk) -> HttpResponse:
    """A station proves that it holds its key and gets a bearer token."""
    return _said(stations.open_session(ask))


@api.post("/exchange", auth=StationAuth(), response=Answer, tags=["stations"])
def post_exchange(request: HttpRequest, ask: Ask) -> HttpResponse:
    """One round of talk."""
    return _said(rounds.answer(ask, _station(request)))


@api.post("/ratings", auth=StationAuth(), response=Told, tags=["stations"])
def post_rating(request: HttpRequest, rating: SignedRating) -> HttpResponse:
    """What somebody thought of their visit (好差评). Nobody reads it back through the API."""
    return _said(ratings.take(rating, _station(request)))


@api.post("/reports", auth=StationAuth(), response=Told, tags=["stations"])
def post_report(request: HttpRequest, report: StationReport) -> HttpResponse:
    """What a station says of its program and devices; the newest counts."""
    return _said(supervised.take(report, _station(request)))


@api.get("/pack", auth=StationAuth(), response=SignedPack, tags=["stations"])
def get_pack(request: HttpRequest) -> HttpResponse:
    """The newest pack of the station's node; its ETag is its version."""
    pack = pack_for(_station(request).node)
    etag = f'"{pack.version}"'
    response = HttpResponse(status=304) if _has(request, etag) else _said(pack.signed())
    response["ETag"] = etag
    return response


@api.post("/pack/manifest", auth=StationAuth(), response=SignedManifest, tags=["stations"])
def post_manifest(request: HttpRequest, ask: PackAsk) -> HttpResponse:
    """Which parts bring a station from the pack that it has to the newest: what changed, or all of it."""
    return _said(manifest_for(_station(request).node, ask.have))


@api.get("/pack/parts/{digest}", auth=StationAuth(), tags=["stations"])
def get_part(request: HttpRequest, digest: str) -> HttpResponse:
    """A compressed part of a pack (RFC 9110 §14: one range is understood)."""
    data = part_bytes(digest)
    asked = RANGE.fullmatch(request.headers.get("Range", ""))
    if asked is None:
        response = HttpResponse(data, content_type="application/zstd")
    else:
        first, last = int(asked[1]), min(int(asked[2] or len(data)), len(data) - 1)
        status = 206 if first <= last else 416
        response = HttpResponse(data[first : last + 1], status=status, content_type="application/zstd")
        response["Content-Range"] = f"bytes {first}-{last}/{len(data)}" if status == 206 else f"bytes */{len(data)}"
    response["ETag"] = f'"{digest}"'
    response["Cache-Control"] = "private, max-age=31536000, immutable"
    response["Accept-Ranges"] = "bytes"
    return response


@api.get("/me", auth=PersonAuth(), response=Me, tags=["people"])
def get_me(request: HttpRequest) -> HttpResponse:
    """Who is signed in."""
    return _said(Me(clerk=_person(request).to_clerk()))


@api.post("/cases/search", auth=AnyAuth(), response=list[Case], tags=["cases"])
def post_search(request: HttpRequest, ask: SearchAsk) -> HttpResponse:
    """Cases by number, id number or part of a name; at most 50, newest first. The words are in the body and in no
    address, for addresses are written down along the way."""
    found = views.search(viewer_of(request), ask.number, ask.words)
    return HttpResponse(CASES.dump_json(found), content_type="application/json")


@api.get("/cases/{case_id}", auth=AnyAuth(), response=CaseView, tags=["cases"])
def get_case(request: HttpRequest, case_id: str) -> HttpResponse:
    """A case with all that stands around it."""
    viewer = viewer_of(request)
    row = services.get_case(case_id, viewer)
    etag = views.etag_of(row)
    response = HttpResponse(status=304) if _has(request, etag) else _said(views.case_view(row, viewer))
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    return response


@api.get("/cases/{case_id}/pages/{digest}", auth=AnyAuth(), tags=["cases"])
def get_page(request: HttpRequest, case_id: str, digest: str) -> HttpResponse:
    """The bytes of a page, as the device gave them."""
    data, media_type = views.page_of(services.get_case(case_id, viewer_of(request)), digest)
    return page_response(data, media_type)


@api.post("/cases/{case_id}/{verb}", auth=PersonAuth(), response=CaseView, tags=["cases"])
def post_verb(request: HttpRequest, case_id: str, verb: Kind) -> HttpResponse:
    """An officer does something to a case; the body is the contract's for that verb, If-Match the case's ETag."""
    officer = _person(request)
    act = services.OFFICERS_VERBS.get(verb)
    if act is None:
        raise Problem("role.not_allowed", Retry.NEVER, kind=verb)
    try:
        body = BODIES[verb].model_validate_json(request.body or b"{}")
    except ModelError as error:
        where = ".".join(str(part) for part in error.errors(include_input=False, include_url=False)[0]["loc"])
        raise Problem("wire.malformed", Retry.NEVER, field=where[:120]) from None
    expected = None
    if "If-Match" in request.headers:
        row = services.get_case(case_id, officer)
        if not _matches(request.headers["If-Match"], views.etag_of(row)):
            raise Problem("wire.precondition_failed", Retry.AFTER_FIX)
        expected = row.version
    row = act(case_id, officer, body, expected)
    response = _said(views.case_view(row, officer))
    response["ETag"] = views.etag_of(row)
    return response


def page_response(data: bytes, media_type: str) -> HttpResponse:
    """A page's bytes as an answer that no browser runs, guesses about or keeps."""
    response = HttpResponse(data, content_type=media_type)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Content-Disposition"] = "inline"
    response["Cache-Control"] = "private, no-store"
    return response


def _station(request: HttpRequest) -> Station:
    viewer = viewer_of(request)
    assert isinstance(viewer, Station)
    return viewer


def _person(request: HttpRequest) -> User:
    viewer = viewer_of(request)
    assert isinstance(viewer, User)
    return viewer


def _has(request: HttpRequest, etag: str) -> bool:
    return _matches(request.headers.get("If-None-Match", ""), etag)


def _matches(header: str, etag: str) -> bool:
    weak = etag.removeprefix("W/")
    return any(part.strip().removeprefix("W/") in (weak, "*") for part in header.split(","))


def described() -> str:
    """The API's description (OpenAPI 3.1), as committed in docs/openapi.json."""
    schema = api.get_openapi_schema(path_prefix="/api/v1/")
    return json.dumps(schema, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
