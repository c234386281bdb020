"""`update`: the newest source, by git, without touching anyone's own changes."""

from __future__ import annotations

import shutil

from installer.errors import InstallError
from installer.installation import Installation
from installer.steps import Step


def steps(installation: Installation) -> list[Step]:
    """Fetch and fast-forward the checkout; a folder without git is left as it is."""

    def settled() -> str | None:
        if not (installation.root / ".git").exists() or shutil.which("git") is None:
            return "not a git checkout: unpack a newer version over this folder to update it"
        if installation.output(["git", "rev-parse", "--abbrev-ref", "@{upstream}"]) is None:
            return "the branch follows no other"
        return None

    def act() -> None:
        if (installation.output(["git", "status", "--porcelain", "--untracked-files=no"]) or "").strip():
            raise InstallError(
                "This folder has changes of your own.", "Commit them, or discard them with `git restore .`."
            )
        installation.run(["git", "pull", "--ff-only", "--quiet"], doing="get the newest version")

    return [Step("Get the newest version", act, settled, lambda: ["git pull --ff-only"])]
