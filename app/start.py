"""Opening the desk: everything is built once, in the order in which it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from app.clock import wall_clock
from app.config import Config, read_config, write_config
from app.desk import Desk
from app.devices_here import DevicesHere
from app.materials.copies import working_copy
from app.materials.thumbnails import FreshThumbnails
from app.matters.catalogue import Catalogue
from app.papers import Drawer
from app.store import Store
from app.store.keys import is_the_key, keep_key, station_key
from app.store.recovery import unwrapped
from app.store.store import DATABASE
from app.sync.courier import Courier
from app.sync.enrol import join
from app.sync.line import Line
from app.sync.pace import Bounds
from app.sync.packs import fetch_pack
from contract.problem import Problem, Retry


def open_desk(config: Config, clock: Callable[[], datetime] = wall_clock) -> Desk:
    """Build the desk of an enrolled station. Nothing is started: the courier is the caller's to start.

    Raises:
        Problem: the store's and the key's (``store.…``); ``station.not_joined``.
    """
    store = open_store(config, clock)
    try:
        catalogue = _catalogue_of(store)
        if store.packs.find() is not None:
            catalogue().refresh()
        store.on_change(lambda changes: _make_findable(catalogue) if changes.pack else None)
        devices = DevicesHere(config.devices, clock)
        return Desk(
            config=config,
            store=store,
            node=store.station.get().node,
            clock=clock,
            catalogue=catalogue,
            devices=devices,
            drawer=Drawer(),
            courier=Courier(
                store,
                _line(config, store, clock),
                clock,
                bounds=bounds_of(config),
                shrink=working_copy,
                report=devices.report,
            ),
            thumbnails=FreshThumbnails(),
        )
    except BaseException:
        store.close()
        raise


def bounds_of(config: Config) -> Bounds:
    """What the station's office allows pages to take of its line."""
    return Bounds(bytes_per_second=config.upload_kbit * 1000 // 8, bulk_hours=config.bulk_hours)


def close_desk(desk: Desk) -> None:
    """End everything that was started, in the opposite order."""
    desk.courier.stop()
    desk.courier.line.close()
    desk.devices.close()
    desk.drawer.close()
    desk.store.close()


@contextmanager
def closing_desk(config: Config) -> Iterator[Desk]:
    """A desk for one command."""
    desk = open_desk(config)
    try:
        yield desk
    finally:
        close_desk(desk)


def join_station(
    folder: Path, server_url: str, code: str, *, window: str = "", training: bool = False
) -> dict[str, Any]:
    """Join this station to a server with a one-time code: key, pack and first numbers (U11).

    A station that has joined keeps its settings, whatever is given here. Where its pack was cut off on the way, the
    rest is fetched.

    Raises:
        Problem: ``station.joined_already``; the server's (``enrol.…``), the line's, the key store's.
    """
    try:
        config = read_config(folder)
    except Problem as problem:
        if problem.code != "config.absent":
            raise
        config = Config(folder=folder)
    given = {"server_url": server_url, "window": window or config.window, "training": training}
    config = config.model_copy(update=given)
    store = open_store(config)
    try:
        if store.station.find() is None:
            write_config(config)  # first: a station that has joined is never without its settings
            _with_line(config, store, lambda line: join(store, line, code))
        elif store.packs.find() is None:
            _with_line(config, store, lambda line: fetch_pack(store, line, patience=None))
            write_config(config)
        else:
            raise Problem("station.joined_already", Retry.NEVER)
        station = store.station.get()
        Catalogue(store.packs.get(), store.shelf).refresh()
    finally:
        store.close()
    if not config.window:
        write_config(config.model_copy(update={"window": station.name}))
    return {"station": station.id, "node": station.node, "name": station.name}


def _with_line(config: Config, store: Store, talk: Callable[[Line], object]) -> None:
    line = _line(config, store, wall_clock)
    try:
        talk(line)
    finally:
        line.close()


def open_store(config: Config, clock: Callable[[], datetime] = wall_clock) -> Store:
    """The station's store with the key that this machine keeps.

    Raises:
        Problem: the store's and the key's (``store.…``); ``store.foreign`` where the key is this station's and the
            database is another's, or damaged at its head.
    """
    key = station_key(config.folder, training=config.training)
    try:
        return Store.open(config.folder, key, clock=clock)
    except Problem as problem:
        if problem.code == "store.key_wrong" and is_the_key(config.folder, key):
            raise Problem("store.foreign", Retry.AFTER_FIX) from None
        raise


def recover_station(folder: Path, recovery_key: Path) -> dict[str, Any]:
    """Open a dead PC's store (a copy of its folder) with the city's recovery key, and let this machine keep its key:
    from then on it opens here, and what was never sent can be sent or exported. Its numbers are given up.

    Raises:
        Problem: the recovery's (``store.no_recovery``, ``store.recovery_…``), ``store.lost``, ``store.absent``,
            ``store.key_wrong``, ``store.damaged``; ``sync.locked`` where a program is at work on it;
            ``config.absent``; the key store's.
    """
    config = read_config(folder)
    try:
        private = recovery_key.read_bytes()
    except OSError:
        raise Problem("store.recovery_key_unreadable", Retry.AFTER_FIX) from None
    key = unwrapped(folder, private)
    if not (folder / DATABASE).exists():
        raise Problem("store.absent", Retry.AFTER_FIX)
    with Store.open(folder, key) as store, store.sync_lock("recovery"):
        store.numbers.give_up()
        cases, held = store.outbox.counts()
        station = store.station.get()
    keeper = keep_key(folder, key, training=config.training)
    return {"station": station.id, "node": station.node, "cases": cases, "held": held, "keeper": keeper}


def _line(config: Config, store: Store, clock: Callable[[], datetime]) -> Line:
    return Line(config.server_url, store.station, clock=clock, verify=config.certificate or True)


def _catalogue_of(store: Store) -> Callable[[], Catalogue]:
    """The catalogue of the newest pack, built again only when the pack changes."""
    built: list[Catalogue] = []

    def catalogue() -> Catalogue:
        pack = store.packs.get()
        if not built or built[0].pack.version != pack.version:
            built[:] = [Catalogue(pack, store.shelf)]
        return built[0]

    return catalogue


def _make_findable(catalogue: Callable[[], Catalogue]) -> None:
    """What a new pack brought goes into the index, on the thread that fetched it."""
    catalogue().refresh()
