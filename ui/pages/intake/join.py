"""Which want of the intake's views is which deed of its models."""

from __future__ import annotations

from ui.pages.intake.camera import CameraView
from ui.pages.intake.form import FormView
from ui.pages.intake.identity import IdentityView
from ui.pages.intake.materials import MaterialsView
from ui.pages.intake.matter import MatterView
from ui.pages.intake.model import IntakeModel
from ui.pages.intake.receipt import ReceiptView
from ui.pages.intake.review import ReviewView
from ui.pages.intake.view import IntakeView


def join_intake(view: IntakeView, intake: IntakeModel) -> None:
    """Connect the two, both ways."""
    intake.changed.connect(view.render_state)
    view.step_wanted.connect(intake.to_step)
    view.main_wanted.connect(intake.review.take_in)
    view.supplement_wanted.connect(intake.write_supplement)
    view.promise_wanted.connect(intake.materials.toggle_promise)
    view.decline_wanted.connect(intake.write_decline)
    view.park_wanted.connect(intake.park)
    view.panel.clash_seen.connect(intake.assessment.confirm_clash)
    view.banner_read.connect(intake.banner_read)
    _identity(view.identity, intake)
    _matter(view.matter, intake)
    _form(view.form, intake)
    _materials(view.materials, intake)
    _camera(view.materials.camera, intake)
    _review(view.review, intake)
    _receipt(view.receipt, intake)
    view.render_state(intake.state)


def _identity(view: IdentityView, intake: IntakeModel) -> None:
    model = intake.identity
    view.read_wanted.connect(model.read_card)
    view.manual_wanted.connect(model.open_manual)
    view.manual_typed.connect(model.type_manual)
    view.manual_given.connect(model.give_manual)
    view.other_wanted.connect(model.open_other)
    view.other_typed.connect(model.type_other)
    view.other_given.connect(model.give_other)
    view.page_wanted.connect(model.photograph_document)
    view.confirm_wanted.connect(model.confirm_person)
    view.display_name_given.connect(model.give_display_name)
    view.behalf_wanted.connect(model.applicant.choose)
    view.applicant_given.connect(model.applicant.give)
    view.phone_given.connect(model.applicant.give_phone)
    view.resume_wanted.connect(intake.resume)
    view.next_wanted.connect(intake.next)


def _matter(view: MatterView, intake: IntakeModel) -> None:
    model = intake.matter
    view.search_wanted.connect(model.search)
    view.looked_at.connect(model.look_at)
    view.chosen.connect(model.choose)
    view.route_wanted.connect(model.choose_route)
    view.next_wanted.connect(intake.next)
    view.back_wanted.connect(intake.back)


def _form(view: FormView, intake: IntakeModel) -> None:
    view.answered.connect(intake.form.answer)
    view.left.connect(intake.form.left)
    view.next_wanted.connect(intake.next)
    view.back_wanted.connect(intake.back)


def _materials(view: MaterialsView, intake: IntakeModel) -> None:
    model = intake.materials
    view.material_looked_at.connect(model.look_at)
    view.page_looked_at.connect(model.look_at_page)
    view.preview_width.connect(model.pictures.set_width)
    view.scan_wanted.connect(model.scanner.scan)
    view.feed_wanted.connect(model.scanner.next_feed)
    view.backs_wanted.connect(model.scanner.scan_backs)
    view.insert_wanted.connect(model.scanner.insert_after)
    view.rescan_wanted.connect(model.scanner.rescan)
    view.stop_wanted.connect(model.scanner.stop)
    view.photograph_wanted.connect(model.open_camera)
    view.rotate_wanted.connect(model.rotate)
    view.blanks_wanted.connect(model.toggle_hidden)
    view.verify_wanted.connect(model.toggle_verified)
    view.return_wanted.connect(model.toggle_returned)
    view.print_form_wanted.connect(model.signing.print_form)
    view.print_separators_wanted.connect(model.signing.print_separators)
    view.sign_form_wanted.connect(model.signing.sign_form)
    view.library_wanted.connect(model.toggle_library)
    view.library_chosen.connect(model.take_from_library)
    view.page_moved.connect(model.move_page)
    view.cut_wanted.connect(model.cut)
    view.paste_wanted.connect(model.paste)
    view.straighten_wanted.connect(model.begin_straightening)
    view.straighten.given.connect(model.straighten)
    view.straighten.whole_wanted.connect(lambda: model.straighten(None))
    view.straighten.dropped.connect(model.end_straightening)
    view.next_wanted.connect(intake.next)
    view.back_wanted.connect(intake.back)


def _camera(view: CameraView, intake: IntakeModel) -> None:
    model = intake.materials.camera
    model.changed.connect(view.render_state)
    view.take_wanted.connect(model.take)
    view.auto_wanted.connect(model.toggle_auto)
    view.learn_wanted.connect(model.learn)
    view.open_wanted.connect(intake.materials.open_camera)
    view.close_wanted.connect(model.close)
    view.render_state(model.state)


def _review(view: ReviewView, intake: IntakeModel) -> None:
    model = intake.review
    view.step_wanted.connect(intake.to_step)
    view.delivery_given.connect(model.give_delivery)
    view.items_given.connect(model.give_items)
    view.until_given.connect(model.give_until)
    view.supplement_given.connect(model.supplement)
    view.decline_typed.connect(model.type_decline)
    view.decline_given.connect(model.decline)
    view.writing_ended.connect(model.end_writing)
    view.back_wanted.connect(intake.back)


def _receipt(view: ReceiptView, intake: IntakeModel) -> None:
    model = intake.receipt
    view.paper_looked_at.connect(model.look_at_paper)
    view.reprint_wanted.connect(model.reprint)
    view.agent_wanted.connect(model.call_agent)
    view.next_person_wanted.connect(intake.fresh)
    view.same_matter_wanted.connect(intake.same_matter)
