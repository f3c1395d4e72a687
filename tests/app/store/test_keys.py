"""Where the store's key is kept, and that a key that is gone is never taken for a station that is new."""

from __future__ import annotations

import base64
import ctypes
import os
import secrets
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import PasswordSetError

from app.store import Store
from app.store.keepers import Dpapi, HandedCredential, KeyFile, Keyring, SystemdCreds, Tpm2
from app.store.keys import station_key
from contract.problem import Problem


class WorkingKeyring(KeyringBackend):
    """A keyring of its own, as the real ones are seen through the keyring library."""

    priority = 1.0  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.locked:
            raise PasswordSetError
        self.kept[service, username] = password


@pytest.fixture
def ring() -> Iterator[WorkingKeyring]:
    before, made = keyring.get_keyring(), WorkingKeyring()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


def test_a_training_station_keeps_its_key_in_a_file_only_its_user_reads(tmp_path: Path) -> None:
    key = station_key(tmp_path, training=True)
    assert len(key) == 32 and station_key(tmp_path, training=True) == key
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    Store.open(tmp_path, key).close()
    assert station_key(tmp_path, training=True) == key


def test_a_production_station_refuses_a_training_key(tmp_path: Path, ring: WorkingKeyring) -> None:
    station_key(tmp_path, training=True)
    with pytest.raises(Problem, match="store.key_in_file"):
        station_key(tmp_path, training=False)


def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    station_key(tmp_path, training=True)
    (tmp_path / "training.key").chmod(0o644)
    with pytest.raises(Problem, match="store.key_exposed"):
        station_key(tmp_path, training=True)


def test_a_key_that_is_gone_is_said_and_no_new_one_made(tmp_path: Path) -> None:
    Store.open(tmp_path, station_key(tmp_path, training=True)).close()
    (tmp_path / "training.key").unlink()
    with pytest.raises(Problem, match="store.key_missing"):
        station_key(tmp_path, training=True)
    (tmp_path / "training.key").write_bytes(base64.b64encode(secrets.token_bytes(32)))
    (tmp_path / "training.key").chmod(0o600)
    with pytest.raises(Problem, match="store.key_wrong"):  # another key is not a key that is gone
        station_key(tmp_path, training=True)
    (tmp_path / "training.key").unlink()
    (tmp_path / "key.json").unlink()
    with pytest.raises(Problem, match="store.key_missing"):
        station_key(tmp_path, training=True)
    assert not (tmp_path / "training.key").exists()


def test_without_any_keeper_a_production_station_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="store.no_keeper"):
        station_key(tmp_path, training=False, keepers=())
    assert not (tmp_path / "store.db").exists()


def test_the_keyring_keeps_a_key_per_folder(tmp_path: Path, ring: WorkingKeyring) -> None:
    one = station_key(tmp_path / "a", training=False, keepers=[Keyring()])
    two = station_key(tmp_path / "b", training=False, keepers=[Keyring()])
    assert one != two and station_key(tmp_path / "a", training=False, keepers=[Keyring()]) == one
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "key.json"]
    ring.locked = True
    with pytest.raises(Problem, match="store.key_keeper"):
        station_key(tmp_path / "c", training=False, keepers=[Keyring()])


@pytest.mark.needs("gnome-keyring-daemon", "dbus-run-session")
def test_the_desktops_own_keyring_keeps_it(tmp_path: Path) -> None:
    """GNOME's Secret Service on a bus of its own: unlocked as a sign-in does, and away when the session is."""
    command = ["dbus-run-session", "--", sys.executable, "-c", IN_A_SESSION, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    said = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=60)
    assert said.stdout.split() == ["keyring", "same", "gone"], said.stderr
    assert [path.name for path in (tmp_path / "store").iterdir()] == ["key.json"]


IN_A_SESSION = """
import subprocess, sys, time
from pathlib import Path
from app.store.keepers import Keyring
from app.store.keys import keep_key, station_key
from contract.problem import Problem

daemon = subprocess.Popen(
    ["gnome-keyring-daemon", "--unlock", "--foreground", "--components=secrets"],
    stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
)
daemon.stdin.write(b"password")
daemon.stdin.close()
folder, end = Path(sys.argv[1]) / "store", time.monotonic() + 20
while True:
    try:
        key = station_key(folder, training=False, keepers=[Keyring()])
        break
    except Problem:
        if time.monotonic() > end:
            raise
print(keep_key(folder, key, training=False, keepers=[Keyring()]))
print("same" if station_key(folder, training=False, keepers=[Keyring()]) == key else "other")
daemon.terminate()
daemon.wait()
(folder / "store.db").touch()
try:
    station_key(folder, training=False, keepers=[Keyring()])
except Problem as problem:
    print("gone" if problem.code in ("store.key_keeper", "store.key_missing") else problem.code)
(folder / "store.db").unlink()
"""


def test_a_machine_without_a_keyring_says_so(tmp_path: Path) -> None:
    before = keyring.get_keyring()
    keyring.set_keyring(keyring.backends.fail.Keyring())
    try:
        with pytest.raises(Problem, match="store.no_keeper"):
            station_key(tmp_path, training=False, keepers=[Keyring()])
    finally:
        keyring.set_keyring(before)


@pytest.mark.needs("systemd-creds")
def test_systemd_creds_seals_the_key_to_this_machine(tmp_path: Path) -> None:
    keeper = SystemdCreds()
    if not keeper.is_here():  # only root may seal to the host's key
        assert os.geteuid() != 0
        return
    key = station_key(tmp_path, training=False, keepers=[keeper])
    assert station_key(tmp_path, training=False, keepers=[keeper]) == key
    sealed = (tmp_path / "key.cred").read_bytes()
    assert key not in sealed and key.hex().encode() not in sealed
    (tmp_path / "key.cred").write_bytes(sealed[: len(sealed) // 2])
    with pytest.raises(Problem, match="store.key_keeper"):
        station_key(tmp_path, training=False, keepers=[keeper])


@pytest.fixture
def chip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """A TPM2 in software, as tpm2-tools see a real one. Calling it clears the chip as a firmware's menu does."""
    state = tmp_path / "chip"
    state.mkdir()
    port = free_pair()
    command = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={state}", "--flags", "not-need-init,startup-clear"]
    command += ["--server", f"type=tcp,port={port}", "--ctrl", f"type=tcp,port={port + 1}"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    monkeypatch.setenv("TPM2TOOLS_TCTI", f"swtpm:host=127.0.0.1,port={port}")
    try:
        end = time.monotonic() + 20
        while subprocess.run(["tpm2_getrandom", "-Q", "4"], capture_output=True, check=False).returncode:
            assert process.poll() is None and time.monotonic() < end
        yield lambda: subprocess.run(["tpm2_clear", "-Q", "-c", "p"], check=True, capture_output=True) and None
    finally:
        process.terminate()
        process.wait(10)


def free_pair() -> int:
    """A port that is free together with the next one."""
    while True:
        with socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", 0))
            port = int(one.getsockname()[1])
            try:
                two.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


@pytest.mark.needs("swtpm", "tpm2_unseal")
def test_the_tpm_seals_the_key_and_no_other_chip_opens_it(tmp_path: Path, chip: Callable[[], None]) -> None:
    folder, keeper = tmp_path / "store", Tpm2()
    assert keeper.is_here()
    key = station_key(folder, training=False, keepers=[keeper])
    assert station_key(folder, training=False, keepers=[keeper]) == key
    for path in folder.iterdir():
        raw = path.read_bytes()
        assert key not in raw and key.hex().encode() not in raw and base64.b64encode(key) not in raw, path
    Store.open(folder, key).close()
    chip()  # cleared: as good as another machine
    with pytest.raises(Problem, match=r"store\.key_keeper"):
        station_key(folder, training=False, keepers=[keeper])
    (folder / "key.tpm2").write_text("{}")
    with pytest.raises(Problem, match=r"store\.key_keeper"):
        station_key(folder, training=False, keepers=[keeper])
    (folder / "key.tpm2").unlink()
    with pytest.raises(Problem, match=r"store\.key_missing"):
        station_key(folder, training=False, keepers=[keeper])


@pytest.mark.needs("gcc")
def test_dpapi_is_called_as_windows_declares_it(tmp_path: Path) -> None:
    """Against a library of the same shape: what Windows itself does with it is not seen here."""
    source, library = tmp_path / "crypt32.c", tmp_path / "crypt32.so"
    source.write_text(CRYPT32)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source], check=True)
    windows = ctypes.CDLL(str(library))
    keeper = Dpapi(windows, windows)
    folder = tmp_path / "store"
    key = station_key(folder, training=False, keepers=[keeper])
    assert station_key(folder, training=False, keepers=[keeper]) == key
    sealed = (folder / "key.dpapi").read_bytes()
    assert base64.b64encode(key) not in sealed
    (folder / "key.dpapi").write_bytes(sealed[1:])
    with pytest.raises(Problem, match=r"store\.key_keeper"):
        station_key(folder, training=False, keepers=[keeper])


CRYPT32 = """
#include <stdlib.h>
#include <string.h>
typedef struct { unsigned size; unsigned char *data; } blob;
static int turned(blob *in, blob *salt, unsigned flags, blob *out, int opening) {
    if (flags != 1 || salt->size != 13 || memcmp(salt->data, "tongban-store", 13)) return 0;
    if (opening && (in->size < 1 || in->data[0] != 'S')) return 0;
    out->size = opening ? in->size - 1 : in->size + 1;
    out->data = malloc(out->size);
    if (!opening) out->data[0] = 'S';
    for (unsigned n = 0; n < (opening ? out->size : in->size); n++)
        out->data[opening ? n : n + 1] = in->data[opening ? n + 1 : n] ^ 0x5a;
    return 1;
}
int CryptProtectData(blob *in, void *words, blob *salt, void *a, void *b, unsigned flags, blob *out) {
    return turned(in, salt, flags, out, 0);
}
int CryptUnprotectData(blob *in, void *words, blob *salt, void *a, void *b, unsigned flags, blob *out) {
    return turned(in, salt, flags, out, 1);
}
void *LocalFree(void *held) { free(held); return 0; }
"""


def test_a_service_takes_the_credential_that_systemd_hands_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handed, key = tmp_path / "handed", secrets.token_bytes(32)
    handed.mkdir()
    (handed / "tongban-store").write_bytes(key)
    keeper = HandedCredential()
    assert not keeper.is_here()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(handed))
    assert station_key(tmp_path / "store", training=False, keepers=[keeper]) == key
    Store.open(tmp_path / "store", key).close()
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    with pytest.raises(Problem, match="store.key_missing"):
        station_key(tmp_path / "store", training=False, keepers=[keeper])


def test_the_file_keeper_is_never_asked_in_production() -> None:
    from app.store.keys import PRODUCTION

    assert [keeper.name for keeper in PRODUCTION] == ["credential", "tpm2", "systemd-creds", "dpapi", "keyring"]
    assert not any(isinstance(keeper, KeyFile) for keeper in PRODUCTION)
