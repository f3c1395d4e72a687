"""Materials (材料): their pages, where they came from, how far they are trusted."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from contract.wire import Wire

DIGEST = r"^[0-9a-f]{64}$"

Fraction = Annotated[float, Field(ge=-0.5, le=1.5)]  # of a picture's side; a corner may lie a little outside
Point = tuple[Fraction, Fraction]
Corners = tuple[Point, Point, Point, Point]
"""Top left, top right, bottom right and bottom left of the paper in a picture, the way up it is seen."""


class Trust(StrEnum):
    """国办函〔2016〕108号: how a material in the shared library may be used."""

    A = "A"  # issued by the agency itself: direct use
    B = "B"  # checked against the original by window staff: reusable
    C = "C"  # uploaded by the applicant: a window must see the original
    D = "D"  # made by the applicant, who vouches for it


class MaterialForm(StrEnum):
    ORIGINAL = "original"  # 原件
    COPY = "copy"  # 复印件
    ELECTRONIC = "electronic"  # 电子


class Source(StrEnum):
    """How a material came into the case."""

    SCAN = "scan"
    FOLDER = "folder"
    CAMERA = "camera"
    PAD = "pad"  # signed on the pad, never on paper
    CHIP = "chip"  # read from the identity card: no copy needed
    LIBRARY = "library"  # taken from the shared library
    LICENCE = "licence"  # electronic licence


class Page(Wire):
    """One page as the device gave it. The bytes are evidence and never change; everything else here is metadata."""

    digest: str = Field(pattern=DIGEST)
    size: int = Field(gt=0)
    media_type: str
    frame: int = Field(default=0, ge=0)  # which page of a PDF or TIFF that has several
    width: int = Field(default=0, ge=0)
    height: int = Field(default=0, ge=0)
    dpi: int = Field(default=0, ge=0)
    sheet: int = Field(default=0, ge=0)
    side: Literal["front", "back"] = "front"
    # How it is to be seen: the paper taken out by its corners, turned straight, cut, turned. All of it is metadata.
    corners: Corners | None = Field(default=None, exclude_if=lambda found: found is None)  # of a photographed page
    skew: float = 0.0  # degrees
    crop: tuple[float, float, float, float] | None = None  # left, top, right, bottom as fractions
    rotation: Literal[0, 90, 180, 270] = 0  # clockwise
    blank_score: float = 0.0
    hidden: bool = False  # a blank back: hidden, never deleted
    replaces: str = Field(default="", pattern=DIGEST + r"|^$")  # the page that this rescan stands for

    @property
    def key(self) -> str:
        """What names this page within its case: the digest, and the frame where a file has several."""
        return f"{self.digest}#{self.frame}" if self.frame else self.digest


class Seen(Wire):
    """Who did something to a paper original, and when."""

    by: str
    at: datetime


class Signed(Wire):
    """手写签名 on a pad: what was signed, and where the signature is kept.

    Attributes:
        document: SHA-256 of the PDF that the person was shown. The page in the material begins with those very bytes,
            the signature is added behind them.
        size: How many bytes that PDF has.
        says: Digest of what the case said then (`contract.case.said`): with other words the signature does not count.
        page: SHA-256 of the PDF with the signature in it, one of the material's pages.
        vector: The ink (`contract.signature.Signature`), kept like a page.
        picture: The signature as it looks, PNG, kept like a page.
        means: How it was written: by a pad with a driver, or by pen tablet, finger or mouse on a screen.
        at: When, by the station's clock.
    """

    document: str = Field(pattern=DIGEST)
    size: int = Field(gt=0)
    says: str = Field(pattern=DIGEST)
    page: str = Field(pattern=DIGEST)
    vector: Page
    picture: Page
    means: Literal["pad", "pen", "touch", "mouse"]
    at: datetime

    def __repr__(self) -> str:
        return f"Signed({self.document[:8]})"

    __str__ = __repr__


class CaseMaterial(Wire):
    """One material of a case: the slot of the matter's list, and what is in it."""

    code: str
    name: str
    form: MaterialForm = MaterialForm.ORIGINAL
    source: Source = Source.SCAN
    trust: Trust = Trust.C
    pages: tuple[Page, ...] = ()
    copies: int = Field(default=1, ge=0)
    library: str = ""  # the shared library's reference, where taken from there
    verified: Seen | None = None  # 已核对原件
    returned: Seen | None = None  # 已退还
    promised_until: date | None = None  # 容缺: to be handed in by this day
    signed: Signed | None = Field(default=None, exclude_if=lambda signed: signed is None)  # on a pad, not on paper

    @property
    def present(self) -> bool:
        """Whether something is there: a page that is not hidden, a reference, or data read from a chip."""
        return any(not page.hidden for page in self.pages) or bool(self.library) or self.source is Source.CHIP

    @property
    def sides(self) -> tuple[int, int]:
        """Fronts and backs that are not hidden, for the "2 正 / 2 反" count."""
        shown = [page for page in self.pages if not page.hidden]
        return sum(p.side == "front" for p in shown), sum(p.side == "back" for p in shown)


def page_digests(materials: tuple[CaseMaterial, ...]) -> tuple[str, ...]:
    """The digests of all pages, hidden ones too, each once, in order."""
    return tuple(dict.fromkeys(page.digest for material in materials for page in material.pages))
