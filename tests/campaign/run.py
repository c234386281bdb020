"""Run the campaign: `python tests/campaign/run.py [--scale 1.0] [--seed 17] [--write docs/reliability.md]`.

Every part makes damage of one kind from the seed, and counts what the program did with it. The command fails
when a part finds a crash, a hang or a loss.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner
from nigdt_backend.client import Client
from nigdt_backend.connection import Connection, read_connection, write_connection
from nigdt_backend.daemon.settings import Settings, SettingsError
from nigdt_backend.daemon.sockets import KeyPair
from nigdt_backend.protocol import FillRequest

from nigdt.bundle.bundle import find_bundle, list_bundles
from nigdt.bundle.exchange import recover
from nigdt.commands.models import models
from nigdt.errors import BundleError
from nigdt.recipe import Recipe

sys.path.insert(0, str(Path(__file__).parent))
from bundles import damage, damaged_archive
from messages import Bystander, pour

STUB = [sys.executable, str(Path(__file__).parents[1] / "backend" / "stub_daemon.py")]
KILLED = """
import sys
from pathlib import Path
from nigdt.bundle.exchange import replaced
while True:
    with replaced(Path(sys.argv[1])) as new:
        for number in range(20):
            (new / str(number)).write_bytes(sys.argv[2].encode() * 2000)
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

    with Client.connect(command=STUB, timeout=120) as client:
        pid = client.status()["pid"]
        with Bystander(small) as quiet:
            while len(quiet.seconds) < 40:
                client.events(0.1)
        with Bystander(small) as other:
            pour(client, count, seed)
        died = client.status()["pid"] != pid
        client.shutdown()
    before, during = statistics.median(quiet.seconds), statistics.median(other.seconds)
    said = f"{len(other.seconds)} fills of a bystander, median {during:.3f} s ({before:.3f} s when quiet)"
    return len(other.failures) + died, said


def bundles(count: int, seed: int, folder: Path) -> tuple[int, str]:
    """Damaged bundles and archives that are to be added."""
    whole, draw, bad, refused = find_bundle().folder, random.Random(seed), 0, 0
    for number in range(count):
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
    whole = {path: path.read_bytes(), settings: b"threads: 2\nbatch_variants: 4\nlog_level: info\n"}
    for number in range(count):
        place = (path, settings)[number % 2]
        content = bytearray(whole[place])
        for _ in range(draw.randrange(1, 8)):
            at = draw.randrange(len(content) + 1)
            content[at : at + draw.randrange(4)] = draw.randbytes(draw.randrange(4))
        place.write_bytes(content[: draw.choice([None, draw.randrange(len(content) + 1)])])
        try:
            none += read_connection(path) is None if place is path else Settings.read(settings) is None
        except SettingsError as error:
            none += 1
            bad += "\n" in str(error)
        except Exception:  # whatever escapes is what is looked for
            bad += 1
    return bad, f"{none} taken for none or refused in one line"


def kills(count: int, seed: int, folder: Path) -> tuple[int, str]:
    """Kills at random moments of replacing a folder."""
    draw, bad, target = random.Random(seed), 0, folder / "mine"
    for number in range(count):
        letter = "ab"[number % 2]
        writer = subprocess.Popen([sys.executable, "-c", KILLED, str(target), letter])
        time.sleep(0.4 + 0.6 * draw.random())
        writer.kill()
        writer.wait()
        recover(folder)
        if target.exists():
            contents = {file.read_bytes() for file in target.iterdir()}
            bad += len(list(target.iterdir())) != 20 or len(contents) != 1
        bad += any(path != target for path in folder.iterdir())
    return bad, "the folder was whole, old or new, and nothing was left beside it"


PARTS: tuple[tuple[str, int, Part], ...] = (
    ("hostile messages to the daemon", 50_000, messages),
    ("damaged bundles and archives", 2_000, bundles),
    ("damaged connection and settings files", 5_000, connections),
    ("kills while a bundle is replaced", 200, kills),
)


def run(scale: float, seed: int) -> list[Row]:
    """Run all parts in folders of their own."""
    rows = []
    for what, full, part in PARTS:
        with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
            folder = Path(name)
            for variable in ("NIGDT_STATE_DIR", "NIGDT_CONFIG_DIR", "NIGDT_DATA_DIR"):
                os.environ[variable] = str(folder / variable)
            (work := folder / "work").mkdir()
            stack.callback(lambda: [os.environ.pop(v, None) for v in ("NIGDT_STATE_DIR", "NIGDT_DATA_DIR")])
            count, started = max(1, round(full * scale)), time.monotonic()
            bad, said = part(count, seed, work)
            rows.append(Row(what, count, bad, said, time.monotonic() - started))
            print(rows[-1], flush=True)
    return rows


def page(rows: list[Row], seed: int, scale: float) -> str:
    """Return the page with the table."""
    today = datetime.datetime.now(datetime.UTC).date()
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    lines = [
        "# Reliability",
        "",
        "What damage in bulk does to the program. `python tests/campaign/run.py --write docs/reliability.md`",
        "measures it and writes this page. Everything is made from a seed, so a finding can be made again.",
        "",
        f"Last run: {today}, {machine}, Python {platform.python_version()}, seed {seed}, scale {scale:g}.",
        "",
        "| damage | tried | crashes, hangs, losses | what was seen | seconds |",
        "|---|---|---|---|---|",
        *(f"| {row.what} | {row.tried} | {row.bad} | {row.said} | {row.seconds:.0f} |" for row in rows),
        "",
        "A scale of 1 tries " + ", ".join(f"{full} {what}" for what, full, _ in PARTS) + ".",
        "",
        "Photos' formats, saving and recovery have damage of their own in the test suite:",
        "`tests/nigdt/test_damaged_photos.py`, `tests/plugin/test_saving.py` and",
        "`tests/plugin/test_recovery.py`.",
        "",
    ]
    return "\n".join(lines)


def main() -> int:
    """Run the campaign; 1 when anything was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full numbers")
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--write", type=Path, help="page to write the table to")
    options = parser.parse_args()
    rows = run(options.scale, options.seed)
    text = page(rows, options.seed, options.scale)
    if options.write:
        options.write.write_text(text, encoding="utf-8")
    print(text)
    return int(any(row.bad for row in rows))


if __name__ == "__main__":
    sys.exit(main())
