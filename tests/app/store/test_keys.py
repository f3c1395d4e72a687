"""Where the store's key is kept, and that a key that is gone is never taken for a station that is new."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import PasswordSetError

from app.store import Store
from app.store.keys import HandedCredential, KeyFile, Keyring, SystemdCreds, station_key
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

    assert not any(isinstance(keeper, KeyFile) for keeper in PRODUCTION)
