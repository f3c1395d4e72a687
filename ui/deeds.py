"""What the pages ask of the desk, bound to one. Pages get callables and know nothing of how they are done."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import qVersion

from app.cases import acts, held, lists
from app.cases.compare import compare
from app.cases.correction import Correctable, Preview, lay_out
from app.config import DeviceChoice, write_config
from app.desk import Desk, today
from app.devices_here import ROLES
from app.diagnostics import RecentLines, write_diagnosis
from app.flow import clashes, finish, pages, photograph, printing, rating, signing, steps
from app.flow.draft import Draft
from app.flow.handover import handover, take_over
from app.materials.portraits import shown_portrait
from app.matters.search import is_named
from app.papers.testing_page import test_page
from app.people.electronic_id import NotConnected
from app.people.other_cards import other_card
from app.people.sign_in import seen_here, sign_in, supervisor, unlock
from app.sync import outbox as sending
from app.sync.export import export
from contract.case import Case
from contract.person import Clerk
from contract.problem import Problem, Retry
from devices import catalogue as drivers
from devices.idcard import IdentityDocument
from devices.scanner import ScanProfile
from devices.transports.plugged import Thing
from ui.counter import CounterDeeds
from ui.pages.cases.model import CaseDeeds, Credentials
from ui.pages.customer.model import CustomerDeeds
from ui.pages.devices.model import DeviceDeeds, DriverShown, PluggedShown
from ui.pages.intake.deeds import IntakeDeeds
from ui.pages.outbox.model import OutboxDeeds, Supply
from ui.pages.sign_in.model import SignInDeeds
from ui.pages.today.model import TodayDeeds
from ui.widgets.field import Asked
from ui.words import say

PAPER_WAIT = 60.0  # seconds for which an empty feeder is waited for
FORM_DPI = 130  # at which the form is read on the second screen
PHOTOGRAPH_PATIENCE = 20.0  # seconds in which a camera that is tried must give a picture
CARD_PATIENCE = 20.0  # seconds of one wait for a card; then it begins again


def counter_deeds(desk: Desk) -> CounterDeeds:
    return CounterDeeds(
        place=partial(_place, desk),
        now=desk.clock,
        line=lambda: desk.courier.state,
        find_case=lambda number: next((row.case_id for row in desk.store.cases.look_for(number, 1)), ""),
        listen=desk.devices.listen,
        verify_code=lambda code: NotConnected().verify(code, ""),
    )


def _place(desk: Desk) -> str:
    node = desk.catalogue().tree.by_code[desk.node]
    hall = node.hall or desk.catalogue().tree.path_name(desk.node)
    return " · ".join(part for part in (hall, desk.config.window) if part)


def sign_in_deeds(desk: Desk) -> SignInDeeds:
    return SignInDeeds(
        partial(sign_in, desk), partial(unlock, desk), partial(seen_here, desk), partial(lists.today_here, desk)
    )


def today_deeds(desk: Desk) -> TodayDeeds:
    return TodayDeeds(
        today_here=partial(lists.today_here, desk),
        handover=partial(handover, desk),
        print_papers=partial(printing.print_papers, desk),
        today=partial(today, desk),
    )


def intake_deeds(desk: Desk) -> IntakeDeeds:
    """The intake's deeds, bound to a desk."""

    def wait_card(stop: threading.Event) -> IdentityDocument:
        return desk.devices.idcard().wait_for_card(CARD_PATIENCE, stop)

    return IntakeDeeds(
        node=desk.node,
        catalogue=desk.catalogue,
        today=partial(today, desk),
        begin=partial(steps.begin, desk),
        read_card=lambda: desk.devices.idcard().read(),
        wait_card=wait_card,
        card_photo=lambda document: desk.devices.idcard().photo(document),
        read_other=lambda key: other_card(desk.devices.cards().read(key), today(desk)),
        portrait=shown_portrait,
        with_document=partial(steps.with_document, desk),
        with_represented=partial(steps.with_represented, desk),
        with_manual_identity=partial(steps.with_manual_identity, desk),
        with_display_name=partial(steps.with_display_name, desk),
        photograph_document=partial(_one_page, desk),
        confirm_person=partial(steps.confirm_person, desk),
        with_applicant=partial(steps.with_applicant, desk),
        with_phone=partial(steps.with_phone, desk),
        search=partial(steps.search_matters, desk),
        with_matter=partial(steps.with_matter, desk),
        with_route=partial(steps.with_route, desk),
        with_answers=partial(steps.with_answers, desk),
        with_delivery=partial(steps.with_delivery, desk),
        to_step=partial(steps.to_step, desk),
        scan_into=lambda draft, code, source, stop: pages.scan_into(
            desk, draft, code, ScanProfile(source=source), stop, wait=PAPER_WAIT
        ),
        insert_after=lambda draft, code, key, source, stop: pages.scan_into(
            desk, draft, code, ScanProfile(source=source), stop, after=key, wait=PAPER_WAIT
        ),
        scan_backs=lambda draft, code, stop: pages.scan_backs(desk, draft, code, stop, wait=PAPER_WAIT),
        rescan_page=lambda draft, code, key, source: pages.rescan_page(
            desk, draft, code, key, ScanProfile(source=source)
        ),
        open_camera=partial(photograph.open_camera, desk),
        add_photograph=partial(pages.add_photograph, desk),
        straighten_page=partial(pages.straighten_page, desk),
        whole_picture=partial(pages.whole_picture, desk),
        thumbnail=partial(pages.thumbnail, desk),
        preview=partial(pages.preview, desk),
        move_page=partial(pages.move_page, desk),
        rotate_page=partial(pages.rotate_page, desk),
        show_page=partial(pages.show_page, desk),
        verify_original=partial(pages.verify_original, desk),
        returned=partial(pages.returned, desk),
        promise=partial(pages.promise, desk),
        library=partial(pages.library, desk),
        from_library=partial(pages.from_library, desk),
        print_form=partial(printing.print_application_form, desk),
        print_separators=partial(printing.print_separators, desk),
        form_to_sign=partial(_form_to_sign, desk),
        sign_form=partial(signing.sign_form, desk),
        form_is_stale=printing.form_is_stale,
        clashing=partial(clashes.clashing, desk),
        confirm_clash=partial(clashes.confirm_clash, desk),
        take_in=partial(finish.take_in, desk),
        ask_supplement=partial(finish.ask_supplement, desk),
        decline=partial(finish.decline, desk),
        print_papers=partial(printing.print_papers, desk),
        paper_png=partial(printing.paper_png, desk),
        clear_printers=partial(printing.clear_printers, desk),
        stored=partial(steps.get_draft, desk),
        park=partial(steps.park, desk),
        resume=partial(steps.resume, desk),
        take_over=partial(take_over, desk),
        drafts=partial(steps.drafts, desk),
        supplementing=partial(steps.supplementing, desk),
        reopening=partial(steps.reopening, desk),
        same_matter_next=partial(steps.same_matter_next, desk),
        may_be_agent=partial(steps.may_be_agent, desk),
        can_read_other=lambda: desk.devices.has("cards"),
        can_scan=lambda: desk.devices.has("scanner"),
        can_photograph=lambda: desk.devices.has("camera"),
    )


def _form_to_sign(desk: Desk, draft: Draft, clerk: Clerk) -> tuple[Draft, tuple[signing.ToSign, bytes]]:
    draft, form = signing.form_to_sign(desk, draft, clerk)
    return draft, (form, desk.drawer.png(form.pdf, FORM_DPI))


def customer_deeds(desk: Desk) -> CustomerDeeds:
    return CustomerDeeds(
        has_pad=desk.devices.has,
        area=lambda: desk.devices.signature().area(),
        sign=lambda stop: desk.devices.signature().watch(stop),
        ask_rating=lambda stop: desk.devices.rating().watch(stop),
        may_be_rated=partial(rating.may_be_rated, desk),
        rate=partial(rating.rate, desk),
    )


def _one_page(desk: Desk) -> bytes:
    """The next page from the scanner, for a document that cannot be read."""
    with closing(desk.devices.scanner().scan(ScanProfile())) as batch:
        for _, data in batch:
            return data
    raise Problem("scanner.no_paper", Retry.AFTER_FIX)


def case_deeds(desk: Desk, listed: Callable[[str, Clerk], Any]) -> CaseDeeds:
    def stands_by(said: Credentials | None) -> dict[str, Any]:
        """The supervisor beside the clerk, their password checked as at a sign-in."""
        if said is None:
            return {}
        found = supervisor(desk, said.username, said.password, said.code)
        return {"supervisor": found.clerk, "offline": found.offline}

    def void(case_id: str, clerk: Clerk, reason: str, said: Credentials | None) -> Case:
        return acts.void(desk, case_id, clerk, reason, **stands_by(said))

    def correct(case_id: str, clerk: Clerk, reason: str, made: Preview, said: Credentials | None) -> Case:
        words: dict[str, Any] = {"answers": made.answers, "parties": made.parties, "phone": made.phone}
        return acts.correct(desk, case_id, clerk, reason, **words, **stands_by(said))

    def correctable(case_id: str, clerk: Clerk) -> Correctable:
        return lay_out(desk, acts.get_case(desk, case_id), clerk)

    return CaseDeeds(
        listed=listed,
        shown=partial(lists.shown, desk),
        deliver=partial(acts.deliver, desk),
        void=void,
        withdraw=partial(acts.withdraw, desk),
        correctable=correctable,
        correct=correct,
        accept=partial(acts.accept, desk),
        ask_supplement=partial(acts.ask_supplement, desk),
        decline=partial(acts.decline, desk),
        print_papers=partial(printing.print_papers, desk),
    )


def outbox_deeds(desk: Desk, who: Callable[[], Clerk]) -> OutboxDeeds:
    def supply() -> Supply:
        return Supply(sum(pool.left for pool in desk.store.numbers.pools()), desk.catalogue().pack.made_on)

    def redo(case_id: str, given: Mapping[str, Any], name: str, password: str) -> Case:
        if not name:
            return held.redo(desk, case_id, who(), given)
        found = supervisor(desk, name, password)
        return held.redo(desk, case_id, who(), given, found.clerk, offline=found.offline)

    def withdraw(case_id: str, reason: str, name: str, password: str) -> None:
        found = supervisor(desk, name, password)
        held.withdraw(desk, case_id, who(), reason, found.clerk, offline=found.offline)

    return OutboxDeeds(
        outbox=partial(sending.outbox, desk),
        find=lambda text: sending.find(desk, text, is_named),
        retention=partial(sending.retention, desk),
        line=lambda: desk.courier.state,
        supply=supply,
        compare=partial(compare, desk),
        mending=lambda case_id: held.mending(desk, case_id, who()),
        redo=redo,
        resend=partial(sending.resend, desk),
        export=lambda case_id, passphrase, file: export(desk, case_id, passphrase, Path(file).expanduser()),
        export_place=lambda name: str(Path.home() / f"{name}.tbx"),
        withdraw=withdraw,
        retry_now=partial(sending.retry_now, desk),
    )


def device_deeds(desk: Desk, recent: RecentLines | None = None) -> DeviceDeeds:
    """The devices page's deeds, bound to a desk. What is chosen is kept in the station's settings."""

    def available(role: str, language: str) -> tuple[DriverShown, ...]:
        english = language == "en"
        found = []
        for manifest in drivers.drivers(ROLES[role].kind):
            if manifest.driver == "manual":
                continue
            found.append(
                DriverShown(
                    manifest.id,
                    manifest.name_en if english else manifest.name,
                    manifest.grade,
                    drivers.missing(manifest, language),
                    tuple(_asked(option, english) for option in manifest.options),
                    {option.key: str(option.default) for option in manifest.options},
                )
            )
        return tuple(found)

    def plugged(stop: threading.Event, language: str) -> Iterator[tuple[PluggedShown, ...]]:
        for seen in desk.devices.plugged(stop):
            yield tuple(_plugged(one, language) for one in seen)

    def in_use(role: str) -> tuple[str, Mapping[str, Any]]:
        choice = desk.devices.chosen(role)
        return (choice.driver, choice.options) if choice else ("", {})

    def choose(role: str, driver: str, options: Mapping[str, Any]) -> None:
        choice = DeviceChoice(driver=driver, options=dict(options))
        desk.devices.choose(role, choice)
        kept = {key: one for key in ROLES if (one := desk.devices.chosen(key)) is not None}
        write_config(desk.config.model_copy(update={"devices": {**desk.config.devices, **kept}}))

    def diagnose() -> str:
        return str(write_diagnosis(desk, Path.home(), recent, {"Qt": qVersion()}))

    def try_out(role: str) -> str:
        match ROLES[role].kind:
            case "idcard":
                desk.devices.idcard().read()
                return say("读到了一张证件")
            case "scanner":
                return say("扫到了 1 面，{size} kB", size=len(_one_page(desk)) // 1000)
            case "camera":
                _, data = desk.devices.camera().photograph(PHOTOGRAPH_PATIENCE)
                return say("拍到了一张，{size} kB", size=len(data) // 1000)
            case "cards":
                desk.devices.cards().read()
                return say("读到了一张卡")
            case "printer":
                report = test_page(desk.devices.printer(role))
                return say("测试页已打印") if report.outcome.value == "done" else say("请看一下测试页是否打出")
            case "codes":
                desk.devices.state(role).raise_problem()
                return say("扫码枪已接通，请扫一个受理号")
            case _:
                desk.devices.state(role).raise_problem()
                return say("已接通")

    return DeviceDeeds(
        states=desk.devices.states,
        versions=desk.devices.versions,
        plugged=plugged,
        drivers=available,
        chosen=in_use,
        choose=choose,
        try_out=try_out,
        diagnose=diagnose,
    )


def _asked(option: drivers.Option, english: bool) -> Asked:
    label = option.label_en if english else option.label
    match option.kind:
        case "choice":
            words = {value: told[1 if english else 0] for value, told in option.choices.items()}
            return Asked(option.key, label, "choice", choices=tuple(words.items()))
        case "bool":
            return Asked(option.key, label, "choice", choices=(("True", say("是")), ("False", say("否"))))
        case _:
            return Asked(option.key, label, "secret" if option.secret else "text")


def _plugged(thing: Thing, language: str) -> PluggedShown:
    """A plugged thing with the first driver that names it as its own, and the role it would serve."""
    where = " · ".join(part for part in (thing.port, thing.usb_id and f"USB {thing.usb_id}") if part)
    for manifest in drivers.fitting(thing.usb_id):
        role = next((role.key for role in ROLES.values() if role.kind == manifest.kind), "")
        keys = {option.key for option in manifest.options}
        values = {key: value for key, value in (("port", thing.port), ("device", thing.usb_id)) if key in keys}
        name = manifest.name_en if language == "en" else manifest.name
        return PluggedShown(thing.place, thing.name, where, role, manifest.id, name, values)
    return PluggedShown(thing.place, thing.name, where)
