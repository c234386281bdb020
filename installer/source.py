"""`update`: the newest source, by git, without touching anyone's own changes."""

from __future__ import annotations

import shutil

from installer.errors import InstallError
from installer.session import Session
from installer.steps import Step


def steps(session: Session) -> list[Step]:
    """Fetch and fast-forward the checkout; a folder without git is left as it is."""

    def settled() -> str | None:
        if not (session.root / ".git").exists() or shutil.which("git") is None:
            return "not a git checkout: unpack a newer version over this folder to update it"
        if session.output(["git", "rev-parse", "--abbrev-ref", "@{upstream}"]) is None:
            return "the branch follows no other"
        return None

    def act() -> None:
        if (session.output(["git", "status", "--porcelain", "--untracked-files=no"]) or "").strip():
            raise InstallError(
                "This folder has changes of your own.", "Commit them, or discard them with `git restore .`."
            )
        session.run(["git", "pull", "--ff-only", "--quiet"], doing="get the newest version")

    return [Step("Get the newest version", act, settled, lambda: ["git pull --ff-only"])]
