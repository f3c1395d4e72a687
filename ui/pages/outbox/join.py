"""The outbox's view and its model know nothing of each other; this brings them together."""

from __future__ import annotations

from ui.pages.outbox.model import OutboxModel
from ui.pages.outbox.view import OutboxView


def join_outbox(view: OutboxView, model: OutboxModel) -> None:
    model.changed.connect(view.render_state)
    view.search_wanted.connect(model.search)
    view.case_wanted.connect(model.open)
    view.retry_wanted.connect(model.retry)
    view.act_wanted.connect(model.act)
    view.compare_closed.connect(model.close_comparison)
    view.act_given.connect(model.give)
    view.act_dropped.connect(model.drop)
    view.banner_read.connect(model.banner_read)
    view.render_state(model.state)
