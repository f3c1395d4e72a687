"""Who can keep a key for this machine: each wraps what the system offers, none asks a person anything.

What is left in the station's folder opens nothing without this machine (or, for the keyring and DPAPI, this user).
"""

from __future__ import annotations

import base64
import ctypes
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Protocol

import keyring
import keyring.backends.fail
import keyring.backends.null
from keyring.errors import KeyringError

from app.store.database import KEY_BYTES, sync_folder
from contract.problem import Problem, Retry

NAME = "tongban-store"
PATIENCE = 30  # seconds for a program of the system's; a slow TPM takes one


class Keeper(Protocol):
    """Something that keeps a key for this machine. `find` and `keep` may raise Problem ``store.key_keeper``."""

    name: str

    def is_here(self) -> bool:
        """Whether it can be used on this machine by this user."""
        ...

    def find(self, folder: Path) -> bytes | None:
        """The key of the store in this folder."""
        ...

    def keep(self, folder: Path, key: bytes) -> None:
        """Keep it, durably."""
        ...


class HandedCredential:
    """A credential that systemd decrypted for this service. It can be read, never written: an installer made it."""

    name = "credential"

    def _path(self) -> Path | None:
        folder = os.environ.get("CREDENTIALS_DIRECTORY")
        return Path(folder) / NAME if folder else None

    def is_here(self) -> bool:
        path = self._path()
        return path is not None and path.is_file()

    def find(self, folder: Path) -> bytes | None:
        path = self._path()
        if path is None or not path.is_file():
            return None
        raw = path.read_bytes()
        return raw if len(raw) == KEY_BYTES else decoded(raw.decode(errors="replace"))

    def keep(self, folder: Path, key: bytes) -> None:
        if self.find(folder) != key:
            raise Problem("store.key_keeper", Retry.AFTER_FIX, keeper=self.name)


class Tpm2:
    """The machine's TPM2, by tpm2-tools: the key is sealed under a key that the chip makes anew each time from its own
    seed. Not bound to the firmware's measurements: an update must not lock a village out. A cleared TPM has a new seed;
    then only the city's recovery key opens the store."""

    name = "tpm2"

    def is_here(self) -> bool:
        if shutil.which("tpm2_unseal") is None:
            return False
        return "TPM2TOOLS_TCTI" in os.environ or os.access("/dev/tpmrm0", os.R_OK | os.W_OK)

    def _sealed(self, folder: Path) -> Path:
        return folder / "key.tpm2"

    def find(self, folder: Path) -> bytes | None:
        try:
            said = json.loads(self._sealed(folder).read_text())
            halves = {half: base64.b64decode(said[half], validate=True) for half in ("public", "private")}
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            raise Problem("store.key_keeper", Retry.AFTER_FIX, keeper=self.name) from None
        with tempfile.TemporaryDirectory() as place:  # what lies there is encrypted by the chip
            for half, data in halves.items():
                (Path(place) / half).write_bytes(data)
            self._primary(place)
            self._run(
                "load", "-C", "primary", "-u", "public", "-r", "private", "-c", "sealed", place=place
            )  # fmt: skip
            return decoded(self._run("unseal", "-c", "sealed", place=place).decode(errors="replace"))

    def keep(self, folder: Path, key: bytes) -> None:
        with tempfile.TemporaryDirectory() as place:
            self._primary(place)
            self._run(
                "create", "-C", "primary", "-i", "-", "-u", "public", "-r", "private",
                place=place, data=base64.b64encode(key),
            )  # fmt: skip
            halves = {
                half: base64.b64encode((Path(place) / half).read_bytes()).decode() for half in ("public", "private")
            }
        write_private(self._sealed(folder), json.dumps(halves).encode())

    def _primary(self, place: str) -> None:
        self._run("createprimary", "-C", "o", "-G", "ecc", "-c", "primary", place=place)

    def _run(self, verb: str, *rest: str, place: str, data: bytes = b"") -> bytes:
        quiet = () if verb == "unseal" else ("-Q",)
        answer = run_program(self.name, (f"tpm2_{verb}", *quiet, *rest), data, place)
        # a chip without a resource manager has room for three; with one this says nothing
        run_program(self.name, ("tpm2_flushcontext", "-t"), b"", place)
        return answer


class SystemdCreds:
    """systemd-creds as root: sealed to the TPM2 and the host's key, or to the host's key alone. No file is readable
    without this machine."""

    name = "systemd-creds"

    def is_here(self) -> bool:
        return shutil.which("systemd-creds") is not None and hasattr(os, "geteuid") and os.geteuid() == 0

    def _sealed(self, folder: Path) -> Path:
        return folder / "key.cred"

    def find(self, folder: Path) -> bytes | None:
        sealed = self._sealed(folder)
        if not sealed.is_file():
            return None
        return decoded(self._run("decrypt", str(sealed), "-", data=b"").decode(errors="replace"))

    def keep(self, folder: Path, key: bytes) -> None:
        write_private(
            self._sealed(folder), self._run("encrypt", "--with-key=auto", "-", "-", data=base64.b64encode(key))
        )

    def _run(self, verb: str, *rest: str, data: bytes) -> bytes:
        return run_program(self.name, ("systemd-creds", verb, f"--name={NAME}", *rest), data)


class Dpapi:
    """Windows' own protection of data (CryptProtectData), for the Windows account that runs the counter.

    The calls were tried against a library of the same shape, never on Windows itself: grade bronze.
    """

    name = "dpapi"
    _UI_FORBIDDEN = 1  # a service has nobody to ask

    def __init__(self, crypt32: Any = None, kernel32: Any = None) -> None:
        """The libraries to call; Windows' own by default."""
        self._crypt32, self._kernel32 = crypt32, kernel32

    def is_here(self) -> bool:
        return sys.platform == "win32" or self._crypt32 is not None

    def _sealed(self, folder: Path) -> Path:
        return folder / "key.dpapi"

    def find(self, folder: Path) -> bytes | None:
        try:
            sealed = self._sealed(folder).read_bytes()
        except FileNotFoundError:
            return None
        return decoded(self._call("CryptUnprotectData", sealed).decode(errors="replace"))

    def keep(self, folder: Path, key: bytes) -> None:
        write_private(self._sealed(folder), self._call("CryptProtectData", base64.b64encode(key)))

    def _call(self, name: str, data: bytes) -> bytes:
        library = getattr(ctypes, "WinDLL", ctypes.CDLL)
        crypt32, kernel32 = self._crypt32 or library("crypt32"), self._kernel32 or library("kernel32")
        function = getattr(crypt32, name)
        blob = ctypes.POINTER(_DataBlob)
        function.argtypes = (
            blob, ctypes.c_void_p, blob, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32, blob,
        )  # fmt: skip
        function.restype = ctypes.c_int
        kernel32.LocalFree.argtypes, kernel32.LocalFree.restype = (ctypes.c_void_p,), ctypes.c_void_p
        held, salt = ctypes.create_string_buffer(data, len(data)), ctypes.create_string_buffer(NAME.encode(), len(NAME))
        given, extra, answer = _DataBlob.of(held), _DataBlob.of(salt), _DataBlob()
        if not function(given, None, extra, None, None, self._UI_FORBIDDEN, answer):
            raise Problem("store.key_keeper", Retry.AFTER_FIX, keeper=self.name)
        try:
            return ctypes.string_at(answer.data, answer.size)
        finally:
            kernel32.LocalFree(ctypes.cast(answer.data, ctypes.c_void_p))


class _DataBlob(ctypes.Structure):
    """DATA_BLOB of wincrypt.h."""

    _fields_ = (("size", ctypes.c_uint32), ("data", ctypes.POINTER(ctypes.c_char)))

    @classmethod
    def of(cls, held: Any) -> _DataBlob:
        return cls(len(held), ctypes.cast(held, ctypes.POINTER(ctypes.c_char)))


class Keyring:
    """The keyring of the signed-in user: Secret Service on Linux, the Keychain on macOS."""

    name = "keyring"

    def is_here(self) -> bool:
        backend = keyring.get_keyring()
        return not isinstance(backend, (keyring.backends.fail.Keyring, keyring.backends.null.Keyring))

    def find(self, folder: Path) -> bytes | None:
        try:
            text = keyring.get_password(NAME, str(folder.resolve()))
        except KeyringError:
            raise Problem("store.key_keeper", Retry.AFTER_FIX, keeper=self.name) from None
        return None if text is None else decoded(text)

    def keep(self, folder: Path, key: bytes) -> None:
        try:
            keyring.set_password(NAME, str(folder.resolve()), base64.b64encode(key).decode())
        except KeyringError:
            raise Problem("store.key_keeper", Retry.AFTER_FIX, keeper=self.name) from None


class KeyFile:
    """A file beside the store that only its user may read. For training and tests: a stolen disk opens it."""

    name = "file"

    def is_here(self) -> bool:
        return True

    def _path(self, folder: Path) -> Path:
        return folder / "training.key"

    def find(self, folder: Path) -> bytes | None:
        path = self._path(folder)
        if not path.is_file():
            return None
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise Problem("store.key_exposed", Retry.AFTER_FIX)
        return decoded(path.read_text(errors="replace"))

    def keep(self, folder: Path, key: bytes) -> None:
        write_private(self._path(folder), base64.b64encode(key))


def run_program(keeper: str, command: tuple[str, ...], data: bytes, folder: str | None = None) -> bytes:
    """What a program of the system's answers. Raises Problem ``store.key_keeper``; what it said is not passed on."""
    try:
        answer = subprocess.run(command, input=data, capture_output=True, check=False, timeout=PATIENCE, cwd=folder)
    except (OSError, subprocess.TimeoutExpired):
        raise Problem("store.key_keeper", Retry.AFTER_FIX, keeper=keeper) from None
    if answer.returncode != 0:
        raise Problem("store.key_keeper", Retry.AFTER_FIX, keeper=keeper)
    return answer.stdout


def decoded(text: str) -> bytes:
    """A key as the keepers write it. Raises Problem ``store.key_wrong``."""
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise Problem("store.key_wrong", Retry.AFTER_FIX)
    return key


def write_private(path: Path, data: bytes) -> None:
    """A file only its user may read, durable, whole or not at all."""
    temporary = path.with_name(f"{path.name}.new")
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)
