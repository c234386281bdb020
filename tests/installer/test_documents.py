"""The pages a newcomer reads: what they link to exists, and the commands they show are understood."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from installer.cli import parser
from tests.installer.standin import ROOT

PAGES = ("README.md", "CHANGELOG.md", "docs/install.md")


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    source = ROOT / page
    for target in re.findall(r"\]\(([^)#]+)\)", source.read_text(encoding="utf-8")):
        if not target.startswith("https://"):
            assert (source.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES)
def test_installer_commands_are_understood(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for command in re.findall(r"^python3 installer ([^#\n]+)", text, flags=re.MULTILINE):
        assert parser().parse_args(command.split()).verb


def test_every_verb_is_in_the_page_about_installing() -> None:
    page = (ROOT / "docs/install.md").read_text(encoding="utf-8")
    actions = [a for a in parser()._actions if a.choices]
    assert actions
    for verb in actions[0].choices or ():
        assert f"| `{verb}" in page, verb


def test_the_demo_picture_is_small_enough_to_carry() -> None:
    picture = Path(ROOT / "docs/pictures/demo.jpg")
    assert 20_000 < picture.stat().st_size < 600_000
