"""A held case in one encrypted file, for whoever must look into it without this station: both versions, the acts with
their problems, the pages. It is read by a person (`tongban outbox open`), never sent: that is what a parcel is for."""

from __future__ import annotations

import io
import json
import os
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.desk import Desk
from app.store.sealing import sealed, unsealed
from app.sync.versions import Versions, versions
from contract.case import Case
from contract.problem import Problem, Retry

FORMAT = "tongban-held/1"
CASE = "case.json"
LARGEST = 1 << 30  # bytes of a file that is opened, and of what is in it
NAME = re.compile(r"case\.json|pages/[0-9A-Za-z_-]{1,60}\.[a-z]{3}")
ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/tiff": "tif", "application/pdf": "pdf"}


@dataclass(frozen=True)
class Exported:
    """What is in the file. `lacking` counts pages that are not on this station, or cannot be read any more."""

    file: Path
    pages: int
    lacking: int


def export(desk: Desk, case_id: str, passphrase: str, file: Path) -> Exported:
    """Write a case of the outbox into a new file that only the passphrase opens. Nothing is changed by it.

    Raises:
        Problem: ``export.passphrase_short``; ``export.file_exists``, ``export.not_written``; ``held.gone``.
    """
    if file.exists():
        raise Problem("export.file_exists", Retry.AFTER_FIX)
    found = versions(desk.store, case_id)
    packed, pages, lacking = _packed(desk, found)
    _write(file, sealed(packed, passphrase))
    return Exported(file, pages, lacking)


def open_exported(file: Path, passphrase: str, folder: Path) -> Exported:
    """Unpack such a file into a new folder that only this user reads.

    Raises:
        Problem: ``export.not_read``, ``export.not_ours``, ``export.passphrase_wrong``; ``export.file_exists`` where the
            folder is there already, ``export.not_written``.
    """
    try:
        if file.stat().st_size > LARGEST:
            raise Problem("export.not_ours", Retry.NEVER)
        data = file.read_bytes()
    except OSError:
        raise Problem("export.not_read", Retry.AFTER_FIX) from None
    try:
        packed = zipfile.ZipFile(io.BytesIO(unsealed(data, passphrase)))
        entries = packed.infolist()
        if sum(entry.file_size for entry in entries) > LARGEST or not all(NAME.fullmatch(e.filename) for e in entries):
            raise Problem("export.not_ours", Retry.NEVER)
        said = json.loads(packed.read(CASE))
    except (zipfile.BadZipFile, KeyError, ValueError):
        raise Problem("export.not_ours", Retry.NEVER) from None
    try:
        folder.mkdir(mode=0o700, parents=True)
        (folder / "pages").mkdir(mode=0o700)
        for entry in entries:
            (folder / entry.filename).write_bytes(packed.read(entry))
    except FileExistsError:
        raise Problem("export.file_exists", Retry.AFTER_FIX) from None
    except OSError:
        raise Problem("export.not_written", Retry.AFTER_FIX) from None
    lacking = sum(not page["file"] for page in said["pages"])
    return Exported(folder, len(said["pages"]) - lacking, lacking)


def _packed(desk: Desk, found: Versions) -> tuple[bytes, int, int]:
    out = io.BytesIO()
    listed, lacking = [], 0
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as packed:
        for number, (slot, digest, media_type) in enumerate(_pages(found.ours, found.theirs), start=1):
            name = f"pages/{number:03}-{slot}.{ENDINGS.get(media_type, 'bin')}"
            try:
                packed.writestr(name, desk.store.pages.get(digest))
            except Problem as problem:
                if not problem.code.startswith("store.page_"):
                    raise
                name = ""
            lacking += not name
            listed.append({"file": name, "digest": digest, "material": slot, "media_type": media_type})
        said = _said(desk, found) | {"pages": listed}
        packed.writestr(CASE, json.dumps(said, ensure_ascii=False, indent=2).encode())
    return out.getvalue(), len(listed) - lacking, lacking


def _pages(*cases: Case | None) -> list[tuple[str, str, str]]:
    """Each page of both versions once: the slot's code, the digest, the media type."""
    found: dict[str, tuple[str, str, str]] = {}
    for case in cases:
        for material in case.materials if case else ():
            for page in material.pages:
                found.setdefault(page.digest, (material.code, page.digest, page.media_type))
        for digest in case.identity.pages if case and case.identity else ():
            found.setdefault(digest, ("identity", digest, "image/jpeg"))
    return list(found.values())


def _said(desk: Desk, found: Versions) -> dict[str, Any]:
    known = found.ours or found.theirs
    return {
        "format": FORMAT,
        "case_id": found.case_id,
        "number": known.number if known else "",
        "exported_at": desk.clock().isoformat(),
        "station": desk.store.station.get().id,
        "problem": found.problem.to_wire() if found.problem else None,
        "ours": found.ours.model_dump(mode="json") if found.ours else None,
        "theirs": found.theirs.model_dump(mode="json") if found.theirs else None,
        "held": [
            {
                "action": deed.action.model_dump(mode="json"),
                "standing": deed.standing,
                "problem": deed.problem.to_wire() if deed.problem else None,
                "given_up": deed.given_up.model_dump(mode="json") if deed.given_up else None,
            }
            for deed in found.deeds
        ],
        "server_actions": [a.model_dump(mode="json") for a in desk.store.cases.server_actions(found.case_id)],
        "papers": [
            {"kind": paper.kind, "number": paper.number, "outcome": paper.outcome, "at": paper.at.isoformat()}
            for paper in desk.store.papers.of_case(found.case_id)
        ],
    }


def _write(file: Path, data: bytes) -> None:
    """All of it or nothing, readable by this user only."""
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        part.rename(file)
    except OSError:
        part.unlink(missing_ok=True)
        raise Problem("export.not_written", Retry.AFTER_FIX) from None
