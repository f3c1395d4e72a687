"""The cases' view and its model know nothing of each other; this brings them together."""

from __future__ import annotations

from ui.pages.cases.model import CasesModel
from ui.pages.cases.view import CasesView


def join_cases(view: CasesView, model: CasesModel) -> None:
    model.changed.connect(view.render_state)
    view.search_wanted.connect(model.search)
    view.case_wanted.connect(model.open)
    view.act_wanted.connect(model.act)
    view.act_typed.connect(model.type_answer)
    view.act_given.connect(model.give)
    view.act_dropped.connect(model.drop)
    view.items_given.connect(model.give_items)
    view.until_given.connect(model.give_until)
    view.supplement_given.connect(model.ask_supplement)
    view.decline_typed.connect(model.type_decline)
    view.decline_given.connect(model.decline)
    view.corrected.connect(model.answer)
    view.field_left.connect(model.leave)
    view.banner_read.connect(model.banner_read)
    view.render_state(model.state)
