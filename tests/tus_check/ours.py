"""Our own server as a target: started with the demo hall, a station joined, a case received that wants pages."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path

from app.store import Store
from app.sync.enrol import join
from app.sync.line import Line
from app.sync.round import one_round
from contract.exchange import SessionAnswer, SessionAsk
from tests.fakes.rounds import now
from tests.fakes.serving import ServerProcess
from tests.fakes.window import NODE, Window
from tests.tus_check.target import Target


@contextmanager
def our_server() -> Iterator[tuple[Target, ServerProcess]]:
    """A running server of ours, and how to talk to it; both end with the ``with`` block."""
    with tempfile.TemporaryDirectory() as place:
        server = ServerProcess(Path(place) / "server")
        server.folder.mkdir()
        server.start()
        try:
            with Store.open(Path(place) / "station", bytes(32)) as store:
                yield our_target(server.url, server.code(NODE), store), server
        finally:
            server.stop()


def our_target(url: str, code: str, store: Store) -> Target:
    """Join with the code, let the server know of a case, and say what its uploads must bring."""
    line = Line(url, store.station)
    try:
        join(store, line, code)
        case_id = Window(store).take_in()
        one_round(store, line, now)
    finally:
        line.close()
    metadata = {"case_id": case_id, "filetype": "image/jpeg", "digest": "{sha256}"}
    return Target(f"{url}/api/v1/uploads", {"Authorization": f"Bearer {session_token(url, store)}"}, metadata)


def session_token(url: str, store: Store) -> str:
    """A session of the station, for programs that are not ours."""
    at, station = datetime.now(UTC), store.station.get().id
    ask = SessionAsk(station=station, at=at, signature=store.station.sign(SessionAsk.text(station, at)))
    line = HTTPConnection(url.removeprefix("http://"), timeout=20)
    try:
        line.request("POST", "/api/v1/session", ask.model_dump_json(), {"Content-Type": "application/json"})
        return SessionAnswer.model_validate(json.loads(line.getresponse().read())).token
    finally:
        line.close()
