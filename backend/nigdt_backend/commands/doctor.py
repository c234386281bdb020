"""`nigdt doctor`: look at everything a fill needs and say what to do about what is wrong."""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import json
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import click

from nigdt.errors import install_hint, printable, shell_word
from nigdt_backend import paths
from nigdt_backend.client import Client, DaemonError
from nigdt_backend.connection import FileLock, UnsafeFileError, ensure_private_folder, read_connection

Level = Literal["ok", "note", "bad"]

_DISTRIBUTIONS = ("torch", "torchvision", "numpy", "pillow", "opencv-python-headless", "pyzmq", "PyQt6")


@dataclass(frozen=True)
class Finding:
    """One thing looked at.

    Attributes:
        what: its name.
        level: "ok", "note" (works, but worth knowing) or "bad" (fills will not work).
        detail: what was found, one line.
        advice: what to do, empty when nothing.
    """

    what: str
    level: Level
    detail: str
    advice: str = ""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def doctor(as_json: bool) -> None:
    """Check versions, devices, bundles, daemon, folders and GIMP, and say what to do.

    Exits with 1 when something is wrong that keeps fills from working. Starts nothing, changes nothing.

    Example: nigdt doctor --json
    """
    findings: list[Finding] = []
    for check in _CHECKS:
        try:
            findings.extend(check())
        except Exception as error:
            findings.append(Finding(check.__name__.strip("_"), "bad", f"{type(error).__name__}: {error}"))
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=1))
    else:
        marks = {"ok": "ok  ", "note": "note", "bad": "BAD "}
        for finding in findings:
            click.echo(printable(f"{marks[finding.level]} {finding.what:<13} {finding.detail}"))
            if finding.advice:
                click.echo(printable(f"{'':18} -> {finding.advice}"))
    if any(finding.level == "bad" for finding in findings):
        sys.exit(1)


def _versions() -> Iterator[Finding]:
    version = importlib.metadata.version("nigdt")
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    yield Finding("nigdt", "ok", f"{version}, Python {platform.python_version()}, {system}")
    found = []
    for name in _DISTRIBUTIONS:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            found.append(f"no {name}")
    yield Finding("packages", "ok", ", ".join(found))


def _torch() -> Iterator[Finding]:
    try:
        torch = importlib.import_module("torch")
    except (ImportError, OSError) as error:
        text = str(error).splitlines()[0] if str(error) else type(error).__name__
        yield Finding("torch", "bad", f"cannot be imported: {text}", install_hint("backend"))
        return
    from nigdt_backend.daemon.device import available_devices

    detail = f"{torch.__version__}, devices: {', '.join(available_devices())}; {os.cpu_count()} CPU cores"
    yield Finding("torch", "ok", detail)
    try:
        importlib.import_module("torchvision")
    except (ImportError, OSError, RuntimeError) as error:
        text = str(error).splitlines()[0] if str(error) else type(error).__name__
        yield Finding("torchvision", "note", f"does not fit this torch: {text}", "Install the two as a pair.")


def _curve() -> Iterator[Finding]:
    import zmq

    if zmq.has("curve"):
        yield Finding("pyzmq", "ok", f"ZeroMQ {zmq.zmq_version()} with CURVE")
    else:
        yield Finding(
            "pyzmq", "bad", "this ZeroMQ has no CURVE encryption", "Run: pip install --force-reinstall pyzmq"
        )


def _bundles() -> Iterator[Finding]:
    from nigdt.bundle.bundle import find_bundle, list_bundles, user_bundles_folder, valid_name, verify_bundle
    from nigdt.errors import NigdtError

    try:
        default = find_bundle().name
    except NigdtError as error:
        yield Finding("bundle", "bad", error.message, error.hint)
        return
    folders = {info.name: info.folder for info in list_bundles()}
    if user_bundles_folder().is_dir():
        for folder in sorted(user_bundles_folder().iterdir()):
            if folder.is_dir() and valid_name(folder.name):
                folders.setdefault(folder.name, folder)
    for name, folder in folders.items():
        try:
            info = verify_bundle(folder)
        except (NigdtError, OSError) as error:
            level: Level = "bad" if name == default else "note"
            yield Finding("bundle", level, getattr(error, "message", str(error)), getattr(error, "hint", ""))
        else:
            size = f"{info.size_px} px, {info.bytes / 2**20:.1f} MiB"
            suffix = " (default)" if name == default else ""
            yield Finding("bundle", "ok", f"{name}{suffix}: {size}, in {folder}")


def _folders() -> Iterator[Finding]:
    folder = paths.state_dir()
    if not folder.exists():
        place = next(parent for parent in folder.parents if parent.exists())
        if place.is_dir() and os.access(place, os.W_OK | os.X_OK):
            yield Finding("state folder", "ok", f"{folder} (made at the first start)")
        else:
            advice = f"Make {place} writable for you, or set NIGDT_STATE_DIR."
            yield Finding("state folder", "bad", f"{folder} cannot be made", advice)
        return
    try:
        ensure_private_folder(folder)
    except OSError as error:
        yield Finding("state folder", "bad", f"{folder}: {error.strerror}", "Remove what is there.")
        return
    except UnsafeFileError as error:
        yield Finding("state folder", "bad", str(error), "Until then neither daemon nor clients start.")
        return
    free = shutil.disk_usage(folder).free / 2**20
    if not os.access(folder, os.W_OK):
        yield Finding(
            "state folder", "bad", f"{folder} cannot be written", f"Run: chmod u+rwx {shell_word(folder)}"
        )
    elif free < 50:
        yield Finding("state folder", "note", f"{folder}: only {free:.0f} MiB free", "Make room.")
    else:
        yield Finding("state folder", "ok", str(folder))


def _settings() -> Iterator[Finding]:
    from nigdt_backend.daemon.settings import DaemonSettings, SettingsError

    path = paths.settings_path()
    try:
        DaemonSettings.read(path)
    except SettingsError as error:
        yield Finding("settings", "bad", str(error), "Correct the file, or delete it for the defaults.")
    else:
        yield Finding("settings", "ok", str(path) if path.exists() else f"all defaults (no {path})")


def _daemon() -> Iterator[Finding]:
    try:
        with Client.connect(start=False, timeout=5.0) as client:
            status = client.status()
    except DaemonError as error:
        if error.code == "silent":
            yield Finding("daemon", "bad", error.message, _of_a_silent_daemon())
        elif error.code != "not-running":
            yield Finding("daemon", "bad", error.message, error.hint)
        elif FileLock(paths.lock_path()).held():
            yield Finding(
                "daemon",
                "bad",
                "a daemon holds the lock but does not answer",
                "Wait a moment; if nothing changes, end its process.",
            )
        else:
            yield Finding("daemon", "ok", "not running; clients start it when they need it")
        return
    failure = status["failure"]
    if failure:
        yield Finding("daemon", "bad", failure["message"], failure["hint"])
    else:
        yield Finding(
            "daemon",
            "ok",
            f"{status['state']}, process {status['pid']}, {status['device']}, {status['endpoint']}",
        )
    for notice in status.get("notices", []):
        yield Finding("daemon", "note", notice)
    version = importlib.metadata.version("nigdt")
    if status["version"] != version:
        advice = "Run: nigdt serve --stop"
        yield Finding("daemon", "note", f"runs nigdt {status['version']}, installed is {version}", advice)


def _of_a_silent_daemon() -> str:
    """Say what to do about it; other commands send their users here."""
    connection = read_connection(paths.connection_path())
    if connection is None or connection.remote:
        return "Look at it on the machine where it runs."
    try:
        state = Path(f"/proc/{connection.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except (OSError, UnicodeDecodeError, IndexError):
        state = ""
    if state in ("T", "t"):
        return f"It is suspended; let it go on: kill -CONT {connection.pid}"
    end = f"taskkill /F /PID {connection.pid}" if sys.platform == "win32" else f"kill -9 {connection.pid}"
    return f"If that does not help, end it; the next fill starts another: {end}"


def _log() -> Iterator[Finding]:
    path = paths.log_path()
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    errors = [line for line in lines if " ERROR " in line]
    if errors:
        yield Finding("log", "note", f"last error: {errors[-1][:160]}", f"The whole log: {path}")
    else:
        yield Finding("log", "ok", str(path))


def _gimp() -> Iterator[Finding]:
    folders = [folder for base in _gimp_bases() if base.is_dir() for folder in sorted(base.glob("3.*"))]
    if not folders:
        yield Finding("GIMP", "ok", "no GIMP 3 profile found")
    for folder in folders:
        script = folder / "plug-ins" / "nigdt-fill" / "nigdt-fill.py"
        if not script.is_file():
            yield Finding("GIMP", "note", f"{folder}: no plug-in", "Run: python3 installer gimp")
        elif sys.platform != "win32" and not os.access(script, os.X_OK):
            yield Finding("GIMP", "bad", f"{script} is not executable", f"Run: chmod +x {shell_word(script)}")
        elif spoilt := _spoilt(script.parent):
            detail = f"plug-in in {folder}: {len(spoilt)} file(s) missing or changed, like {spoilt[0]}"
            yield Finding("GIMP", "bad", detail, "Run: python3 installer gimp")
        else:
            yield Finding("GIMP", "ok", f"plug-in in {folder}")


def _spoilt(plug_in: Path) -> list[str]:
    """Return the files in a folder that are not as its SHA256SUMS says; its own name when there is none."""
    sums = plug_in / "SHA256SUMS"
    if not sums.is_file():
        return [sums.name]
    spoilt = []
    for line in sums.read_text(encoding="utf-8").splitlines():
        wanted, _, name = line.partition("  ")
        file = plug_in / name
        if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != wanted:
            spoilt.append(name)
    return spoilt


def _gimp_bases() -> list[Path]:
    if sys.platform == "win32":
        return [Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming") / "GIMP"]
    if sys.platform == "darwin":
        return [Path.home() / "Library" / "Application Support" / "GIMP"]
    return [Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "GIMP"]


_CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    _versions,
    _torch,
    _curve,
    _bundles,
    _folders,
    _settings,
    _daemon,
    _log,
    _gimp,
)
