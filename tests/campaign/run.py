"""Run the campaign: `python tests/campaign/run.py [--scale 1.0] [--write docs/reliability.md]`.

Every part makes damage of one kind from the seed, and counts what the program did with it. The command fails
when a part finds a crash, a hang or a loss.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import logging
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner
from nigdt_backend.client import Client
from nigdt_backend.connection import Connection, read_connection, write_connection
from nigdt_backend.daemon.settings import DaemonSettings, SettingsError
from nigdt_backend.daemon.sockets import KeyPair
from nigdt_backend.protocol import FillRequest

from nigdt.bundle.bundle import find_bundle, list_bundles
from nigdt.commands.models import models
from nigdt.errors import BundleError
from nigdt.recipe import Recipe

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tiny import write_tiny_bundle

from campaign import injected, pictures, recovery, works
from campaign import kills as killing
from campaign.bundles import damage, damaged_archive
from campaign.messages import Bystander

STUB = [sys.executable, str(Path(__file__).resolve().parents[1] / "backend" / "stub_daemon.py")]
_TURNS, _QUIET_FILLS = 10, 20
_POUR = f"""
import sys
sys.path.insert(0, {str(Path(__file__).resolve().parents[1])!r})
from nigdt_backend.client import Client
from campaign.messages import pour
with Client.connect(start=False) as client:
    pour(client, int(sys.argv[1]), int(sys.argv[2]))
"""
Part = Callable[[int, int, Path], tuple[int, str]]


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    tried: int
    bad: int
    said: str
    seconds: float


def messages(count: int, seed: int, folder: Path) -> tuple[int, str]:
    """Hostile messages beside a client with small fills."""

    def small() -> FillRequest:
        return FillRequest(bytes(16 * 16 * 3), b"\xff" * 256, 16, 16, Recipe("sleep 0.05"))

    quiet, hostile, failures = list[float](), list[float](), 0
    with Client.connect(command=STUB, timeout=120) as client:
        pid = client.status()["pid"]
        for turn in range(_TURNS):  # by turns, since what else the machine does changes
            with Bystander(small) as other:
                while len(other.seconds) < _QUIET_FILLS:
                    client.events(0.1)
            quiet += other.seconds
            failures += len(other.failures)
            numbers = [str(count // _TURNS + (turn < count % _TURNS)), str(seed + turn)]
            with Bystander(small) as other:  # in a process of its own, as any client's
                subprocess.run([sys.executable, "-c", _POUR, *numbers], check=True)
            hostile += other.seconds
            failures += len(other.failures)
        died = client.status()["pid"] != pid
        client.shutdown()
    usual, during = statistics.median(quiet), statistics.median(hostile)
    within = [sum(one < 2 * usual for one in seconds) for seconds in (hostile, quiet)]
    said = (
        f"{len(hostile)} fills of a bystander, median {during:.3f} s ({usual:.3f} s when quiet); "
        f"{within[0]} of them within twice the quiet median, the slowest in {max(hostile):.3f} s "
        f"(when quiet {within[1]} of {len(quiet)}, the slowest in {max(quiet):.3f} s)"
    )
    return failures + died, said


def bundles(count: int, seed: int, folder: Path) -> tuple[int, str]:
    """Damaged bundles and archives that are to be added."""
    draw, bad, refused = random.Random(seed), 0, 0
    (small := folder / "tiny").mkdir()
    write_tiny_bundle(small)
    for number in range(count):
        whole = find_bundle().folder if number % 20 == 0 else small
        if number % 4 == 3:
            place = folder / "bundle.zip"
            damaged_archive(whole, place, draw)
        else:
            place = folder / "bundle"
            damage(whole, place, draw)
        result = CliRunner().invoke(models, ["add", str(place), "--name", "campaign", "--replace"])
        if result.exit_code != 0:
            refused += 1
            bad += not isinstance(result.exception, BundleError) or "\n" in str(result.exception)
        bad += find_bundle().name not in {info.name for info in list_bundles()}
        place.unlink() if place.is_file() else shutil.rmtree(place)
    return bad, f"{refused} refused in one line, {count - refused} sound enough to load"


def connections(count: int, seed: int, folder: Path) -> tuple[int, str]:
    """Connection and settings files with flipped, cut and added bytes."""
    draw, bad, none = random.Random(seed), 0, 0
    folder.chmod(0o700)
    path, settings = folder / "connection.json", folder / "daemon.yaml"
    pair = KeyPair.new()
    write_connection(Connection("tcp://127.0.0.1:5555", pair.public, pair.public, pair.secret, 7), path)
    whole = {path: path.read_bytes(), settings: b"threads: 2\nbatch_variants: 4\ncontext_cache_mib: 64\n"}
    for number in range(count):
        place = (path, settings)[number % 2]
        content = bytearray(whole[place])
        for _ in range(draw.randrange(1, 8)):
            at = draw.randrange(len(content) + 1)
            content[at : at + draw.randrange(4)] = draw.randbytes(draw.randrange(4))
        place.write_bytes(content[: draw.choice([None, draw.randrange(len(content) + 1)])])
        try:
            none += read_connection(path) is None if place is path else DaemonSettings.read(settings) is None
        except SettingsError as error:
            none += 1
            bad += "\n" in str(error)
        except Exception:  # whatever escapes is what is looked for
            bad += 1
    return bad, f"{none} ignored or refused in one line"


def photos(count: int, seed: int, folder: Path) -> tuple[int, str]:
    """Damaged pictures of every format."""
    read, refused, wrong = pictures.try_files(count, seed)
    return len(wrong), f"{read} read and saved again, {refused} refused in one line{_first(wrong)}"


def recovery_folders(count: int, seed: int, folder: Path) -> tuple[int, str]:
    """Damaged folders of lost work."""
    work = works.autosave(folder / "work")
    found = recovery.try_folders(work, folder / "work" / "kept", count, random.Random(seed))
    restored, refused, wrong = found
    return len(
        wrong
    ), f"{restored} restored as far as they were whole, {refused} refused or skipped{_first(wrong)}"


def kill_part(make: Callable[[Path], works.Work]) -> Part:
    """Kills of one kind of work."""

    def kills(count: int, seed: int, folder: Path) -> tuple[int, str]:
        met, wrong = killing.kill_work(make(folder / "work"), count, random.Random(seed))
        return len(wrong), f"{met} hit the work; every file was whole, old or new{_first(wrong)}"

    return kills


def training_kills(count: int, seed: int, folder: Path) -> tuple[int, str]:
    """Kills of a training that goes on each time."""
    ends, wrong = killing.kill_training(folder / "work", count, random.Random(seed))
    said = f"{ends} trainings finished between the kills, with the weights of an undisturbed one"
    return len(wrong), said + _first(wrong)


def failures(count: int, seed: int, folder: Path) -> tuple[int, str]:
    """Every call of three kinds of work fails once, with a full disk and with a broken one."""
    if reason := injected.refusal():
        return 0, f"skipped: {reason}"
    tried, wrong = 0, []
    for make in works.WORKS:
        work = make(folder / make.__name__)
        more, flaws = injected.inject_all(work, folder, count)
        tried, wrong = tried + more, wrong + flaws
    return len(
        wrong
    ), f"{tried} calls failed, each in a run of its own; every file was whole, old or new{_first(wrong)}"


def soak(count: int, seed: int, folder: Path) -> tuple[int, str]:
    """Eight clients at once, for so many seconds; they rest between jobs: speed is not the question."""
    command = [
        sys.executable,
        "-m",
        "nigdt",
        "bench",
        "soak",
        "--json",
        "--set",
        "clients=8",
        "--set",
        "pause=4",
    ]
    done = subprocess.run(
        [*command, "--minutes", str(count / 60)], capture_output=True, text=True, check=False
    )
    try:
        found = json.loads(done.stdout)
    except ValueError:
        return 1, (done.stderr.strip().splitlines() or ["no figures"])[-1][:200]
    # Caches fill first: over few fills their growth would be taken for a leak.
    growth = found["memory_mib_per_1000_fills"] if found["fills"] >= 2000 else None
    said = (
        f"{found['fills']} fills, {found['lost']} lost, {found['wrong']} wrong; "
        f"half within {found['latency_ms'].get('p50')} ms, 95 % within {found['latency_ms'].get('p95')} ms, "
        f"all within {found['latency_ms'].get('max')} ms; "
        f"memory {found['memory_mib']:.0f} MiB" + (f", {growth:+.1f} MiB per 1000 fills" if growth else "")
    )
    return found["lost"] + found["wrong"] + found["left_waiting_or_running"], said


def _first(wrong: list[str]) -> str:
    return f"; first flaw: {wrong[0]}" if wrong else ""


FOLDERS = ("NIGDT_STATE_DIR", "NIGDT_CONFIG_DIR", "NIGDT_DATA_DIR", "NIGDT_CACHE_DIR")
PARTS: tuple[tuple[str, int, Part], ...] = (
    ("hostile messages to the daemon", 50_000, messages),
    ("damaged pictures", 5_000, photos),
    ("damaged bundles and archives", 2_000, bundles),
    ("damaged connection and settings files", 5_000, connections),
    ("damaged folders of lost work", 2_000, recovery_folders),
    ("kills while a photo is saved over", 200, kill_part(works.save_over_original)),
    ("kills while unsaved work is kept", 200, kill_part(works.autosave)),
    ("kills while a bundle is replaced", 200, kill_part(works.replace_bundle)),
    ("kills of a training that goes on", 200, training_kills),
    ("failing calls, at most so many of a kind (ENOSPC, EIO)", 60, failures),
    ("seconds of a soak with 8 clients", 3_600, soak),
)


def run(scale: float, seed: int, soak_scale: float, only: str = "") -> list[Row]:
    """Run the parts, those whose name holds `only`, in folders of their own."""
    rows = []
    for what, full, part in PARTS:
        if only not in what:
            continue
        share = soak_scale if part is soak else scale
        with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
            folder = Path(name)
            for variable in FOLDERS:
                os.environ[variable] = str(folder / variable)
            (work := folder / "work").mkdir()
            stack.callback(lambda: [os.environ.pop(v, None) for v in FOLDERS])
            count, started = max(1, round(full * share)), time.monotonic()
            try:
                bad, said = part(count, seed, work)
            except Exception as error:  # the other parts' results are not to be lost with it
                traceback.print_exc()
                bad, said = 1, f"did not run to its end: {type(error).__name__}: {error}"
            rows.append(Row(what, count, bad, said, time.monotonic() - started))
            print(rows[-1], flush=True)
    return rows


def page(rows: list[Row], seed: int, scale: float) -> str:
    """Return the page with the table."""
    today = datetime.datetime.now(datetime.UTC).date()
    load = f"load {os.getloadavg()[2]:.0f}" if hasattr(os, "getloadavg") else "load unknown"
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {load}"
    lines = [
        "# Reliability",
        "",
        "This page reports what damage in bulk does to the program. It is measured and written by",
        "`python tests/campaign/run.py --write docs/reliability.md`. Everything is made from a seed, so",
        "every finding can be reproduced.",
        "",
        f"Last run: {today}, {machine}, Python {platform.python_version()}, seed {seed}, scale {scale:g}.",
        "",
        "| damage | tried | crashes, hangs, losses | what was seen | seconds |",
        "|---|---|---|---|---|",
        *(f"| {row.what} | {row.tried} | {row.bad} | {row.said} | {row.seconds:.0f} |" for row in rows),
        "",
        "A scale of 1 tries " + ", ".join(f"{full} {what}" for what, full, _ in PARTS) + ".",
        "",
        "Calls fail by `strace`; where no process may trace another, that part is skipped and says so.",
        "`--soak-scale` scales the soak alone, which takes an hour at 1.",
        "",
    ]
    return "\n".join(lines)


def main() -> int:
    """Run the campaign; 1 when anything was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="fraction of the full numbers")
    parser.add_argument("--soak-scale", type=float, help="fraction of the soak's hour; as --scale without it")
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--only", default="", metavar="WORDS", help="only the parts whose name holds them")
    parser.add_argument("--write", type=Path, help="page to write the table to")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    soak_scale = options.scale if options.soak_scale is None else options.soak_scale
    rows = run(options.scale, options.seed, soak_scale, options.only)
    text = page(rows, options.seed, options.scale)
    if options.write:
        options.write.write_text(text, encoding="utf-8")
    print(text)
    return int(any(row.bad for row in rows))


if __name__ == "__main__":
    sys.exit(main())
