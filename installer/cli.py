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
from installer.borrowed import borrow
from installer.errors import InstallError
from installer.installation import Installation, diagnose
from installer.journal import Journal, seconds
from installer.libraries import library_step
from installer.lock import exclusive
from installer.packages import EXTRAS, Wanted, install_steps, parse_extras
from installer.steps import Step, perform

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_EXTRAS = "backend,panel"

Verb = Callable[[Installation, argparse.Namespace], None]


def wanted(options: argparse.Namespace, always: str = "") -> Wanted:
    """Return what the options ask to install, with the extras a verb cannot do without."""
    extras = parse_extras(",".join(filter(None, (always, options.extras))))
    folder = options.offline.resolve() if options.offline else None
    return Wanted(extras, cpu=options.cpu, offline=folder, locked=getattr(options, "locked", False))


def preparation(installation: Installation, what: Wanted, *, qt: bool, required: bool = False) -> list[Step]:
    """System libraries, the offline folder's hashes, then the environment."""
    made = [library_step(installation, qt=qt, required=required)]
    if what.offline:
        made.append(offline.check_step(installation, what.offline))
    return [*made, *install_steps(installation, what)]


def install(installation: Installation, options: argparse.Namespace) -> None:
    """`install`: the environment, ready to use."""
    what = wanted(options)
    perform(installation, preparation(installation, what, qt="panel" in what.extras))
    if not installation.dry_run:
        installation.journal.say(f"\nReady. Try:  {installation.script('nigdt')} --help")


def run_demo(installation: Installation, options: argparse.Namespace) -> None:
    """`demo`: install, then fill a described region of a photograph."""
    what = wanted(options, DEFAULT_EXTRAS)
    output = options.output.resolve()
    perform(installation, [*preparation(installation, what, qt=True), *demo.steps(installation, output)])
    demo.show(installation, output, panel=not options.no_panel)


def run_test(installation: Installation, options: argparse.Namespace) -> None:
    """`test`: install what the tests need and run every check."""
    what = wanted(options, f"{DEFAULT_EXTRAS},training,docs,dev")
    perform(installation, preparation(installation, what, qt=True, required=True))
    checks.run(installation, options.pytest)


def attempt(installation: Installation, act: Callable[[], None]) -> str | None:
    """Do one part of several; returns why it failed, having told the remedy, or None."""
    try:
        act()
    except (InstallError, OSError) as error:
        reason, remedy = str(error), getattr(error, "remedy", "")
    except Exception as error:
        reason, remedy = f"{type(error).__name__}: {error}", ""
        installation.journal.note(traceback.format_exc())
    else:
        return None
    installation.journal.say(f"    failed: {reason}")
    if remedy:
        installation.journal.say(f"    what to do: {remedy}")
    return reason


def each(installation: Installation, parts: Mapping[str, Callable[[], None]]) -> None:
    """Do all parts, whichever of them fail.

    Args:
        installation: where to work, and with what.
        parts: what each does, by a name for people.

    Raises:
        InstallError: at least one failed; the others are done.
    """
    reasons = {name: attempt(installation, act) for name, act in parts.items()}
    failed = [f"{name} ({reason})" for name, reason in reasons.items() if reason]
    if failed:
        raise InstallError(
            f"This could not be made: {'; '.join(failed)}.",
            "All else is in place. Run the same command again once the cause is gone.",
        )


def set_up(installation: Installation, options: argparse.Namespace) -> None:
    """Run `setup`: all that someone needs who never opens a terminal. The files to double-click run it."""
    what = wanted(options, DEFAULT_EXTRAS)
    perform(installation, preparation(installation, what, qt=True))
    found = gimp.profiles()

    def into_menu() -> None:
        perform(installation, desktop.steps(installation))

    def into_profiles() -> None:
        if found:
            perform(installation, gimp.steps(installation, what.offline))

    each(installation, {"the menu entry": into_menu, "the GIMP plug-in": into_profiles})
    if installation.dry_run:
        return
    installation.journal.say("\nNIGDT is installed. You find it in your applications menu.")
    installation.journal.say(
        "In GIMP it is under Filters > NIGDT; if GIMP is open, close it and start it anew."
        if found
        else "For NIGDT inside GIMP: install GIMP 3 or newer, start it once, close it, and run this again."
    )


def into_gimp(installation: Installation, options: argparse.Namespace) -> None:
    """`gimp`: the plug-in into every GIMP 3 profile, or out of them."""
    if options.remove:
        perform(installation, gimp.removal_steps())
        return
    folder = options.offline.resolve() if options.offline else None
    perform(installation, gimp.steps(installation, folder))
    if not installation.dry_run:
        installation.journal.say("\nRestart GIMP; the plug-in is under Filters > NIGDT.")
        if not installation.python.exists():
            installation.journal.say("NIGDT itself is not installed yet; run: python3 installer install")


def into_desktop(installation: Installation, options: argparse.Namespace) -> None:
    """`desktop`: menu entry, icon, picture types and the daemon's unit, or out again."""
    perform(
        installation, desktop.removal_steps(installation) if options.remove else desktop.steps(installation)
    )
    if not installation.dry_run and not options.remove and sys.platform == "linux":
        installation.journal.say(
            f"\nTo have the daemon start at login: {installation.script('nigdt')} serve --at-login on"
        )


def update(installation: Installation, options: argparse.Namespace) -> None:
    """`update`: newest source, packages to match, plug-in and desktop files where they are."""
    extras = environment.read_stamp(installation).get("project", {}).get("extras") or parse_extras(
        DEFAULT_EXTRAS
    )
    folder = options.offline.resolve() if options.offline else None
    what = Wanted(tuple(extras), cpu=options.cpu, offline=folder)
    perform(installation, source.steps(installation))
    perform(installation, preparation(installation, what, qt="panel" in what.extras))
    if gimp.removal_steps():
        perform(installation, gimp.steps(installation, folder))
    if desktop.removal_steps(installation):
        perform(installation, desktop.steps(installation))
    if not installation.dry_run:
        remove.stop_daemon(installation)


def uninstall(installation: Installation, options: argparse.Namespace) -> None:
    """`uninstall`: away with what the installer made."""
    purge = remove.Purge.of(installation) if options.purge else None
    made = remove.steps(installation, purge)
    if purge is not None and not options.yes and not installation.dry_run:
        remove.confirm(installation, purge)
    perform(installation, made)
    for line in purge.stays if purge is not None else ():
        installation.journal.say(f"    {line}")
    if not installation.dry_run and not options.purge:
        installation.journal.say(
            "\nYour own model bundles, history and settings stay; --purge deletes them too."
        )


def run_doctor(installation: Installation, _options: argparse.Namespace) -> None:
    """`doctor`: what is there and what is missing."""
    doctor.run(installation)


def offline_bundle(installation: Installation, options: argparse.Namespace) -> None:
    """`offline-bundle`: a folder of wheels for a machine without network."""
    what = Wanted(parse_extras(options.extras), cpu=options.cpu)
    perform(
        installation,
        [environment.venv_step(installation), *offline.steps(installation, what, options.folder.resolve())],
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
    installation = Installation(ROOT, journal, dry_run=options.dry_run)
    try:
        if options.verb != "uninstall":
            environment.check_name(installation.root)
        with (
            nullcontext()
            if options.dry_run
            else exclusive(installation.cache / "installer.lock", journal) as lock
        ):
            installation.lock = lock
            options.act(installation, options)
            if not options.dry_run and options.verb in ("install", "demo", "setup", "test", "update"):
                remove.record(installation)
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
    except RuntimeError as error:
        errors = borrow(Path(__file__).resolve().parent.parent, "nigdt/errors.py")
        if not errors.is_unknown_home(error):
            raise
        message, hint = errors.UNKNOWN_HOME
        journal.say(f"\nError: {message}\n  What to do: {hint} Then run the same command again.")
        return 1
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
