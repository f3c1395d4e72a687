"""The tray: what was built at start. No methods, so that nobody builds a second application inside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from contract.case import CHINA, Author
from contract.person import Clerk, Role

if TYPE_CHECKING:
    from app.config import Config
    from app.devices_here import DevicesHere
    from app.materials.thumbnails import FreshThumbnails
    from app.matters.catalogue import Catalogue
    from app.papers import Drawer
    from app.store import Store
    from app.sync.courier import Courier


@dataclass(frozen=True)
class Desk:
    """One station's parts.

    Attributes:
        node: Code of the node that the station belongs to.
        clock: The station's clock, aware, UTC.
        catalogue: The matters of the newest pack; built once per pack.
        thumbnails: Those of the pages that came in last.
    """

    config: Config
    store: Store
    node: str
    clock: Callable[[], datetime]
    catalogue: Callable[[], Catalogue]
    devices: DevicesHere
    drawer: Drawer
    courier: Courier
    thumbnails: FreshThumbnails


def server_now(desk: Desk) -> datetime:
    """The time by the server's clock, as far as the station knows it."""
    offset = desk.store.offset.ms()
    return desk.clock() + timedelta(milliseconds=offset or 0)


def today(desk: Desk) -> date:
    """The working day that it is in the hall, by the server's clock."""
    return server_now(desk).astimezone(CHINA).date()


def author_of(desk: Desk, clerk: Clerk) -> Author:
    """The clerk as the author of an act at this node; a supervisor acts as one."""
    role = Role.SUPERVISOR if Role.SUPERVISOR in clerk.roles else Role.CLERK
    return Author(id=clerk.id, name=clerk.name, role=role, node=desk.node)
