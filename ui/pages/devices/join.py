"""The device page's view and its model know nothing of each other; this brings them together."""

from __future__ import annotations

from ui.pages.devices.model import DevicesModel
from ui.pages.devices.view import DevicesView


def join_devices(view: DevicesView, model: DevicesModel) -> None:
    model.changed.connect(view.render_state)
    view.role_wanted.connect(model.open)
    view.check_wanted.connect(model.refresh)
    view.try_wanted.connect(model.try_out)
    view.driver_wanted.connect(model.look_at_driver)
    view.choose_wanted.connect(model.choose)
    view.tried_read.connect(model.tried_read)
    view.plugged_wanted.connect(model.open_plugged)
    view.diagnose_wanted.connect(model.diagnose)
    view.render_state(model.state)
