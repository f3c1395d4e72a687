"""The base of everything that crosses the wire, and its one canonical spelling."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import BaseModel, ConfigDict


class Wire(BaseModel):
    """A frozen value that crosses the wire. Unknown fields are refused, so that a typo is never silently lost."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def canonical(value: BaseModel | dict[str, Any]) -> str:
    """The one spelling that is signed and digested: sorted keys, no white space, UTF-8, no NaN."""
    plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256(data: bytes | str) -> str:
    """Lower-case hex SHA-256 of plain bytes: what "digest" means everywhere in this project."""
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()
