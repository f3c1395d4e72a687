"""The applicant signs the form on a pad instead of on paper, bound to the very words that stood before them (U04)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.desk import Desk, today
from app.flow.draft import Draft, form_is_stale, form_says, matter_of
from app.flow.pages import analysed
from app.flow.printing import as_case, form_drawn
from app.flow.steps import keep
from app.papers.signing import picture, with_ink
from contract.case import said
from contract.material import CaseMaterial, Page, Signed, Source, Trust
from contract.person import Clerk
from contract.problem import Problem, Retry
from contract.signature import MEDIA, Ink, Signature
from contract.wire import canonical, sha256
from devices.scanner import ScannedPage

Means = Literal["pad", "pen", "touch", "mouse"]


@dataclass(frozen=True, repr=False)
class ToSign:
    """A form as it is shown to who is to sign it: the PDF, what the case says in it, the material it will be."""

    pdf: bytes
    says: str
    code: str

    def __repr__(self) -> str:
        return f"ToSign({self.code})"

    @property
    def digest(self) -> str:
        """What the signature is bound to."""
        return sha256(self.pdf)


def form_to_sign(desk: Desk, draft: Draft, clerk: Clerk) -> tuple[Draft, ToSign]:
    """The filled form with today's day on it; gives the draft its number. What was signed for other words is hidden.

    Raises:
        Problem: ``signature.no_form`` where the matter has none; what `application_form_pdf` raises.
    """
    code = _form_of(desk, draft)
    draft, case, pdf = form_drawn(desk, draft, clerk, today(desk))
    return draft, ToSign(pdf, said(case), code)


def sign_form(desk: Desk, draft: Draft, clerk: Clerk, form: ToSign, ink: Ink, means: Means) -> Draft:
    """The signature is in the form, and the form in its material; ink and picture are kept like pages.

    Raises:
        Problem: ``signature.not_written``; ``signature.other_document`` where the draft says something else by now.
    """
    if not ink.is_written:
        raise Problem("signature.not_written", Retry.AFTER_FIX)
    if draft.form_digest != form_says(draft) or said(as_case(desk, draft, clerk)) != form.says:
        raise Problem("signature.other_document", Retry.AFTER_FIX)
    slot = draft.material(form.code)
    if slot is None:
        raise Problem("signature.no_form", Retry.NEVER)
    signature = Signature(document=form.digest, says=form.says, at=desk.clock(), ink=ink)
    pdf = with_ink(form.pdf, ink)
    number = len(slot.pages) + 1
    scanned = ScannedPage(number, number, "front", "application/pdf", 0, 0, 0, "", len(pdf))
    pages = tuple(page.model_copy(update={"crop": None, "skew": 0.0}) for page, _ in analysed(desk, scanned, pdf))
    signed = Signed(
        document=form.digest,
        size=len(form.pdf),
        says=form.says,
        page=sha256(pdf),
        vector=_kept(desk, canonical(signature).encode(), MEDIA),
        picture=_kept(desk, picture(ink), "image/png"),
        means=means,
        at=signature.at,
    )
    return keep(desk, draft, _with_slot(draft, _signed_slot(slot, pages, signed)), signed_digest=draft.form_digest)


def is_signed(draft: Draft, code: str) -> bool:
    """Whether the form lies there signed on the pad, with the words as they are now."""
    slot = draft.material(code)
    if slot is None or slot.signed is None or form_is_stale(draft):
        return False
    return any(page.digest == slot.signed.page and not page.hidden for page in slot.pages)


def _signed_slot(slot: CaseMaterial, pages: tuple[Page, ...], signed: Signed) -> CaseMaterial:
    """What lay there before stays, hidden: it was signed anew."""
    before = tuple(page.model_copy(update={"hidden": True}) for page in slot.pages)
    changes = {
        "pages": (*before, *pages), "source": Source.PAD, "library": "", "trust": Trust.C, "verified": None,
        "signed": signed, "promised_until": None,
    }  # fmt: skip
    return slot.model_copy(update=changes)


def _with_slot(draft: Draft, slot: CaseMaterial) -> Draft:
    slots = tuple(slot if each.code == slot.code else each for each in draft.materials)
    return draft.model_copy(update={"materials": slots})


def _kept(desk: Desk, data: bytes, media_type: str) -> Page:
    return Page(digest=desk.store.pages.put(data, media_type), size=len(data), media_type=media_type)


def _form_of(desk: Desk, draft: Draft) -> str:
    matter = matter_of(draft, desk.catalogue())
    rules = matter.materials if matter else ()
    rule = next((rule for rule in rules if rule.is_application_form and draft.material(rule.code)), None)
    if rule is None:
        raise Problem("signature.no_form", Retry.NEVER)
    return rule.code
