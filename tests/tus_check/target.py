"""The server that is checked, as any HTTP client sees it. Nothing here knows which server it is."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPSConnection
from urllib.parse import urljoin, urlsplit

VERSION = "1.0.0"
STREAM = "application/offset+octet-stream"
PATIENCE = 20.0  # seconds for any answer


class Failed(Exception):
    """The server did not do what the protocol says; the text says what it did."""


class NotOffered(Exception):
    """What would be checked is none of the extensions that the server says it has."""


def expect(is_so: bool, otherwise: object) -> None:
    """Raises Failed with these words unless it is so."""
    if not is_so:
        raise Failed(str(otherwise))


@dataclass(frozen=True)
class Answer:
    """Status and headers, by names in small letters; the body as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)

    def __getitem__(self, name: str) -> str:
        """A header that must be there."""
        expect(name in self.headers, f"{self.status} without {name}")
        return self.headers[name]

    @property
    def offset(self) -> int:
        said = self["upload-offset"]
        expect(said.isdigit(), f"Upload-Offset: {said}")
        return int(said)


@dataclass(frozen=True)
class Target:
    """Where to talk to, and what to say with every request.

    Attributes:
        url: Where uploads are created.
        headers: Sent with every request: a token, a cookie.
        metadata: Pairs that every upload must bring here; ``{sha256}`` in a value stands for its bytes' digest.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    metadata: Mapping[str, str] = field(default_factory=dict)

    # --- requests -----------------------------------------------------------------------------------------------------

    def ask(
        self, method: str, url: str = "", body: bytes | None = None, version: str = VERSION, **headers: str
    ) -> Answer:
        """One request on a connection of its own. In names of headers ``_`` stands for ``-``."""
        with self.connection() as line:
            line.request(method, self._path(url), body, self._headers(version, headers))
            return self._answer(line, method)

    def create(self, content: bytes, **headers: str) -> Answer:
        """A new upload for these bytes."""
        headers.setdefault("Upload_Length", str(len(content)))
        headers.setdefault("Upload_Metadata", self.metadata_for(content))
        return self.ask("POST", **headers)

    def created(self, content: bytes, **headers: str) -> str:
        """The address of a new upload for these bytes."""
        answer = self.create(content, **headers)
        expect(answer.status == 201, f"creation answered {answer.status}: {answer.body[:200]!r}")
        return urljoin(self.url, answer["location"])

    def patch(self, place: str, offset: int, data: bytes, **headers: str) -> Answer:
        """Some bytes for an upload."""
        headers.setdefault("Content_Type", STREAM)
        return self.ask("PATCH", place, data, Upload_Offset=str(offset), **headers)

    def offset(self, place: str) -> int:
        """Where an upload stands."""
        answer = self.ask("HEAD", place)
        expect(answer.status in (200, 204), f"HEAD answered {answer.status}")
        return answer.offset

    def begun_patch(self, place: str, offset: int, size: int, data: bytes, **headers: str) -> HTTPConnection:
        """A PATCH that announces `size` bytes and has sent only `data`; its connection, still open."""
        line = self._connect()
        line.putrequest("PATCH", self._path(place))
        said = {"Upload_Offset": str(offset), "Content_Type": STREAM, "Content_Length": str(size), **headers}
        for name, value in self._headers(VERSION, said).items():
            line.putheader(name, value)
        line.endheaders()
        line.send(data)
        return line

    def metadata_for(self, content: bytes) -> str:
        """What an upload of these bytes must say of itself here."""
        digest = hashlib.sha256(content).hexdigest()
        pairs = {"filename": "tus-check.bin", **self.metadata}
        return ",".join(
            f"{name} {base64.b64encode(value.replace('{sha256}', digest).encode()).decode()}"
            for name, value in pairs.items()
        )

    def extensions(self) -> frozenset[str]:
        said = self.ask("OPTIONS", version="").headers.get("tus-extension", "")
        return frozenset(filter(None, (name.strip() for name in said.split(","))))

    # --- connections --------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def connection(self) -> Iterator[HTTPConnection]:
        line = self._connect()
        try:
            yield line
        finally:
            line.close()

    def _connect(self) -> HTTPConnection:
        parts = urlsplit(self.url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        line = kind(parts.hostname or "", parts.port, timeout=PATIENCE)
        line.connect()
        return line

    def _path(self, url: str) -> str:
        parts = urlsplit(urljoin(self.url, url))
        return parts.path + (f"?{parts.query}" if parts.query else "")

    def _headers(self, version: str, more: Mapping[str, str]) -> dict[str, str]:
        said = {name.replace("_", "-"): value for name, value in more.items() if value}
        return {**({"Tus-Resumable": version} if version else {}), **self.headers, **said}

    def _answer(self, line: HTTPConnection, method: str) -> Answer:
        try:
            came = line.getresponse()
            return Answer(came.status, {name.lower(): value for name, value in came.getheaders()}, came.read())
        except (OSError, http.client.HTTPException) as error:
            raise Failed(f"no answer to {method}: {type(error).__name__}") from None


def until_it_says(target: Target, place: str, offset: int, patience: float = 10.0) -> int:
    """Where an upload stands, asked until it is there or the patience is over."""
    end = time.monotonic() + patience
    while True:
        stands = target.offset(place)
        if stands == offset or time.monotonic() > end:
            return stands
        time.sleep(0.1)
