"""The store's key: kept by the machine, never by a person.

A production station asks, in this order: what systemd handed to the service (`LoadCredentialEncrypted=`), the TPM2,
systemd-creds (root) or DPAPI (Windows), the keyring of the signed-in user. None of them: it refuses to start. A
training station keeps its key in a file only its user reads.

Which keeper was used stands in a small file beside the store, with a digest by which the right key is known: a key that
is gone is never mistaken for a station that is new, nor a changed one for a damaged database.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from pathlib import Path

from app.store.database import KEY_BYTES
from app.store.keepers import (
    Dpapi,
    HandedCredential,
    Keeper,
    KeyFile,
    Keyring,
    SystemdCreds,
    Tpm2,
    write_private,
)
from app.store.store import DATABASE
from contract.problem import Problem, Retry
from contract.wire import sha256

RECORD = "key.json"
PRODUCTION: tuple[Keeper, ...] = (HandedCredential(), Tpm2(), SystemdCreds(), Dpapi(), Keyring())
TRAINING: tuple[Keeper, ...] = (KeyFile(),)


def station_key(folder: Path, *, training: bool, keepers: Iterable[Keeper] | None = None) -> bytes:
    """The raw key of the store in a folder, made and put into keeping where the store is new.

    Args:
        folder: The store's folder.
        training: Whether the station is one for training; only then a file will do.
        keepers: Whom to ask, best first; those of the mode by default.

    Raises:
        Problem: ``store.key_missing`` where the store is there and its key is not, ``store.key_wrong`` where another
            key is kept than the store's, ``store.key_exposed`` where others may read the key file,
            ``store.no_keeper`` where nothing here can keep a key, ``store.key_keeper`` where the keeper failed,
            ``store.key_in_file`` where a production station finds a training key.
    """
    chosen = tuple(keepers) if keepers is not None else TRAINING if training else PRODUCTION
    known = {keeper.name: keeper for keeper in (*PRODUCTION, *TRAINING, *chosen)}
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    record, is_new = folder / RECORD, not (folder / DATABASE).exists()
    if record.exists():
        name, check = _read(record)
        keeper = known.get(name)
        if keeper is None:
            raise Problem("store.key_missing", Retry.AFTER_FIX, keeper=name)
        if keeper.name == KeyFile.name and not training:
            raise Problem("store.key_in_file", Retry.NEVER)
        key = keeper.find(folder)
        if key is not None:
            if check and check != _check(key):
                raise Problem("store.key_wrong", Retry.AFTER_FIX)
            return key
        if not is_new:
            raise Problem("store.key_missing", Retry.AFTER_FIX, keeper=keeper.name)
    elif not is_new:
        raise Problem("store.key_missing", Retry.AFTER_FIX, keeper="?")
    return _put_away(folder, None, chosen)


def keep_key(folder: Path, key: bytes, *, training: bool, keepers: Iterable[Keeper] | None = None) -> str:
    """Put the key of a store that was opened by other means into this machine's keeping. Returns the keeper's name.

    Raises:
        Problem: ``store.no_keeper``, ``store.key_keeper``.
    """
    chosen = tuple(keepers) if keepers is not None else TRAINING if training else PRODUCTION
    _put_away(folder, key, chosen)
    return _read(folder / RECORD)[0]


def is_the_key(folder: Path, key: bytes) -> bool:
    """Whether this is certainly the key that the store in a folder was made with."""
    record = folder / RECORD
    return record.exists() and _read(record)[1] == _check(key)


def _put_away(folder: Path, key: bytes | None, chosen: Iterable[Keeper]) -> bytes:
    """Let the first keeper that is here keep the key; without one, the key it has for this folder, or a new one."""
    for keeper in chosen:
        if not keeper.is_here():
            continue
        key = key or keeper.find(folder) or secrets.token_bytes(KEY_BYTES)
        keeper.keep(folder, key)
        if keeper.find(folder) != key:
            raise Problem("store.key_keeper", Retry.AFTER_FIX, keeper=keeper.name)
        write_private(folder / RECORD, json.dumps({"keeper": keeper.name, "check": _check(key)}).encode())
        return key
    raise Problem("store.no_keeper", Retry.AFTER_FIX)


def _check(key: bytes) -> str:
    """What a key is known by; nobody finds 256 random bits from it."""
    return sha256(b"tongban store key\0" + key)[:32]


def _read(record: Path) -> tuple[str, str]:
    try:
        said = json.loads(record.read_text())
        return str(said["keeper"]), str(said.get("check", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        return "?", ""
