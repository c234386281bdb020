"""A verb is a list of steps; each knows whether it is still needed, so a run resumes where the last ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from installer.installation import Installation


@dataclass(frozen=True)
class Step:
    """One thing to do.

    Attributes:
        title: what, in the imperative ("Make the virtual environment .venv").
        act: does it; must be safe to repeat after having been killed halfway.
        settled: why there is nothing to do ("Python 3.11.7"), or None when there is. Changes nothing.
        preview: what a dry run shows under the title: commands, files.
    """

    title: str
    act: Callable[[], None]
    settled: Callable[[], str | None] = lambda: None
    preview: Callable[[], Iterable[str]] = tuple


def perform(installation: Installation, steps: Iterable[Step]) -> None:
    """Do the steps that are not settled yet, in order; in a dry run only show them."""
    journal = installation.journal
    for step in steps:
        reason = step.settled()
        if reason is not None:
            journal.say(f"==> {step.title}: nothing to do ({reason})")
        elif installation.dry_run:
            journal.say(f"==> would: {step.title}")
            for line in step.preview():
                journal.say(f"      {line}")
        else:
            with journal.step(step.title):
                step.act()
