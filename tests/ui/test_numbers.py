"""How many case numbers are left is seen at the window before they are gone (sync.md 4)."""

from __future__ import annotations

from app.desk import Desk
from app.store.numbers import FEW
from tests.ui.conftest import sign_in
from ui.hands import Hands
from ui.shells.counter import CounterWindow, LightShown


def lights(window: CounterWindow) -> list[LightShown]:
    return [light for light in window._state.lights if light.name == "号段"]


def test_the_top_bar_the_outbox_and_the_day_say_when_numbers_run_low_and_out(
    window: CounterWindow, hands: Hands, desk: Desk
) -> None:
    models = window.counter.models

    def supply() -> tuple[str, ...]:
        return next((row for row in models.today.state.supply if row[0] == "受理号还剩"), ("",))

    sign_in(window, hands)
    hands.wait(lambda: window._state.lights, "the devices' lights")
    assert not lights(window)

    (pool,) = desk.store.numbers.pools()
    for _ in range(pool.left - FEW + 1):
        desk.store.numbers.take(pool.county)
    window.counter._ask_line()
    hands.wait(lambda: lights(window) == [LightShown("号段", f"剩 {FEW - 1}", "warn")], "the warning")
    models.outbox.refresh()
    hands.wait(lambda: "号段不多" in models.outbox.state.summary, "the outbox to say so")
    models.today.refresh()
    hands.wait(lambda: supply()[1:] == (f"{FEW - 1} 个", "warn"), "the day to say so")

    desk.store.numbers.give_up()
    window.counter._ask_line()
    hands.wait(lambda: lights(window) == [LightShown("号段", "用完", "bad")], "the alarm")
    models.outbox.refresh()
    hands.wait(lambda: "号段用完" in models.outbox.state.summary, "the outbox to say so")
