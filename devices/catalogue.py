"""Which drivers exist, what they need, and whether they can run here.

A driver is a folder ``devices/<kind>/drivers/<name>/`` with manifest.toml, driver.py and quality.toml. Nothing
is registered anywhere: the folders are read. No driver's code is imported in this process.
"""

from __future__ import annotations

import ctypes.util
import functools
import importlib.metadata
import importlib.util
import logging
import os
import shutil
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contract.problem import Problem, Retry
from devices.host import Host
from devices.worker import DRIVER_ID

KINDS = ("idcard", "cards", "scanner", "camera", "printer", "codes", "signature", "rating")
ROOT = Path(__file__).resolve().parent
GRADES = ("bronze", "silver", "gold")
_SYSTEMS = {"linux": "linux", "win32": "windows", "darwin": "macos"}
_TYPES: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool, "choice": str}
_TRUE = {"true", "yes", "on", "1", "是"}
_FALSE = {"false", "no", "off", "0", "否"}

_log = logging.getLogger("devices.catalogue")


@dataclass(frozen=True)
class Requirement:
    """Something outside our code that a driver needs, and the sentence to show where it is missing."""

    what: str  # library · program · module
    name: str
    sentence_zh: str
    sentence_en: str
    os: tuple[str, ...]  # on which systems it is needed


@dataclass(frozen=True)
class Option:
    """One setting of a driver. `kind` is str, int, float, bool or choice; `choices` are values with their words, in
    Chinese and English."""

    key: str
    kind: str
    default: str | int | float | bool
    choices: Mapping[str, tuple[str, str]]
    label: str
    label_en: str
    secret: bool = False  # a password: never in a diagnostic file


@dataclass(frozen=True)
class Manifest:
    """What a driver's folder says about it."""

    kind: str
    driver: str  # the folder's name
    name: str
    name_en: str
    maker: str
    models: tuple[str, ...]
    os: tuple[str, ...]  # linux · windows · macos
    requires: tuple[Requirement, ...]
    transports: tuple[str, ...]
    usb_ids: tuple[str, ...]
    options: tuple[Option, ...]
    grade: str  # bronze · silver · gold, from quality.toml

    @property
    def id(self) -> str:
        """``kind/driver``, as it is written in settings and on the command line."""
        return f"{self.kind}/{self.driver}"


def drivers(kind: str | None = None) -> list[Manifest]:
    """Every driver that is there, in the order of KINDS. A folder that cannot be read is logged and left out."""
    found = []
    for each in KINDS if kind is None else (kind,):
        for file in sorted((ROOT / each / "drivers").glob("*/manifest.toml")):
            try:
                found.append(read_manifest(file.parent))
            except Problem as problem:
                _log.warning("%s: %s %s", problem.facts["driver"], problem.code, problem.facts["why"])
    return found


def has_drivers(kind: str) -> bool:
    """Whether any driver of the kind is shipped."""
    return any((ROOT / kind / "drivers").glob("*/manifest.toml"))


def get_driver(driver_id: str) -> Manifest:
    """The driver called ``kind/name``.

    Raises:
        Problem: device.no_such_driver, device.bad_manifest.
    """
    match = DRIVER_ID.fullmatch(driver_id)
    folder = ROOT / match[1] / "drivers" / match[2] if match else None
    if match is None or match[1] not in KINDS or folder is None or not (folder / "manifest.toml").is_file():
        raise Problem("device.no_such_driver", Retry.NEVER, driver=driver_id)
    return read_manifest(folder)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a driver's folder.

    Raises:
        Problem: device.bad_manifest, with the reason.
    """
    driver_id = f"{folder.parent.parent.name}/{folder.name}"
    try:
        said = tomllib.loads((folder / "manifest.toml").read_text("utf-8"))
        quality = folder / "quality.toml"
        grade = tomllib.loads(quality.read_text("utf-8"))["grade"] if quality.is_file() else "bronze"
        if grade not in GRADES:
            raise ValueError(f"grade {grade}")
        return Manifest(
            kind=folder.parent.parent.name,
            driver=folder.name,
            name=said["name"],
            name_en=said["name_en"],
            maker=said.get("maker", ""),
            models=tuple(said.get("models", ())),
            os=tuple(said.get("os", _SYSTEMS.values())),
            requires=tuple(_requirement(each) for each in said.get("requires", ())),
            transports=tuple(said.get("transports", ())),
            usb_ids=tuple(said.get("usb_ids", ())),
            options=tuple(_option(key, each) for key, each in said.get("options", {}).items()),
            grade=grade,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        why = f"{type(error).__name__}: {error}"
        raise Problem("device.bad_manifest", Retry.NEVER, driver=driver_id, why=why) from error


def _requirement(said: Mapping[str, str]) -> Requirement:
    what = next(each for each in ("library", "program", "module", "") if each in said or not each)
    if not what:
        raise ValueError("a requirement names a library, a program or a module")
    systems = tuple(said.get("os", _SYSTEMS.values()))
    return Requirement(what, said[what], said["sentence_zh"], said["sentence_en"], systems)


def _option(key: str, said: Mapping[str, Any]) -> Option:
    kind = said["type"]
    choices = {value: (chinese, english) for value, (chinese, english) in said.get("choices", {}).items()}
    default: Any = said["default"]
    if kind == "float" and type(default) is int:
        default = float(default)
    fits = type(default) is _TYPES[kind]  # not isinstance: true is no int here
    if not fits or (kind == "choice" and default not in choices):
        raise ValueError(f"default of {key}")
    return Option(key, kind, default, choices, said["label"], said["label_en"], said.get("secret", False))


def missing(manifest: Manifest, language: str = "zh") -> tuple[str, ...]:
    """Sentences that say what this machine lacks for the driver; empty where it can run."""
    chinese = language == "zh"
    sentences = []
    system = _SYSTEMS.get(sys.platform, sys.platform)
    if system not in manifest.os:
        known = "、".join(manifest.os) if chinese else ", ".join(manifest.os)
        sentences.append(f"此驱动只能在 {known} 上使用" if chinese else f"This driver runs only on {known}")
    for each in manifest.requires:
        if system in each.os and not _is_here(each):
            sentences.append(each.sentence_zh if chinese else each.sentence_en)
    return tuple(sentences)


def _is_here(requirement: Requirement) -> bool:
    match requirement.what:
        case "program":
            return shutil.which(requirement.name) is not None
        case "module":
            try:
                return importlib.util.find_spec(requirement.name) is not None
            except (ImportError, ValueError):
                return False
        case _:
            return has_library(requirement.name)


def has_library(name: str) -> bool:
    """Whether the loader would find a shared library (``libsane.so.1``), without loading it into this process."""
    if Path(name).is_absolute() or sys.platform == "linux":
        return _library_file(name) is not None
    return ctypes.util.find_library(name.removesuffix(".dll")) is not None


def _library_file(name: str) -> Path | None:
    if Path(name).is_absolute():
        return Path(name) if Path(name).is_file() else None
    return next((folder / name for folder in _library_folders() if (folder / name).exists()), None)


@functools.cache
def _library_folders() -> tuple[Path, ...]:
    """Where Linux's loader looks: ctypes.util.find_library would start a compiler to find out."""
    folders = [Path(each) for each in os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep) if each]
    for file in sorted(Path("/etc/ld.so.conf.d").glob("*.conf")):
        try:
            lines = file.read_text("utf-8", "replace").splitlines()
        except OSError:
            continue
        folders += [Path(line.strip()) for line in lines if line.strip().startswith("/")]
    folders += [Path(each) for each in ("/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/local/lib")]
    return tuple(folders)


def versions(manifest: Manifest) -> dict[str, str]:
    """By what the driver needs, which version of it is here; what has none to tell is left out.

    A module's is its package's; a shared library's stands in the name of its file.
    """
    found = {}
    for each in manifest.requires:
        if each.what == "module":
            for package in _packages().get(each.name, ())[:1]:
                found[package] = importlib.metadata.version(package)
        elif each.what == "library" and (file := _library_file(each.name)) is not None:
            found[each.name.partition(".so")[0]] = file.resolve().name.partition(".so.")[2]
    return {name: version for name, version in found.items() if version}


@functools.cache
def _packages() -> Mapping[str, list[str]]:
    return importlib.metadata.packages_distributions()


def fitting(usb_id: str) -> list[Manifest]:
    """The drivers that name this USB device as theirs."""
    return [manifest for manifest in drivers() if usb_id and usb_id in manifest.usb_ids]


def options_of(manifest: Manifest, given: Mapping[str, str]) -> dict[str, Any]:
    """All of the driver's options, typed: those given as text (settings, command line), defaults for the rest.

    Raises:
        Problem: device.bad_option for one that the driver does not have or that is not of its type.
    """
    known = {option.key: option for option in manifest.options}
    options: dict[str, Any] = {key: option.default for key, option in known.items()}
    for key, text in given.items():
        allowed = "、".join(known)
        if key not in known:
            raise Problem("device.bad_option", Retry.AFTER_FIX, driver=manifest.id, option=key, allowed=allowed)
        option = known[key]
        try:
            options[key] = _typed(option, text)
        except ValueError:
            allowed = "、".join(option.choices) or option.kind
            raise Problem(
                "device.bad_option", Retry.AFTER_FIX, driver=manifest.id, option=key, allowed=allowed
            ) from None
    return options


def _typed(option: Option, text: str) -> str | int | float | bool:
    match option.kind:
        case "int":
            return int(text)
        case "float":
            return float(text)
        case "bool":
            word = text.strip().lower()
            if word not in _TRUE | _FALSE:
                raise ValueError(word)
            return word in _TRUE
        case "choice" if text not in option.choices:
            raise ValueError(text)
        case _:
            return text


def open_host(driver_id: str, options: Mapping[str, str] | None = None, patience: float = 10.0) -> Host:
    """A Host for a driver with its options as text. No process starts before the first call.

    Raises:
        Problem: device.no_such_driver, device.bad_option, device.missing where the machine lacks something.
    """
    manifest = get_driver(driver_id)
    typed = options_of(manifest, options or {})
    if lacks := missing(manifest):
        raise Problem("device.missing", Retry.AFTER_FIX, driver=driver_id, lacks="；".join(lacks))
    return Host(driver_id, typed, patience)
