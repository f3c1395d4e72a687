"""What the intake asks of the desk, as plain callables: bound to a desk in ui.deeds, invented in tests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.flow.draft import Draft, OtherCase, Step
from app.flow.finish import TakenIn
from app.flow.photograph import CameraWatch
from app.flow.printing import Printed
from app.flow.signing import Means, ToSign
from app.flow.steps import DraftSummary
from app.materials.library import LibraryItem
from app.matters.catalogue import Catalogue, Hit
from app.papers.paper import PaperKind
from app.people.other_cards import OtherCard
from contract.case import Case, Ground, SupplementItem
from contract.material import Corners, Page
from contract.matter import Delivery
from contract.node import Offering
from contract.person import Clerk, LegalPerson, Person, Tie
from contract.signature import Ink
from devices.idcard import IdentityDocument
from devices.scanner import Source


@dataclass(frozen=True)
class IntakeDeeds:
    """Every callable may block and is called away from the GUI thread; `today` is quick."""

    node: str
    catalogue: Callable[[], Catalogue]
    today: Callable[[], date]
    # identity
    begin: Callable[[Clerk], Draft]
    read_card: Callable[[], IdentityDocument]
    wait_card: Callable[[threading.Event], IdentityDocument]
    card_photo: Callable[[IdentityDocument], bytes]
    read_other: Callable[[str], OtherCard]  # by what opens a travel document: its machine-readable lines, or its parts
    portrait: Callable[[bytes], bytes]  # a chip's portrait as a picture that can be shown
    with_document: Callable[[Draft, IdentityDocument], Draft]
    with_represented: Callable[[Draft, IdentityDocument], Draft]
    with_manual_identity: Callable[[Draft, Mapping[str, Any], str, bytes | None], Draft]
    with_display_name: Callable[[Draft, str], Draft]
    photograph_document: Callable[[], bytes]
    confirm_person: Callable[[Draft, Clerk], Draft]
    with_applicant: Callable[[Draft, Person | LegalPerson | None, Tie], Draft]
    with_phone: Callable[[Draft, str], Draft]
    # matter, form
    search: Callable[[str], tuple[Hit, ...]]
    with_matter: Callable[[Draft, str], Draft]
    with_route: Callable[[Draft, Offering, Clerk], Draft]
    with_answers: Callable[[Draft, Mapping[str, Any]], Draft]
    with_delivery: Callable[[Draft, Delivery], Draft]
    to_step: Callable[[Draft, Step], Draft]
    # materials
    scan_into: Callable[[Draft, str, Source, threading.Event], Iterable[Draft]]
    insert_after: Callable[[Draft, str, str, Source, threading.Event], Iterable[Draft]]
    scan_backs: Callable[[Draft, str, threading.Event], Iterable[Draft]]
    rescan_page: Callable[[Draft, str, str, Source], Draft]
    open_camera: Callable[[bool], CameraWatch]
    add_photograph: Callable[[Draft, str, bytes, str, Corners | None], Draft]
    straighten_page: Callable[[Draft, str, str, Corners | None], Draft]
    whole_picture: Callable[[Page, int], bytes]
    thumbnail: Callable[[Page], bytes]
    preview: Callable[[Page, int], bytes]
    move_page: Callable[[Draft, str, str, str, int], Draft]
    rotate_page: Callable[[Draft, str, str, int], Draft]
    show_page: Callable[[Draft, str, str, bool], Draft]
    verify_original: Callable[[Draft, str, Clerk, bool], Draft]
    returned: Callable[[Draft, str, Clerk, bool], Draft]
    promise: Callable[[Draft, str], Draft]
    library: Callable[[Draft, str], tuple[LibraryItem, ...]]
    from_library: Callable[[Draft, str, LibraryItem], Draft]
    print_form: Callable[[Draft, Clerk], tuple[Draft, Printed]]
    print_separators: Callable[[Draft, Clerk], tuple[Draft, Printed]]
    form_to_sign: Callable[[Draft, Clerk], tuple[Draft, tuple[ToSign, bytes]]]  # with its pages as a picture
    sign_form: Callable[[Draft, Clerk, ToSign, Ink, Means], Draft]
    form_is_stale: Callable[[Draft], bool]
    clashing: Callable[[Draft], tuple[OtherCase, ...]]
    confirm_clash: Callable[[Draft, Clerk], Draft]
    # the end
    take_in: Callable[[Draft, Clerk], TakenIn]
    ask_supplement: Callable[[Draft, Clerk, tuple[SupplementItem, ...], date | None], TakenIn]
    decline: Callable[[Draft, Clerk, Ground, str, str], TakenIn]
    print_papers: Callable[[str, tuple[PaperKind, ...], Clerk, bool], tuple[Printed, ...]]
    paper_png: Callable[[str, PaperKind, Clerk], bytes]
    clear_printers: Callable[[], None]
    # several people
    stored: Callable[[str], Draft]
    park: Callable[[Draft], Draft]
    resume: Callable[[str], Draft]
    take_over: Callable[[str, Clerk], Draft]
    drafts: Callable[[Clerk], tuple[DraftSummary, ...]]
    supplementing: Callable[[str, Clerk], Draft]
    reopening: Callable[[str, Clerk], Draft]
    same_matter_next: Callable[[Case, Clerk, bool], Draft]
    may_be_agent: Callable[[Case, Clerk], bool]  # quick
    can_read_other: Callable[[], bool]
    can_scan: Callable[[], bool]
    can_photograph: Callable[[], bool]
