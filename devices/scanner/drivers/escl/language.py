"""What eSCL (Mopria's scan protocol, as AirScan has it) says in XML: capabilities, status, and what a job is to be.

Elements are known by their local names: firmware is careless with namespaces. What a device sends is bounded and
must not declare anything of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError, fromstring
from xml.sax.saxutils import escape

from contract.problem import Problem, Retry
from devices.scanner import PAPERS, Colour, ScanProfile, Source

XML_LIMIT = 1 << 20  # bytes of one answer; real ones have some kilobytes
JPEG = "image/jpeg"
PWG = "http://www.pwg.org/schemas/2010/12/sm"
SCAN = "http://schemas.hp.com/imaging/escl/2011/05/03"

_USUAL_DPI = (75, 100, 150, 200, 300, 400, 600, 1200)
_MM_PER_INCH = 25.4
_UNITS = 300  # of the region, to an inch
_CAPS_OF = {
    "PlatenInputCaps": Source.FLATBED,
    "AdfSimplexInputCaps": Source.ADF,
    "AdfDuplexInputCaps": Source.ADF_DUPLEX,
}

# pwg: and scan: states of the feeder that stop a batch. ScannerAdfProcessing and ScannerAdfLoaded do not; only
# ScannerAdfEmpty means empty (sane-airscan 385).
_ADF_PROBLEMS = {
    "ScannerAdfJam": "scanner.jam",
    "ScannerAdfMispick": "scanner.jam",
    "ScannerAdfInputTrayFailed": "scanner.jam",
    "ScannerAdfInputTrayOverloaded": "scanner.jam",
    "ScannerAdfHatchOpen": "scanner.cover_open",
    "ScannerAdfDoorOpen": "scanner.cover_open",  # what sane-airscan has seen instead
    "ScannerAdfMultipickDetected": "scanner.double_feed",
    "ScannerAdfDuplexPageTooShort": "scanner.jam",
    "ScannerAdfDuplexPageTooLong": "scanner.jam",
}


@dataclass(frozen=True)
class Input:
    """One place that paper comes from, and what may be asked of it. Sizes in 1/300 inch, 0 where nothing was said."""

    source: Source
    colours: tuple[str, ...]
    dpi: tuple[int, ...]
    max_width: int = 0
    max_height: int = 0


@dataclass(frozen=True)
class Job:
    """A job as the status names it. `images` is the device's own count, 0 where it says none."""

    uri: str
    state: str  # Pending, Processing, Completed, Canceled, Aborted
    images: int = 0


@dataclass(frozen=True)
class Status:
    """How the device stands. `adf` is empty where it has no feeder or says nothing of it."""

    state: str  # Idle, Processing, Testing, Stopped, Down
    adf: str
    jobs: tuple[Job, ...] = ()

    @property
    def empty(self) -> bool:
        return self.adf == "ScannerAdfEmpty"

    def find_job(self, path: str) -> Job | None:
        """The job by the end of its address: some devices leave out the host, some their own prefix."""
        name = path.rstrip("/").rpartition("/")[2]
        return next((job for job in self.jobs if job.uri.rstrip("/").rpartition("/")[2] == name), None)

    def problem(self) -> Problem | None:
        """What stops the feeder, if anything does."""
        code = _ADF_PROBLEMS.get(self.adf)
        return Problem(code, Retry.AFTER_FIX) if code else None


def read_capabilities(data: bytes) -> tuple[Input, ...]:
    """The inputs of ScannerCapabilities. Raises Problem ``scanner.garbled``."""
    root = _root(data)
    return tuple(_input(source, part) for name, source in _CAPS_OF.items() for part in _all(root, name))


def read_status(data: bytes) -> Status:
    """ScannerStatus. Raises Problem ``scanner.garbled``."""
    root = _root(data)
    jobs = [
        Job(_text(part, "JobUri") or _text(part, "JobUuid"), _text(part, "JobState"), _number(part, "ImagesCompleted"))
        for part in _all(root, "JobInfo")
    ]
    return Status(_text(root, "State"), _text(root, "AdfState"), tuple(jobs))


def scan_settings(profile: ScanProfile, offered: Input, dpi: int) -> bytes:
    """The job's ticket: one JPEG a page. Whole-job formats show nothing until the end (naps2 625)."""
    size = [round(side * _UNITS / _MM_PER_INCH) for side in PAPERS[profile.paper]]
    width, height = (
        min(side, most) if most else side
        for side, most in zip(size, (offered.max_width, offered.max_height), strict=True)
    )
    feeder = profile.source is not Source.FLATBED
    duplex = f"<scan:Duplex>{str(profile.source is Source.ADF_DUPLEX).lower()}</scan:Duplex>" if feeder else ""
    colour = escape(colour_of(profile.colour, offered))
    return (
        "<?xml version='1.0' encoding='UTF-8'?>"
        f"<scan:ScanSettings xmlns:pwg='{PWG}' xmlns:scan='{SCAN}'>"
        "<pwg:Version>2.0</pwg:Version><scan:Intent>Document</scan:Intent>"
        "<pwg:ScanRegions><pwg:ScanRegion>"
        "<pwg:ContentRegionUnits>escl:ThreeHundredthsOfInches</pwg:ContentRegionUnits>"
        "<pwg:XOffset>0</pwg:XOffset><pwg:YOffset>0</pwg:YOffset>"
        f"<pwg:Width>{width}</pwg:Width><pwg:Height>{height}</pwg:Height>"
        "</pwg:ScanRegion></pwg:ScanRegions>"
        f"<pwg:InputSource>{'Feeder' if feeder else 'Platen'}</pwg:InputSource>{duplex}"
        f"<scan:ColorMode>{colour}</scan:ColorMode>"
        f"<scan:XResolution>{dpi}</scan:XResolution><scan:YResolution>{dpi}</scan:YResolution>"
        f"<pwg:DocumentFormat>{JPEG}</pwg:DocumentFormat><scan:DocumentFormatExt>{JPEG}</scan:DocumentFormatExt>"
        "</scan:ScanSettings>"
    ).encode()


def colour_of(colour: Colour, offered: Input) -> str:
    """eSCL's word. Black and white is cut from grey here. Raises Problem ``scanner.unsupported``."""
    wanted = ("RGB24",) if colour is Colour.COLOR else ("Grayscale8", "RGB24")
    if not offered.colours:
        return wanted[0]
    found = next((word for word in wanted if word in offered.colours), None)
    if found is None:
        raise Problem("scanner.unsupported", Retry.NEVER)
    return found


def nearest(offered: Input, dpi: int) -> int:
    """The least resolution on offer that is not below the one asked for, else the greatest."""
    return next((each for each in offered.dpi if each >= dpi), offered.dpi[-1] if offered.dpi else dpi)


def _input(source: Source, part: Element) -> Input:
    colours = tuple(dict.fromkeys(each.text or "" for each in _all(part, "ColorMode")))
    dpi = {_number(each, "XResolution") for each in _all(part, "DiscreteResolution")}
    for span in _all(part, "ResolutionRange"):
        for side in _all(span, "XResolutionRange"):
            least, most = _number(side, "Min"), _number(side, "Max")
            dpi |= {each for each in _USUAL_DPI if least <= each <= most}
    return Input(
        source,
        colours,
        tuple(sorted(each for each in dpi if 0 < each <= max(_USUAL_DPI))),
        _number(part, "MaxWidth"),
        _number(part, "MaxHeight"),
    )


def _root(data: bytes) -> Element:
    """The document, where it is one: what declares a type or entities of its own is not read at all."""
    if len(data) > XML_LIMIT or b"<!DOCTYPE" in data or b"\0" in data:
        raise Problem("scanner.garbled", Retry.AGAIN)
    try:
        return fromstring(data)  # noqa: S314 — bounded, and without any declaration
    except (ParseError, ValueError, LookupError):
        raise Problem("scanner.garbled", Retry.AGAIN) from None


def _all(part: Element, name: str) -> Iterator[Element]:
    return (each for each in part.iter() if each.tag.rpartition("}")[2] == name)


def _text(part: Element, name: str) -> str:
    found = next(_all(part, name), None)
    return (found.text or "").strip() if found is not None else ""


def _number(part: Element, name: str) -> int:
    return _whole(_text(part, name))


def _whole(text: str | None) -> int:
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0
