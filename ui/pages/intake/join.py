"""Which want of the intake's views is which deed of its model."""

from __future__ import annotations

from ui.pages.intake.model import IntakeModel
from ui.pages.intake.view import IntakeView


def join(view: IntakeView, model: IntakeModel) -> None:
    """Connect the two, both ways."""
    model.changed.connect(view.render_state)
    view.step_wanted.connect(model.to_step)
    view.main_wanted.connect(model.main)
    view.supplement_wanted.connect(model.write_supplement)
    view.promise_wanted.connect(model.toggle_promise)
    view.decline_wanted.connect(model.write_decline)
    view.park_wanted.connect(model.park)
    view.panel.clash_seen.connect(model.confirm_clash)
    view.banner_read.connect(model.banner_read)

    identity = view.identity
    identity.read_wanted.connect(model.read_card)
    identity.manual_wanted.connect(model.open_manual)
    identity.manual_typed.connect(model.type_manual)
    identity.manual_given.connect(model.give_manual)
    identity.other_wanted.connect(model.open_other)
    identity.other_typed.connect(model.type_other)
    identity.other_given.connect(model.give_other)
    identity.page_wanted.connect(model.photograph_document)
    identity.confirm_wanted.connect(model.confirm_person)
    identity.behalf_wanted.connect(model.choose_behalf)
    identity.applicant_given.connect(model.give_applicant)
    identity.phone_given.connect(model.give_phone)
    identity.display_name_given.connect(model.give_display_name)
    identity.resume_wanted.connect(model.resume)
    identity.next_wanted.connect(model.next)

    matter = view.matter
    matter.search_wanted.connect(model.search)
    matter.looked_at.connect(model.look_at_matter)
    matter.chosen.connect(model.choose_matter)
    matter.route_wanted.connect(model.choose_route)
    matter.next_wanted.connect(model.next)
    matter.back_wanted.connect(model.back)

    form = view.form
    form.answered.connect(model.answer)
    form.left.connect(model.left)
    form.next_wanted.connect(model.next)
    form.back_wanted.connect(model.back)

    materials = view.materials
    materials.material_looked_at.connect(model.look_at_material)
    materials.page_looked_at.connect(model.look_at_page)
    materials.scan_wanted.connect(model.scan)
    materials.feed_wanted.connect(model.next_feed)
    materials.backs_wanted.connect(model.scan_backs)
    materials.insert_wanted.connect(model.insert_after)
    materials.photograph_wanted.connect(model.open_camera)
    materials.rescan_wanted.connect(model.rescan)
    materials.stop_wanted.connect(model.stop)
    materials.rotate_wanted.connect(model.rotate)
    materials.blanks_wanted.connect(model.toggle_hidden)
    materials.verify_wanted.connect(model.toggle_verified)
    materials.return_wanted.connect(model.toggle_returned)
    materials.print_form_wanted.connect(model.print_form)
    materials.print_separators_wanted.connect(model.print_separators)
    materials.sign_form_wanted.connect(model.sign_form)
    materials.library_wanted.connect(model.toggle_library)
    materials.library_chosen.connect(model.take_from_library)
    materials.page_moved.connect(lambda code, page, to, index: model.move_page(code, page, to, index))
    materials.cut_wanted.connect(model.cut)
    materials.paste_wanted.connect(model.paste)
    materials.preview_width.connect(model.preview_width)
    materials.straighten_wanted.connect(model.begin_straightening)
    materials.straighten.given.connect(model.straighten)
    materials.straighten.whole_wanted.connect(lambda: model.straighten(None))
    materials.straighten.dropped.connect(model.end_straightening)
    materials.next_wanted.connect(model.next)
    materials.back_wanted.connect(model.back)

    camera = materials.camera
    model.camera.changed.connect(camera.render_state)
    camera.take_wanted.connect(model.camera.take)
    camera.auto_wanted.connect(model.camera.toggle_auto)
    camera.learn_wanted.connect(model.camera.learn)
    camera.open_wanted.connect(model.open_camera)
    camera.close_wanted.connect(model.camera.close)
    camera.render_state(model.camera.state)

    review = view.review
    review.step_wanted.connect(model.to_step)
    review.delivery_given.connect(model.give_delivery)
    review.items_given.connect(model.give_items)
    review.until_given.connect(model.give_until)
    review.supplement_given.connect(model.supplement)
    review.decline_typed.connect(model.type_decline)
    review.decline_given.connect(model.decline)
    review.writing_ended.connect(model.end_writing)
    review.back_wanted.connect(model.back)

    receipt = view.receipt
    receipt.paper_looked_at.connect(model.look_at_paper)
    receipt.reprint_wanted.connect(model.reprint)
    receipt.next_person_wanted.connect(model.fresh)
    receipt.agent_wanted.connect(model.call_agent)
    receipt.same_matter_wanted.connect(model.same_matter)
    view.render_state(model.state)
