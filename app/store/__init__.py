"""The station's store: one encrypted folder. SQL, the database's key and the station's private key live only here."""

from app.store.rows import (
    CaseRow,
    Changes,
    Deed,
    Draft,
    GivenUp,
    Heard,
    OutboxRow,
    Outgoing,
    Paper,
    SettledPages,
    Standing,
    Station,
    Upload,
    UploadPart,
    Verifier,
)
from app.store.store import Store

__all__ = [
    "CaseRow",
    "Changes",
    "Deed",
    "Draft",
    "GivenUp",
    "Heard",
    "OutboxRow",
    "Outgoing",
    "Paper",
    "SettledPages",
    "Standing",
    "Station",
    "Store",
    "Upload",
    "UploadPart",
    "Verifier",
]
