"""The verbs of `python3 installer` and their options."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from types import FrameType

from installer import checks, demo
from installer.errors import InstallError
from installer.journal import Journal, seconds
from installer.libraries import library_step
from installer.lock import exclusive
from installer.packages import Wanted, install_steps, parse_extras
from installer.session import Session
from installer.steps import perform

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_EXTRAS = "backend,panel"

Verb = Callable[[Session, argparse.Namespace], None]


def wanted(options: argparse.Namespace, always: str = "") -> Wanted:
    """What the options ask to install, with the extras a verb cannot do without."""
    extras = parse_extras(",".join(filter(None, (always, options.extras))))
    return Wanted(extras, cpu=options.cpu, offline=options.offline.resolve() if options.offline else None)


def install(session: Session, options: argparse.Namespace) -> None:
    """`install`: the environment, ready to use."""
    what = wanted(options)
    libraries = library_step(session, qt="panel" in what.extras, required=False)
    perform(session, [libraries, *install_steps(session, what)])
    if not session.dry_run:
        session.journal.say(f"\nReady. Try:  {session.script('nigdt')} --help")


def run_demo(session: Session, options: argparse.Namespace) -> None:
    """`demo`: install, then fill a described region of a photograph."""
    what = wanted(options, DEFAULT_EXTRAS)
    libraries = library_step(session, qt=True, required=False)
    perform(session, [libraries, *install_steps(session, what), *demo.steps(session, options.output)])
    demo.show(session, options.output, panel=not options.no_panel)


def run_test(session: Session, options: argparse.Namespace) -> None:
    """`test`: install what the tests need and run every check."""
    what = wanted(options, f"{DEFAULT_EXTRAS},training,dev")
    libraries = library_step(session, qt=True, required=True)
    perform(session, [libraries, *install_steps(session, what)])
    checks.run(session, options.pytest)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="python3 installer",
        description="Install, try, test, remove NIGDT. Interrupted? Run the same command again: it goes on.",
        epilog="example: python3 installer demo",
    )
    verbs = top.add_subparsers(dest="verb", metavar="VERB", required=True)

    def verb(name: str, act: Verb, help_text: str, *, installs: bool = False) -> argparse.ArgumentParser:
        added = verbs.add_parser(name, help=help_text, description=help_text)
        added.set_defaults(act=act)
        added.add_argument("--dry-run", action="store_true", help="show every step and change nothing")
        if installs:
            added.add_argument(
                "--cpu", action="store_true", help="take torch's CPU build whatever the machine has"
            )
            added.add_argument(
                "--offline", type=Path, metavar="FOLDER", help="install from a folder of wheels"
            )
            default = DEFAULT_EXTRAS if name == "install" else ""
            added.add_argument(
                "--extras", default=default, metavar="A,B", help="backend, panel, training, dev"
            )
        return added

    verb("install", install, "make the environment .venv with everything to use NIGDT", installs=True)
    added = verb(
        "demo", run_demo, "install, fill a described region of a photograph, write demo.png", installs=True
    )
    added.add_argument("--output", type=Path, default=ROOT / "demo.png", help="where the picture goes")
    added.add_argument("--no-panel", action="store_true", help="do not open the panel afterwards")
    added = verb("test", run_test, "install what the tests need and run all checks", installs=True)
    added.add_argument("pytest", nargs="*", metavar="ARGUMENT", help="passed to pytest, after --")
    return top


def _terminated(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def main(arguments: Sequence[str]) -> int:
    """Run one verb; returns the exit status: 0 done, 1 failed, 2 misused, 130 interrupted."""
    options = parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _terminated)
    start = time.monotonic()
    log = None if options.dry_run else ROOT / ".cache" / "installer.log"
    journal = Journal(log)
    session = Session(ROOT, journal, dry_run=options.dry_run)
    try:
        with (
            nullcontext() if options.dry_run else exclusive(session.cache / "installer.lock", journal) as lock
        ):
            session.lock = lock
            options.act(session, options)
    except InstallError as error:
        journal.say(f"\nError: {error.message}.")
        if error.remedy:
            journal.say(f"  What to do: {error.remedy}.")
        return 1
    except KeyboardInterrupt:
        journal.say("\nInterrupted. Run the same command again: it goes on where it stopped.")
        return 130
    except OSError as error:
        journal.say(
            f"\nError: {error}.\n  What to do: check free space and rights, then run the same command again."
        )
        return 1
    journal.say(
        f"\n{options.verb}: finished in {seconds(time.monotonic() - start)}"
        + (f", log in {log}" if log else "")
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
