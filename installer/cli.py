"""The verbs of `python3 installer` and their options."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from io import TextIOWrapper
from pathlib import Path
from types import FrameType

from installer import checks, demo, desktop, doctor, environment, gimp, offline, remove, source
from installer.errors import InstallError
from installer.journal import Journal, seconds
from installer.libraries import library_step
from installer.lock import exclusive
from installer.packages import EXTRAS, Wanted, install_steps, parse_extras
from installer.session import Session, diagnose
from installer.steps import Step, perform

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_EXTRAS = "backend,panel"

Verb = Callable[[Session, argparse.Namespace], None]


def wanted(options: argparse.Namespace, always: str = "") -> Wanted:
    """Return what the options ask to install, with the extras a verb cannot do without."""
    extras = parse_extras(",".join(filter(None, (always, options.extras))))
    folder = options.offline.resolve() if options.offline else None
    return Wanted(extras, cpu=options.cpu, offline=folder, locked=getattr(options, "locked", False))


def preparation(session: Session, what: Wanted, *, qt: bool, required: bool = False) -> list[Step]:
    """System libraries, the offline folder's hashes, then the environment."""
    made = [library_step(session, qt=qt, required=required)]
    if what.offline:
        made.append(offline.check_step(session, what.offline))
    return [*made, *install_steps(session, what)]


def install(session: Session, options: argparse.Namespace) -> None:
    """`install`: the environment, ready to use."""
    what = wanted(options)
    perform(session, preparation(session, what, qt="panel" in what.extras))
    if not session.dry_run:
        session.journal.say(f"\nReady. Try:  {session.script('nigdt')} --help")


def run_demo(session: Session, options: argparse.Namespace) -> None:
    """`demo`: install, then fill a described region of a photograph."""
    what = wanted(options, DEFAULT_EXTRAS)
    output = options.output.resolve()
    perform(session, [*preparation(session, what, qt=True), *demo.steps(session, output)])
    demo.show(session, output, panel=not options.no_panel)


def run_test(session: Session, options: argparse.Namespace) -> None:
    """`test`: install what the tests need and run every check."""
    what = wanted(options, f"{DEFAULT_EXTRAS},training,docs,dev")
    perform(session, preparation(session, what, qt=True, required=True))
    checks.run(session, options.pytest)


def attempt(session: Session, act: Callable[[], None]) -> str | None:
    """Do one part of several; returns why it failed, having told the remedy, or None."""
    try:
        act()
    except (InstallError, OSError) as error:
        reason, remedy = str(error), getattr(error, "remedy", "")
    except Exception as error:
        reason, remedy = f"{type(error).__name__}: {error}", ""
        session.journal.note(traceback.format_exc())
    else:
        return None
    session.journal.say(f"    failed: {reason}")
    if remedy:
        session.journal.say(f"    what to do: {remedy}")
    return reason


def each(session: Session, parts: Mapping[str, Callable[[], None]]) -> None:
    """Do all parts, whichever of them fail.

    Args:
        session: this run.
        parts: what each does, by a name for people.

    Raises:
        InstallError: at least one failed; the others are done.
    """
    reasons = {name: attempt(session, act) for name, act in parts.items()}
    failed = [f"{name} ({reason})" for name, reason in reasons.items() if reason]
    if failed:
        raise InstallError(
            f"This could not be made: {'; '.join(failed)}.",
            "All else is in place. Run the same command again once the cause is gone.",
        )


def set_up(session: Session, options: argparse.Namespace) -> None:
    """Run `setup`: all that someone needs who never opens a terminal. The files to double-click run it."""
    what = wanted(options, DEFAULT_EXTRAS)
    perform(session, preparation(session, what, qt=True))
    found = gimp.profiles()

    def into_menu() -> None:
        perform(session, desktop.steps(session))

    def into_profiles() -> None:
        if found:
            perform(session, gimp.steps(session, what.offline))

    each(session, {"the menu entry": into_menu, "the GIMP plug-in": into_profiles})
    if session.dry_run:
        return
    session.journal.say("\nNIGDT is installed. You find it in your applications menu.")
    session.journal.say(
        "In GIMP it is under Filters > NIGDT; if GIMP is open, close it and start it anew."
        if found
        else "For NIGDT inside GIMP: install GIMP 3 or newer, start it once, close it, and run this again."
    )


def into_gimp(session: Session, options: argparse.Namespace) -> None:
    """`gimp`: the plug-in into every GIMP 3 profile, or out of them."""
    if options.remove:
        perform(session, gimp.removal_steps())
        return
    folder = options.offline.resolve() if options.offline else None
    perform(session, gimp.steps(session, folder))
    if not session.dry_run:
        session.journal.say("\nRestart GIMP; the plug-in is under Filters > NIGDT.")
        if not session.python.exists():
            session.journal.say("NIGDT itself is not installed yet; run: python3 installer install")


def into_desktop(session: Session, options: argparse.Namespace) -> None:
    """`desktop`: menu entry, icon, picture types and the daemon's unit, or out again."""
    perform(session, desktop.removal_steps(session) if options.remove else desktop.steps(session))
    if not session.dry_run and not options.remove and sys.platform == "linux":
        session.journal.say(
            f"\nTo have the daemon start at login: {session.script('nigdt')} serve --at-login on"
        )


def update(session: Session, options: argparse.Namespace) -> None:
    """`update`: newest source, packages to match, plug-in and desktop files where they are."""
    extras = environment.read_stamp(session).get("project", {}).get("extras") or parse_extras(DEFAULT_EXTRAS)
    folder = options.offline.resolve() if options.offline else None
    what = Wanted(tuple(extras), cpu=options.cpu, offline=folder)
    perform(session, source.steps(session))
    perform(session, preparation(session, what, qt="panel" in what.extras))
    if gimp.removal_steps():
        perform(session, gimp.steps(session, folder))
    if desktop.removal_steps(session):
        perform(session, desktop.steps(session))
    if not session.dry_run:
        remove.stop_daemon(session)


def uninstall(session: Session, options: argparse.Namespace) -> None:
    """`uninstall`: away with what the installer made."""
    purge = remove.Purge.of(session) if options.purge else None
    made = remove.steps(session, purge)
    if purge is not None and not options.yes and not session.dry_run:
        remove.confirm(session, purge)
    perform(session, made)
    for line in purge.stays if purge is not None else ():
        session.journal.say(f"    {line}")
    if not session.dry_run and not options.purge:
        session.journal.say("\nYour own model bundles, history and settings stay; --purge deletes them too.")


def run_doctor(session: Session, _options: argparse.Namespace) -> None:
    """`doctor`: what is there and what is missing."""
    doctor.run(session)


def offline_bundle(session: Session, options: argparse.Namespace) -> None:
    """`offline-bundle`: a folder of wheels for a machine without network."""
    what = Wanted(parse_extras(options.extras), cpu=options.cpu)
    perform(
        session, [environment.venv_step(session), *offline.steps(session, what, options.folder.resolve())]
    )


def parser() -> argparse.ArgumentParser:
    """Build the command line."""
    top = argparse.ArgumentParser(
        prog="python3 installer",
        description="Install, try, test, remove NIGDT. Interrupted? Run the same command again: it goes on.",
        epilog="example: python3 installer demo",
    )
    verbs = top.add_subparsers(dest="verb", metavar="VERB", required=True)

    def verb(name: str, act: Verb, help_text: str) -> argparse.ArgumentParser:
        added = verbs.add_parser(name, help=help_text, description=help_text)
        added.set_defaults(act=act)
        added.add_argument("--dry-run", action="store_true", help="show every step and change nothing")
        return added

    def cpu(added: argparse.ArgumentParser) -> None:
        added.add_argument(
            "--cpu", action="store_true", help="take torch's CPU build whatever the machine has"
        )

    def from_folder(added: argparse.ArgumentParser) -> None:
        added.add_argument(
            "--offline", type=Path, metavar="FOLDER", help="use a folder of wheels, no network"
        )

    def extras(added: argparse.ArgumentParser, default: str) -> None:
        added.add_argument("--extras", default=default, metavar="A,B", help=f"of: {', '.join(EXTRAS)}")

    added = verb("install", install, "make the environment .venv with everything to use NIGDT")
    added.add_argument(
        "--locked", action="store_true", help="exactly the tested versions, each file checked by its hash"
    )
    cpu(added)
    from_folder(added)
    extras(added, DEFAULT_EXTRAS)
    added = verb("demo", run_demo, "install, fill a described region of a photograph, write demo.png")
    cpu(added)
    from_folder(added)
    extras(added, "")
    added.add_argument("--output", type=Path, default=ROOT / "demo.png", help="where the picture goes")
    added.add_argument("--no-panel", action="store_true", help="do not open the panel afterwards")
    added = verb("test", run_test, "install what the tests need and run all checks")
    cpu(added)
    from_folder(added)
    extras(added, "")
    added.add_argument("pytest", nargs="*", metavar="ARGUMENT", help="passed to pytest, after --")
    added = verb("setup", set_up, "install, add NIGDT to the menu, and put it into GIMP, in one go")
    cpu(added)
    from_folder(added)
    extras(added, "")
    added = verb("gimp", into_gimp, "put the plug-in into every GIMP 3 profile, Flatpak and Snap included")
    from_folder(added)
    added.add_argument("--remove", action="store_true", help="take it out again")
    added = verb("desktop", into_desktop, "add a menu entry, icon, picture types and a service of the user")
    added.add_argument("--remove", action="store_true", help="take them away again")
    added = verb("update", update, "get the newest version and bring everything installed up to it")
    cpu(added)
    from_folder(added)
    added = verb("uninstall", uninstall, "remove everything the installer made, but nothing of your own")
    added.add_argument("--yes", action="store_true", help="with --purge: do not ask")
    added.add_argument("--purge", action="store_true", help="delete your bundles, history and settings too")
    verb("doctor", run_doctor, "say what is there, what is missing and what to do about it")
    added = verb("offline-bundle", offline_bundle, "make a folder of wheels for a machine without network")
    added.add_argument("folder", type=Path, metavar="FOLDER", help="where the wheels go")
    cpu(added)
    extras(added, DEFAULT_EXTRAS)
    return top


def _terminated(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def main(arguments: Sequence[str]) -> int:
    """Run one verb; returns the exit status: 0 done, 1 failed, 2 misused, 130 interrupted."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a console may know fewer characters than pip uses
            stream.reconfigure(errors="replace")
    try:
        try:
            return _run(arguments)
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except OSError as error:
        # Whoever read along has gone, as in `... | head`, or the output goes to a full disk; nothing can be
        # said there any more, not even at exit.
        if not isinstance(error, BrokenPipeError) and sys.stderr is not None:
            with suppress(OSError):
                sys.stderr.write(
                    f"Cannot write the output: {error.strerror}.\n"
                    "  What to do: Let it go to another place, then run the same command again.\n"
                )
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _run(arguments: Sequence[str]) -> int:
    options = parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _terminated)
    start = time.monotonic()
    log = None if options.dry_run else ROOT / ".cache" / "installer.log"
    journal = Journal(log)
    session = Session(ROOT, journal, dry_run=options.dry_run)
    try:
        if options.verb != "uninstall":
            environment.check_name(session.root)
        with (
            nullcontext() if options.dry_run else exclusive(session.cache / "installer.lock", journal) as lock
        ):
            session.lock = lock
            options.act(session, options)
            if not options.dry_run and options.verb in ("install", "demo", "setup", "test", "update"):
                remove.record(session)
    except InstallError as error:
        journal.say(f"\nError: {error.message}")
        if error.remedy:
            journal.say(f"  What to do: {error.remedy}")
        return 1
    except KeyboardInterrupt:
        journal.say("\nInterrupted. Run the same command again: it continues where it stopped.")
        return 130
    except BrokenPipeError:
        raise
    except OSError as error:
        _cause, remedy = diagnose(str(error)) or (
            "",
            "Check free space and permissions, then run the same command again.",
        )
        journal.say(f"\nError: {error}.\n  What to do: {remedy}")
        return 1
    journal.say(
        f"\n{options.verb}: finished in {seconds(time.monotonic() - start)}"
        + (f", log in {log}" if log else "")
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
