"""A network scanner without hardware: the other end of eSCL, with a feeder, a glass and a will of its own.

Tests scan from it, a technician can: ``python -m devices.scanner.emulator --listen 127.0.0.1:0`` prints the address to
give to ``scanner/escl`` and serves invented pages until it is ended. Debian's sane-airscan scans from it as well, which
is what says that it is true to the protocol. It cannot model any maker's quirks beyond those in `Behaviour`.
"""

from __future__ import annotations

import argparse
import re
import socket
import ssl
import sys
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

Side = Callable[[int, bool], bytes]  # the JPEG of one side at a resolution, in grey or in colour
DPI = (75, 100, 150, 200, 300)
_FORGOTTEN = 1.0  # seconds after which a job that nobody asks for ends; real devices take up to a minute
_SLOW = 0.5  # seconds a page
_NS = "xmlns:pwg='http://www.pwg.org/schemas/2010/12/sm' xmlns:scan='http://schemas.hp.com/imaging/escl/2011/05/03'"
_BODY_LIMIT = 1 << 20
_INPUT = f"""<scan:MinWidth>16</scan:MinWidth><scan:MaxWidth>2550</scan:MaxWidth>
<scan:MinHeight>16</scan:MinHeight><scan:MaxHeight>4200</scan:MaxHeight><scan:MaxScanRegions>1</scan:MaxScanRegions>
<scan:SettingProfiles><scan:SettingProfile>
<scan:ColorModes><scan:ColorMode>Grayscale8</scan:ColorMode><scan:ColorMode>RGB24</scan:ColorMode></scan:ColorModes>
<scan:DocumentFormats><pwg:DocumentFormat>image/jpeg</pwg:DocumentFormat>
<scan:DocumentFormatExt>image/jpeg</scan:DocumentFormatExt></scan:DocumentFormats>
<scan:SupportedResolutions><scan:DiscreteResolutions>{
    "".join(
        f"<scan:DiscreteResolution><scan:XResolution>{dpi}</scan:XResolution>"
        f"<scan:YResolution>{dpi}</scan:YResolution></scan:DiscreteResolution>"
        for dpi in DPI
    )
}</scan:DiscreteResolutions></scan:SupportedResolutions>
</scan:SettingProfile></scan:SettingProfiles>"""
_CAPABILITIES = f"""<?xml version='1.0' encoding='UTF-8'?>
<scan:ScannerCapabilities {_NS}><pwg:Version>2.63</pwg:Version>
<pwg:MakeAndModel>Tongban Stand-in</pwg:MakeAndModel><pwg:SerialNumber>0</pwg:SerialNumber>
<scan:UUID>5b0f2a34-0000-4000-8000-000000000001</scan:UUID>
<scan:Platen><scan:PlatenInputCaps>{_INPUT}</scan:PlatenInputCaps></scan:Platen>
<scan:Adf><scan:AdfSimplexInputCaps>{_INPUT}</scan:AdfSimplexInputCaps>
<scan:AdfDuplexInputCaps>{_INPUT}</scan:AdfDuplexInputCaps><scan:FeederCapacity>100</scan:FeederCapacity>
<scan:AdfOptions><scan:AdfOption>DetectPaperLoaded</scan:AdfOption><scan:AdfOption>Duplex</scan:AdfOption>
</scan:AdfOptions></scan:Adf></scan:ScannerCapabilities>"""


class Behaviour(StrEnum):
    """What goes wrong, most of it before the third page of a job."""

    OK = "ok"
    JAM = "jam"
    DOUBLE_FEED = "double_feed"
    COVER_OPEN = "cover_open"
    BUSY = "busy"  # never takes a job
    BUSY_ONCE = "busy_once"
    SLOW = "slow"
    NOT_YET = "not_yet"  # 503 before each page
    EARLY_404 = "early_404"  # says that there is nothing more while paper is moving
    ABSENT_MINDED = "absent_minded"  # so too, and names neither the job nor itself as at work: only its feeder is
    END_409 = "end_409"  # how some say that the feeder is empty
    CANCELLED = "cancelled"  # by somebody at the device
    CUT = "cut"  # the body ends half-way
    CUT_JPEG = "cut_jpeg"  # the body is whole, the picture in it is not
    CHUNKED = "chunked"
    CHUNKED_CUT = "chunked_cut"
    ENDLESS = "endless"
    HANG = "hang"  # no answer any more
    UNPLUG = "unplug"  # the line goes dead in the middle of a page, and stays so until `plug_in`
    STALE_JAM = "stale_jam"  # the status keeps the jam of the job before until the next one begins
    LOSES_ONE = "loses_one"  # counts three images, hands over two
    REPEATS = "repeats"  # hands over the first page again and again
    ELSEWHERE = "elsewhere"  # names another host in the job's address
    FORBIDDEN = "forbidden"
    NO_XML = "no_xml"
    DECLARES = "declares"  # a document type with entities


@dataclass
class _Job:
    sides: deque[Side]
    dpi: int
    grey: bool
    feeder: bool
    duplex: bool
    state: str = "Processing"
    images: int = 0
    told_early: int = -1
    asking: int = 0  # requests that wait for an answer
    asked_at: float = field(default_factory=time.monotonic)


@dataclass
class Scanner:
    """The device: what lies in it and how it behaves. Sheets are (front, back); a back may be missing."""

    feeder: deque[tuple[Side, Side | None]] = field(default_factory=deque)
    glass: Side | None = None
    refill: Sequence[Side] = ()  # both sides of sheets that somebody lays in whenever the feeder is empty
    behave: Behaviour = Behaviour.OK
    unplugged: bool = False
    adf: str = ""  # what stops the feeder
    jobs: dict[str, _Job] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    released: threading.Event = field(default_factory=threading.Event)  # what hangs goes on with it

    def load(self, sides: Sequence[Side], duplex: bool = False) -> None:
        """Lay paper in, clear what was wrong with the feeder."""
        with self.lock:
            if duplex:
                self.feeder = deque((sides[at], sides[at + 1]) for at in range(0, len(sides) - 1, 2))
            else:
                self.feeder = deque((side, None) for side in sides)
            if self.behave is not Behaviour.STALE_JAM:
                self.adf = ""

    @property
    def adf_state(self) -> str:
        if self.adf:
            return self.adf
        if any(job.feeder and job.state == "Processing" for job in self.jobs.values()):
            return "ScannerAdfProcessing"
        if not self.feeder and self.refill:
            self.load(self.refill, duplex=True)
        return "ScannerAdfLoaded" if self.feeder else "ScannerAdfEmpty"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: it is silent."""

    def do_GET(self) -> None:
        device = self.server.scanner
        if device.unplugged:
            self._drop()
        elif device.behave is Behaviour.FORBIDDEN:
            self._say(403)
        elif self.path == "/eSCL/ScannerCapabilities":
            self._say(200, _CAPABILITIES.encode())
        elif self.path == "/eSCL/ScannerStatus":
            self._say(200, self._status())
        elif match := re.fullmatch(r"/eSCL/ScanJobs/([0-9a-f-]+)/NextDocument", self.path):
            self._next(match[1])
        else:
            self._say(404)

    def do_POST(self) -> None:
        device = self.server.scanner
        ticket = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), _BODY_LIMIT)).decode()
        if device.unplugged:
            return self._drop()
        if self.path != "/eSCL/ScanJobs":
            return self._say(404)
        with device.lock:
            if device.behave is Behaviour.BUSY:
                return self._say(503)
            if device.behave is Behaviour.BUSY_ONCE:
                device.behave = Behaviour.OK
                return self._say(503, headers={"Retry-After": "1"})
            for other in device.jobs.values():
                if not other.asking and time.monotonic() - other.asked_at > _FORGOTTEN:
                    other.state = "Canceled" if other.state == "Processing" else other.state
            if any(other.state == "Processing" for other in device.jobs.values()):
                return self._say(503)
            job = _taken(device, ticket)
            if isinstance(job, int):
                return self._say(job)
            name = str(uuid.uuid4())
            device.jobs[name] = job
            device.adf = ""
        host = "192.0.2.1" if device.behave is Behaviour.ELSEWHERE else self.server.where
        self._say(201, headers={"LOCATION": f"http://{host}/eSCL/ScanJobs/{name}"})

    def do_DELETE(self) -> None:
        device, name = self.server.scanner, self.path.rpartition("/")[2]
        with device.lock:
            job = device.jobs.get(name)
            if device.unplugged or job is None:
                return self._say(404)
            device.deleted.append(name)
            if job.state == "Processing":
                job.state = "Canceled"
        self._say(200)

    def _status(self) -> bytes:
        device = self.server.scanner
        with device.lock:
            if device.behave is Behaviour.NO_XML:
                return b"<html>sign in first</html"
            minded = device.behave is not Behaviour.ABSENT_MINDED
            busy = minded and any(job.state == "Processing" for job in device.jobs.values())
            jobs = "".join(
                f"<scan:JobInfo><pwg:JobUri>/eSCL/ScanJobs/{name}</pwg:JobUri><pwg:JobUuid>{name}</pwg:JobUuid>"
                f"<scan:Age>1</scan:Age><pwg:ImagesCompleted>{job.images}</pwg:ImagesCompleted>"
                f"<pwg:ImagesToTransfer>0</pwg:ImagesToTransfer><pwg:JobState>{job.state}</pwg:JobState></scan:JobInfo>"
                for name, job in device.jobs.items()
                if minded
            )
            kind = "<!DOCTYPE a [<!ENTITY b 'c'>]>" if device.behave is Behaviour.DECLARES else ""
            return (
                f"<?xml version='1.0' encoding='UTF-8'?>{kind}<scan:ScannerStatus {_NS}><pwg:Version>2.63</pwg:Version>"
                f"<pwg:State>{'Processing' if busy else 'Idle'}</pwg:State>"
                f"<scan:AdfState>{device.adf_state}</scan:AdfState><scan:Jobs>{jobs}</scan:Jobs></scan:ScannerStatus>"
            ).encode()

    def _next(self, name: str) -> None:
        job = self.server.scanner.jobs.get(name)
        if job is None:
            return self._say(404)
        job.asking += 1
        try:
            self._next_of(job)
        finally:
            job.asking -= 1
            job.asked_at = time.monotonic()

    def _next_of(self, job: _Job) -> None:
        device = self.server.scanner
        if job.state != "Processing":
            return self._say(404 if job.state == "Completed" else 410)
        if device.behave is Behaviour.SLOW:
            device.released.wait(_SLOW)
        with device.lock:
            early = device.behave in (Behaviour.NOT_YET, Behaviour.EARLY_404, Behaviour.ABSENT_MINDED)
            if early and job.told_early < job.images:
                job.told_early = job.images
                return self._say(503 if device.behave is Behaviour.NOT_YET else 404)
            stopped = {
                Behaviour.JAM: "ScannerAdfJam",
                Behaviour.STALE_JAM: "ScannerAdfJam",
                Behaviour.DOUBLE_FEED: "ScannerAdfMultipickDetected",
                Behaviour.COVER_OPEN: "ScannerAdfDoorOpen",
            }.get(device.behave)
            third = job.images == 2 and bool(job.sides)
            if third and stopped and len(device.jobs) == 1:
                device.adf, job.state = stopped, "Aborted"
                return self._say(409)
            if third and device.behave is Behaviour.CANCELLED:
                job.state = "Canceled"
                return self._say(410)
            if third and device.behave is Behaviour.LOSES_ONE:
                job.sides.popleft()
                job.images += 1
            if not job.sides:
                job.state = "Completed"
                return self._say(409 if device.behave is Behaviour.END_409 else 404)
            side = job.sides[0] if device.behave is Behaviour.REPEATS else job.sides.popleft()
            if device.behave is Behaviour.REPEATS and job.images == 4:
                job.sides.clear()
            if job.feeder and device.feeder and (not job.duplex or job.images % 2):
                device.feeder.popleft()  # in duplex with the back: until then the sheet is in the machine
            job.images += 1
        self._hand_over(side(job.dpi, job.grey), third)

    def _hand_over(self, data: bytes, third: bool) -> None:
        device = self.server.scanner
        what = device.behave if third else Behaviour.OK
        match what:
            case Behaviour.HANG:
                device.released.wait()
                self._drop()
            case Behaviour.CUT | Behaviour.UNPLUG:
                device.unplugged = what is Behaviour.UNPLUG
                self._say(200, data[: len(data) // 2], "image/jpeg", {"Content-Length": str(len(data))})
                self._drop()
            case Behaviour.CUT_JPEG:
                self._say(200, data[: len(data) // 2], "image/jpeg")
            case Behaviour.ENDLESS:
                self._say(200, b"", "image/jpeg", {"Content-Length": str(1 << 40)})
                with suppress(OSError):
                    while not device.released.is_set():
                        self.wfile.write(bytes(1 << 20))
                self._drop()
            case _ if device.behave in (Behaviour.CHUNKED, Behaviour.CHUNKED_CUT):
                self._say_chunked(data, whole=what is not Behaviour.CHUNKED_CUT)
            case _:
                self._say(200, data, "image/jpeg")

    def _say(
        self, code: int, body: bytes = b"", media_type: str = "text/xml", headers: Mapping[str, str] | None = None
    ) -> None:
        self.send_response(code)
        said = {"Content-Type": media_type, "Content-Length": str(len(body))} | dict(headers or {})
        for name, value in said.items():
            self.send_header(name, value)
        with suppress(OSError):
            self.end_headers()
            self.wfile.write(body)

    def _say_chunked(self, data: bytes, whole: bool) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "image/jpeg")
        self.send_header("Transfer-Encoding", "chunked")
        with suppress(OSError):
            self.end_headers()
            for at in range(0, len(data), 700):
                part = data[at : at + 700]
                self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
                if not whole and at > len(data) // 2:
                    return self._drop()
            self.wfile.write(b"0\r\n\r\n")

    def _drop(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


def _taken(device: Scanner, ticket: str) -> _Job | int:
    """The job that a ticket asks for, or the number with which it is refused."""

    def said(name: str) -> str:
        found = re.search(rf"<(?:\w+:)?{name}>\s*([^<]*?)\s*<", ticket)
        return found[1] if found else ""

    feeder, duplex = said("InputSource") == "Feeder", said("Duplex") == "true"
    if "ScanSettings" not in ticket or said("InputSource") not in ("Feeder", "Platen"):
        return 400
    dpi, colour = said("XResolution"), said("ColorMode")
    formats = {said("DocumentFormat"), said("DocumentFormatExt")} - {""}
    if not dpi.isdigit() or int(dpi) not in DPI or colour not in ("RGB24", "Grayscale8") or formats != {"image/jpeg"}:
        return 409
    if feeder:
        sheets = [(front, back or front) if duplex else (front,) for front, back in device.feeder]
        sides = deque(side for sheet in sheets for side in sheet)
    else:
        sides = deque([device.glass] if device.glass else [])
    if not sides:
        return 409
    return _Job(sides, int(dpi), colour == "Grayscale8", feeder, duplex)


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # a test sees to it that none is left
    block_on_close = True

    def __init__(self, address: tuple[str, int], scanner: Scanner) -> None:
        self.scanner = scanner
        super().__init__(address, _Handler)

    @property
    def where(self) -> str:
        host, port = self.server_address[:2]
        return f"{host!s}:{port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: whoever scans may go away in the middle."""


class Standin:
    """The device on a port of its own, served by a thread until it is closed."""

    def __init__(self, address: tuple[str, int] = ("127.0.0.1", 0), tls: ssl.SSLContext | None = None) -> None:
        self.scanner = Scanner()
        self._server = _Server(address, self.scanner)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"http{'s' if tls else ''}://{self._server.where}/eSCL"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="escl stand-in")
        self._thread.start()

    def plug_in(self) -> None:
        """Give the line back, and start afresh as a device does that had no power."""
        with self.scanner.lock:
            self.scanner.jobs.clear()
            self.scanner.adf, self.scanner.behave, self.scanner.unplugged = "", Behaviour.OK, False

    def close(self) -> None:
        self.scanner.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def invented(seed: int, n: int, duplex: bool = False) -> Side:
    """Side `n` of the simulated scanner's stack of this seed."""

    def side(dpi: int, grey: bool) -> bytes:
        import io

        from devices import paper  # only here: tests bring pages of their own

        picture, out = paper.page(seed, n, dpi, duplex), io.BytesIO()
        (picture.convert("L") if grey else picture).save(out, "JPEG", quality=85, dpi=(dpi, dpi))
        return out.getvalue()

    return side


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m devices.scanner.emulator", description=__doc__)
    parser.add_argument("--listen", default="127.0.0.1:0", metavar="HOST:PORT", help="port 0 takes a free one")
    parser.add_argument(
        "--pages", type=int, default=4, help="sides of the paper that is laid in again whenever the feeder is empty"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--behave", default="ok", choices=[each.value for each in Behaviour])
    given = parser.parse_args()
    host, _, port = given.listen.rpartition(":")
    sides = [invented(given.seed, n, duplex=True) for n in range(1, given.pages + 1)]
    with Standin((host or "127.0.0.1", int(port))) as standin:
        standin.scanner.behave, standin.scanner.glass = Behaviour(given.behave), sides[0]
        standin.scanner.refill = sides
        sys.stdout.write(standin.url + "\n")
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
