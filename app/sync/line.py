"""The line to the server: HTTP as this project speaks it, and every way it fails turned into a Problem.

Bodies are handed to the socket in small blocks: with a whole `bytes` the connect timeout would limit the whole body,
and a slow but steady line would be taken for a dead one.
"""

from __future__ import annotations

import base64
import ipaddress
import re
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Protocol, TypeVar
from urllib.parse import urljoin, urlsplit

import requests
from pydantic import BaseModel, TypeAdapter, ValidationError

from app.clock import wall_clock
from app.store.station import OurStation
from app.sync.failures import json_of, refusal, trouble, was_kept
from app.sync.sockets import UNDER_WAY, Sockets
from contract.case import Case
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
    Told,
)
from contract.pack import PackAsk, SignedManifest
from contract.parcel import HandedIn, Unpacked
from contract.person import Clerk
from contract.problem import Problem, Retry
from contract.rating import SignedRating
from contract.report import StationReport
from contract.upload import BATCH_TYPE, STANDS_FOR, TUS
from contract.wire import sha256

BLOCK = 16 << 10  # bytes handed to the socket at a time …
SMALL_BLOCK = 8 << 10  # … and where little may be lost: under TLS a block is a record, which a cut loses whole
COMING = 2 << 10  # bytes taken from the socket at a time: a cut loses no more
CONNECT = 8.0  # seconds for a connection, and for each block to be taken
ANSWER = 30.0  # seconds of silence while waiting for an answer
PROBE = 8.0  # seconds in which a server that is there says so …
NEWS = 15.0  # … or, with many others at its door, what is new
STALL = 30.0  # seconds for a block of an upload on a bad line
DIGESTING = 180.0  # seconds for the server to check and keep a whole batch
SKEW = timedelta(hours=1)  # a station's clock further off than this is not used to sign in with
OFFSET_STREAM = "application/offset+octet-stream"
API = "/api/v1"
ALLAUTH = "/_allauth/app/v1"

M = TypeVar("M", bound=BaseModel)


class Body:
    """Bytes that go out in small blocks. No file: from one, requests would read the length wrongly."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self._at = 0

    def __len__(self) -> int:
        return len(self._data) - self._at

    def read(self, size: int = -1) -> bytes:
        end = self._at + min(BLOCK, size if size >= 0 else BLOCK)
        block = bytes(self._data[self._at : end])
        self._at += len(block)
        return block

    def __iter__(self) -> Iterator[bytes]:
        while block := self.read(BLOCK):
            yield block


class Stream(Protocol):
    """What an upload is read from: knows how much is left, gives at most a block at a time."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[bytes]: ...

    def read(self, size: int = -1) -> bytes: ...


class Line:
    """Talk with one server. May be used by several threads; each has its own connections.

    Every method raises Problem: ``line.down``, ``line.timeout``, ``line.cut``, ``line.certificate``,
    ``line.not_the_server`` (something answered that is not our server), ``server.busy`` (``retry_after`` seconds),
    ``server.failed``, or what the server itself said.
    """

    def __init__(
        self,
        url: str,
        station: OurStation | None = None,
        *,
        clock: Callable[[], datetime] = wall_clock,
        verify: bool | str = True,
        patience: float = ANSWER,
    ) -> None:
        """Nothing is sent yet.

        Args:
            url: Base address of the server.
            station: The station that asks and signs; without one, only what needs no station can be asked.
            clock: The station's clock.
            verify: Whether certificates are checked, or the path of the authority to check them against.
            patience: Seconds of silence after which an answer is given up.

        Raises:
            Problem: ``line.tls_needed`` where a server elsewhere is to be talked to in the clear.
        """
        self.url = require_safe(url)
        self._station = station
        self._clock = clock
        self._verify = verify
        self._patience = patience
        self._local = threading.local()
        self._sessions: list[requests.Session] = []
        self._lock = threading.Lock()
        self._token = ""
        self._signing_in = threading.Lock()
        self._server_ahead = timedelta()  # by the Date header of whatever answered last
        self._took: deque[float] = deque(maxlen=3)  # seconds of the last small asks

    @property
    def round_trip(self) -> float | None:
        """Seconds that the quickest of the last small asks were under way, without what the server says that it took
        itself; None before any."""
        return min(tuple(self._took), default=None)

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for session in self._sessions:
                session.close()
            self._sessions.clear()
            self._local = threading.local()

    @contextmanager
    def apart(self) -> Iterator[None]:
        """This thread talks over connections of its own, on which little is under way at a time: a cut loses little,
        and several of them share a line evenly. They are closed at the end.
        """
        before, session = getattr(self._local, "session", None), self._new_session(UNDER_WAY)
        self._local.session = session
        try:
            yield
        finally:
            self._local.session = before
            session.close()

    # --- what is said -------------------------------------------------------------------------------------------------

    def probe(self) -> None:
        """Ask whether the server is there and well: cheap, without a session, and given up after a short while."""
        self._call("GET", f"{API}/health", patience=PROBE)

    def enrol(self, ask: EnrolAsk) -> EnrolAnswer:
        """Join. The same ask may be repeated. The session of the station that this was, if any, is over."""
        answer = _parsed(EnrolAnswer, self._call("POST", f"{API}/enrol", json=ask))
        self._token = ""
        return answer

    def exchange(self, ask: Ask) -> Answer:
        """One round of talk. Where only news is asked for, a silent server is found out soon."""
        patience = None if ask.actions else NEWS
        return _parsed(Answer, self._call("POST", f"{API}/exchange", json=ask, as_station=True, patience=patience))

    def rate(self, rating: SignedRating) -> Told:
        """Hand in what somebody thought of their visit; it may be repeated."""
        return _parsed(Told, self._call("POST", f"{API}/ratings", json=rating, as_station=True))

    def report(self, report: StationReport) -> Told:
        """Say how this station is; the newest counts."""
        return _parsed(Told, self._call("POST", f"{API}/reports", json=report, as_station=True))

    def pack_manifest(self, have: str = "") -> SignedManifest:
        """Which parts bring the pack that we have up to date."""
        return _parsed(
            SignedManifest, self._call("POST", f"{API}/pack/manifest", json=PackAsk(have=have), as_station=True)
        )

    def pack_part(self, digest: str, first: int) -> Generator[bytes, None, None]:
        """A part of a pack from byte `first` on, as it comes: what came before a cut is not lost."""
        headers = {"Range": f"bytes={first}-", "Accept": "application/zstd", "Accept-Encoding": "identity"}
        answer = self._call(
            "GET", f"{API}/pack/parts/{_plain(digest)}", headers=headers, as_station=True, binary=True, as_it_comes=True
        )
        try:
            if answer.status_code != HTTPStatus.PARTIAL_CONTENT:
                raise Problem("line.not_the_server", Retry.AGAIN)
            yield from answer.iter_content(COMING)
        except requests.RequestException as error:
            raise trouble(error) from None
        finally:
            answer.close()

    def case_view(self, case_id: str) -> CaseView:
        """A case as the server knows it, with all that stands around it."""
        return _parsed(CaseView, self._call("GET", f"{API}/cases/{_plain(case_id)}", as_station=True))

    def open_parcel(self, places: Sequence[str], digest: str) -> Unpacked:
        """Have the server open the parcel whose bytes it has, as uploads in this order; it may be repeated."""
        asked = HandedIn(uploads=tuple(place.rsplit("/", 1)[-1] for place in places), digest=digest)
        body, headers = Body(asked.model_dump_json().encode()), {"Content-Type": "application/json"}
        # as a stream, because the server may take its time
        answer = self._call("POST", f"{API}/parcels", headers=headers, stream=body, as_station=True)
        return _parsed(Unpacked, answer)

    def search(self, text: str) -> tuple[Case, ...]:
        """Cases this station may see, by number, id number or part of a name."""
        ask = SearchAsk(words=text.replace("\0", "")[:200])
        answer = self._call("POST", f"{API}/cases/search", json=ask, as_station=True)
        try:
            return TypeAdapter(tuple[Case, ...]).validate_json(answer.content)
        except ValidationError:
            raise Problem("line.not_the_server", Retry.AGAIN) from None

    def page(self, case_id: str, digest: str) -> bytes:
        """The bytes of a page that another station took in."""
        path = f"{API}/cases/{_plain(case_id)}/pages/{_plain(digest)}"
        return self._call("GET", path, as_station=True, binary=True).content

    # --- clerks -------------------------------------------------------------------------------------------------------

    def sign_in(self, username: str, password: str, code: str = "", patience: float | None = None) -> Clerk:
        """Check a clerk's name and password (and the code of a second factor) with the server.

        Args:
            username: The account's name.
            password: As typed.
            code: Of the second factor, where the account has one.
            patience: Seconds for a connection and for each answer, where somebody waits who could be let in without.

        Raises:
            Problem: ``signin.wrong``, ``signin.code_needed``, ``signin.code_wrong``, ``signin.too_often``,
                ``signin.revoked``.
        """
        answer = self._call(
            "POST",
            f"{ALLAUTH}/auth/login",
            plain={"username": username, "password": password},
            fine={400, 401, 403, 409, 429},
            patience=patience,
        )
        token = _session_token(answer)
        if answer.status_code == HTTPStatus.UNAUTHORIZED and token and _wants_code(answer):
            if not code:
                raise Problem("signin.code_needed", Retry.AFTER_FIX)
            answer = self._call(
                "POST",
                f"{ALLAUTH}/auth/2fa/authenticate",
                plain={"code": code},
                headers={"X-Session-Token": token},
                fine={400, 401, 403, 409, 429},
                patience=patience,
            )
            if answer.status_code == HTTPStatus.BAD_REQUEST:
                raise Problem("signin.code_wrong", Retry.AFTER_FIX)
            token = _session_token(answer) or token
        if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            raise Problem("signin.too_often", Retry.AFTER_FIX)
        if answer.status_code == HTTPStatus.FORBIDDEN:
            raise Problem("signin.revoked", Retry.AFTER_FIX)
        if answer.status_code != HTTPStatus.OK or not token:
            raise Problem("signin.wrong", Retry.AFTER_FIX)
        headers = {"X-Session-Token": token}
        try:
            me = self._call("GET", f"{API}/me", headers=headers, fine={401, 403}, patience=patience)
            if me.status_code != HTTPStatus.OK:
                raise Problem("signin.revoked", Retry.AFTER_FIX)
            return _parsed(Me, me).clerk
        finally:
            self._sign_out(headers, patience)

    def _sign_out(self, headers: dict[str, str], patience: float | None) -> None:
        """The password was all that was to be known; a session that nobody uses is not left behind."""
        try:
            self._call("DELETE", f"{ALLAUTH}/auth/session", headers=headers, fine={401, 404, 410}, patience=patience)
        except Problem:
            return  # it ends by itself

    # --- uploads (tus 1.0) --------------------------------------------------------------------------------------------

    def create_upload(self, case_id: str, size: int, digest: str) -> str:
        """A new upload of a page batch. Returns its path."""
        return self._place(self._create({"Upload-Length": str(size), "Upload-Metadata": _metadata(case_id, digest)}))

    def create_part(self, size: int, name: str) -> str:
        """A new part of an upload that is still to be put together. Returns its path. One of the same name, made
        before and not joined, is given up: its reply was lost.
        """
        return self._place(self._create(_partial(size, name)))

    def open_part(self, size: int, name: str, stream: Stream) -> tuple[str, int]:
        """A new part and all its bytes in one request. Returns its path, and the offset that the server then has. When
        it is cut, nobody knows the path of what arrived; under the same name it is given up."""
        answer = self._create({**_partial(size, name), "Content-Type": OFFSET_STREAM}, stream)
        return self._place(answer), _offset(answer)

    def join_parts(self, case_id: str, places: Sequence[str], digest: str) -> str:
        """Say which parts, in this order, make one page batch; they need not have arrived. Returns its path. May be
        repeated: the same parts in the same order are the same batch."""
        concat = f"final;{' '.join(places)}"
        return self._place(self._create({"Upload-Concat": concat, "Upload-Metadata": _metadata(case_id, digest)}))

    def send_copy(self, case_id: str, stands_for: str, data: bytes) -> None:
        """A working copy of a page, in one request: small enough to begin again after a cut."""
        said = {"case_id": case_id, "filetype": "image/jpeg", "digest": sha256(data), STANDS_FOR: stands_for}
        headers = {"Upload-Length": str(len(data)), "Upload-Metadata": _pairs(said), "Content-Type": OFFSET_STREAM}
        self._create(headers, Body(data))

    def _create(self, headers: dict[str, str], body: Stream | None = None) -> requests.Response:
        headers = {"Tus-Resumable": TUS, **headers}
        return self._call("POST", f"{API}/uploads", headers=headers, as_station=True, stream=body)

    def _place(self, answer: requests.Response) -> str:
        place = urljoin(answer.url, answer.headers.get("Location", ""))
        if not place.startswith(self.url + "/"):
            raise Problem("line.not_the_server", Retry.AGAIN)
        return place.removeprefix(self.url)

    def find_upload_offset(self, place: str) -> int | None:
        """How many bytes of an upload the server holds for good; None where it knows it no more."""
        headers = {"Tus-Resumable": TUS}
        answer = self._call("HEAD", place, headers=headers, as_station=True, fine={404, 410})
        if answer.status_code != HTTPStatus.OK and answer.status_code != HTTPStatus.NO_CONTENT:
            return None
        return _offset(answer)

    def send_upload(self, place: str, offset: int, stream: Stream) -> int:
        """Send all that is left of an upload in one long PATCH. Returns the offset the server then has."""
        headers = {
            "Tus-Resumable": TUS,
            "Upload-Offset": str(offset),
            "Content-Type": OFFSET_STREAM,
        }
        answer = self._call("PATCH", place, headers=headers, as_station=True, stream=stream)
        return _offset(answer)

    def drop_upload(self, place: str) -> None:
        """Let the server forget an upload that is not needed any more."""
        self._call("DELETE", place, headers={"Tus-Resumable": TUS}, as_station=True, fine={404, 405, 410})

    # --- how it is said -----------------------------------------------------------------------------------------------

    def _call(
        self,
        method: str,
        path: str,
        *,
        json: BaseModel | None = None,
        plain: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        stream: Stream | None = None,
        as_station: bool = False,
        fine: frozenset[int] | set[int] = frozenset(),
        binary: bool = False,
        as_it_comes: bool = False,
        patience: float | None = None,
    ) -> requests.Response:
        """One request. Statuses from 200 to 299 and those in `fine` come back; all else is a Problem."""
        sent = {"Accept": "application/json", **(headers or {})}
        body: bytes | None = None
        if json is not None:
            body = json.model_dump_json().encode()
        elif plain is not None:
            body = TypeAdapter(dict[str, str]).dump_json(plain)
        if body is not None:
            sent["Content-Type"] = "application/json"
        token = ""
        for last in (False, True):
            if as_station:
                token = self._bearer(refused=token)
                sent["Authorization"] = f"Bearer {token}"
            timeouts = (STALL, DIGESTING) if stream is not None else (CONNECT, self._patience)
            if patience is not None:
                timeouts = (min(patience, CONNECT), min(patience, self._patience))
            data = stream if stream is not None else Body(body) if body is not None else None
            again = None if stream is not None else body
            answer = self._send(method, path, sent, data, timeouts, again, as_it_comes=as_it_comes)
            if answer.status_code == HTTPStatus.UNAUTHORIZED and as_station and not last and stream is None:
                continue  # the session ran out
            break
        if answer.status_code == HTTPStatus.UNAUTHORIZED and as_station:
            with self._signing_in:
                self._token = "" if self._token == token else self._token
        if answer.status_code in fine:
            return answer
        if not answer.ok or answer.is_redirect:
            raise refusal(answer)
        if not binary and answer.content and "json" not in answer.headers.get("Content-Type", ""):
            raise Problem("line.not_the_server", Retry.AGAIN)
        return answer

    def _send(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        data: Any,
        timeouts: tuple[float, float],
        again: bytes | None,
        *,
        as_it_comes: bool,
    ) -> requests.Response:
        session = self._session()
        for last in (False, True):
            try:
                answer = session.request(
                    method,
                    self.url + path,
                    data=data,
                    headers=headers,
                    timeout=timeouts,
                    allow_redirects=False,
                    verify=self._verify,
                    stream=as_it_comes,
                )
                self._note_time(answer)
                if data is None or again is not None:
                    self._took.append(max(answer.elapsed.total_seconds() - _servers_own(answer), 0.0))
                return answer
            except requests.exceptions.ConnectionError as error:
                # a kept connection that the server closed meanwhile looks like a cut, and every ask may be repeated
                if last or (data is not None and again is None) or not was_kept(error):
                    raise trouble(error) from None
                data = Body(again) if again is not None else None
            except requests.RequestException as error:
                raise trouble(error) from None
        raise AssertionError("unreachable")

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._new_session()
            self._local.session = session
            with self._lock:
                self._sessions.append(session)
        return session

    def _new_session(self, under_way: int = 0) -> requests.Session:
        session = requests.Session()
        session.trust_env = False  # proxies and authorities come from our settings, not from the environment
        for scheme in ("http://", "https://"):
            session.mount(scheme, Sockets(under_way))
        return session

    def _bearer(self, refused: str) -> str:
        """The session's token; a new one where there is none or this one was refused. One thread asks for all."""
        with self._signing_in:
            if self._token in ("", refused):
                self._token = self._new_token()
            return self._token

    def _new_token(self) -> str:
        if self._station is None:
            raise Problem("station.not_joined", Retry.AFTER_FIX)
        try:
            ask = self._session_ask(self._station)
            return _parsed(SessionAnswer, self._call("POST", f"{API}/session", json=ask)).token
        except Problem as problem:
            if problem.code != "session.clock_wrong":
                raise
            ask = self._session_ask(self._station)  # that answer said what time it is
            return _parsed(SessionAnswer, self._call("POST", f"{API}/session", json=ask)).token

    def _session_ask(self, station: OurStation) -> SessionAsk:
        at = self._clock().astimezone(UTC)
        if abs(self._server_ahead) > SKEW:
            at += self._server_ahead
        id_ = station.get().id
        return SessionAsk(station=id_, at=at, signature=station.sign(SessionAsk.text(id_, at)))

    def _note_time(self, answer: requests.Response) -> None:
        try:
            self._server_ahead = parsedate_to_datetime(answer.headers["Date"]) - self._clock()
        except (KeyError, ValueError, TypeError):
            return


def require_safe(url: str) -> str:
    """The address without a closing slash.

    Raises:
        Problem: ``line.tls_needed`` where it is plain HTTP to anywhere but this machine; ``line.address``.
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise Problem("line.address", Retry.AFTER_FIX)
    if parts.scheme == "http" and not _is_this_machine(parts.hostname):
        raise Problem("line.tls_needed", Retry.AFTER_FIX)
    return url.strip().rstrip("/")


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _plain(part: str) -> str:
    """A part of a path that is only what ids are made of."""
    if not re.fullmatch(r"[0-9A-Za-z_-]{1,80}", part):
        raise Problem("case.unknown", Retry.NEVER)
    return part


def _parsed(kind: type[M], answer: requests.Response) -> M:
    try:
        return kind.model_validate_json(answer.content)
    except ValidationError:
        raise Problem("line.not_the_server", Retry.AGAIN) from None


def _servers_own(answer: requests.Response) -> float:
    """Seconds that the server says it took itself (the header Server-Timing)."""
    said = re.search(r"\bapp;dur=(\d{1,7}(?:\.\d{1,3})?)", answer.headers.get("Server-Timing", ""))
    return float(said[1]) / 1000 if said else 0.0


def _metadata(case_id: str, digest: str) -> str:
    return _pairs({"case_id": case_id, "filetype": BATCH_TYPE, "digest": digest})


def _pairs(pairs: dict[str, str]) -> str:
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in pairs.items())


def _partial(size: int, name: str) -> dict[str, str]:
    return {"Upload-Length": str(size), "Upload-Concat": "partial", "Upload-Metadata": _pairs({"part": name})}


def _offset(answer: requests.Response) -> int:
    said = answer.headers.get("Upload-Offset", "")
    if not said.isdigit():
        raise Problem("line.not_the_server", Retry.AGAIN)
    return int(said)


def _session_token(answer: requests.Response) -> str:
    meta = json_of(answer).get("meta")
    return str(meta.get("session_token") or "") if isinstance(meta, dict) else ""


def _wants_code(answer: requests.Response) -> bool:
    data = json_of(answer).get("data")
    flows = data.get("flows", []) if isinstance(data, dict) else []
    return any(isinstance(flow, dict) and flow.get("id") == "mfa_authenticate" for flow in flows)
