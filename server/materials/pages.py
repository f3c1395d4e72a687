"""Pages at rest: stored once per digest, read only through a case that holds them."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress

from django.db import transaction
from django.db.models import ProtectedError

from contract.problem import Problem, Retry
from contract.wire import sha256
from server.materials.blobs import get_store, new_name
from server.materials.models import Blob, CasePage, WorkingCopy
from server.materials.sealing import new_key, seal, unseal, unwrap

TOGETHER, TOGETHER_BYTES = 32, 16 << 20  # pages, and bytes of them, that are stored at one time
SHOWN = {"image/jpeg", "image/png", "image/tiff", "application/pdf", "image/bmp"}
MAGIC = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n", "image/png"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"%PDF-", "application/pdf"),
    (b"BM", "image/bmp"),
)


def store_page(case_id: str, digest: str, data: bytes) -> None:
    """Keep a page for a case. The caller has the bytes, so a digest that is here already gives nothing away."""
    store_pages(case_id, [(digest, data)])


def store_pages(case_id: str, pages: Iterable[tuple[str, bytes]]) -> None:
    """Keep pages for a case, some at a time: what is stored together is synced and written down together."""
    group: dict[str, bytes] = {}
    size = 0
    for digest, data in pages:
        group[digest] = data
        size += len(data)
        if len(group) >= TOGETHER or size >= TOGETHER_BYTES:
            _keep_blobs(group, case_id)
            group, size = {}, 0
    _keep_blobs(group, case_id)


def _keep_blobs(group: Mapping[str, bytes], case_id: str = "") -> None:
    known = frozenset(Blob.objects.filter(digest__in=group).values_list("digest", flat=True))
    _write(case_id, group, known)


def _write(case_id: str, group: Mapping[str, bytes], known: frozenset[str]) -> None:
    """The bytes of what is not known yet, then the rows of all; without a case they are nobody's page yet."""
    shelf, objects, blobs = secrets.token_hex(1), [], []
    for digest, data in group.items():
        if digest not in known:
            key, wrapped = new_key(digest)
            name = new_name("pages", shelf)
            objects.append((name, seal(key, data, digest)))
            blobs.append(Blob(digest=digest, name=name, size=len(data), key=wrapped))
    if objects:
        get_store().put_all(objects)
    with transaction.atomic():
        Blob.objects.bulk_create(blobs, ignore_conflicts=True)
        CasePage.objects.bulk_create(
            [CasePage(case_id=case_id, blob_id=digest) for digest in group if case_id], ignore_conflicts=True
        )
    kept = set(Blob.objects.filter(digest__in=group).values_list("name", flat=True))
    for name, _ in objects:
        if name not in kept:  # the same page came by another connection meanwhile
            get_store().delete(name)


def read_page(case_id: str, digest: str) -> bytes:
    """The bytes of a page of a case.

    Raises:
        Problem: ``page.not_found``, ``blob.missing``, ``blob.damaged``.
    """
    held = CasePage.objects.select_related("blob").filter(case_id=case_id, blob_id=digest).first()
    if held is None:
        raise Problem("page.not_found", Retry.AFTER_FIX)
    blob = held.blob
    data = unseal(unwrap(blob.key, digest), get_store().get(blob.name), digest)
    if sha256(data) != digest:
        raise Problem("blob.damaged", Retry.AFTER_FIX)
    return data


def store_copy(case_id: str, stands_for: str, digest: str, data: bytes) -> None:
    """Keep a working copy (工作副本) of a page that is still wanted; where the page has come meanwhile, drop it."""
    _keep_blobs({digest: data})
    with transaction.atomic():
        WorkingCopy.objects.update_or_create(case_id=case_id, stands_for=stands_for, defaults={"blob_id": digest})
    drop_copies(case_id)


def find_copy(case_id: str, stands_for: str) -> bytes | None:
    """The working copy that stands for a page."""
    copy = WorkingCopy.objects.select_related("blob").filter(case_id=case_id, stands_for=stands_for).first()
    if copy is None:
        return None
    blob = copy.blob
    return unseal(unwrap(blob.key, blob.digest), get_store().get(blob.name), blob.digest)


def copied_pages(case_ids: Iterable[str]) -> dict[str, frozenset[str]]:
    """By case, the digests of the pages for which a working copy stands."""
    found = {case_id: frozenset[str]() for case_id in case_ids}
    for case_id, page in WorkingCopy.objects.filter(case_id__in=found).values_list("case_id", "stands_for"):
        found[case_id] |= {page}
    return found


def drop_copies(case_id: str) -> None:
    """Throw away the working copies of pages that have come."""
    held = CasePage.objects.filter(case_id=case_id).values("blob_id")
    over = WorkingCopy.objects.filter(case_id=case_id, stands_for__in=held)
    digests = set(over.values_list("blob_id", flat=True))
    if not digests:
        return
    over.delete()
    for blob in Blob.objects.filter(digest__in=digests, casepage=None, workingcopy=None):
        with suppress(ProtectedError):  # somebody has just brought the same bytes as a page
            blob.delete()
            get_store().delete(blob.name)


def held_pages(case_id: str) -> frozenset[str]:
    """The digests of the pages that are here for a case."""
    return frozenset(CasePage.objects.filter(case_id=case_id).values_list("blob_id", flat=True))


def lend_pages(case_id: str, digests: frozenset[str], to_case: str) -> None:
    """Give a case the pages that another one holds; who may ask for that is the caller's to know."""
    lent = held_pages(case_id) & digests
    CasePage.objects.bulk_create(
        [CasePage(case_id=to_case, blob_id=digest) for digest in sorted(lent)], ignore_conflicts=True
    )


def media_type_of(data: bytes) -> str:
    """What a page is, from its first bytes: what the sender called it is not believed."""
    return next((kind for magic, kind in MAGIC if data.startswith(magic)), "application/octet-stream")
