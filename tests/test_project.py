"""The project's own files: one version number, and the site's pages."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import nigdt

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("nigdt", "backend/nigdt_backend", "plugin/nigdt_plugin", "training/nigdt_training")
VERSIONS = {
    "CITATION.cff": r"^version: (.+)$",
    "CHANGELOG.md": r"^## (\S+)",
}


@pytest.mark.parametrize("file", VERSIONS)
def test_every_version_number_is_that_of_the_package(file: str) -> None:
    found = re.search(VERSIONS[file], (ROOT / file).read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert found is not None
    assert found[1] == nigdt.__version__


def test_the_installed_version_is_the_one_in_the_source() -> None:
    assert importlib.metadata.version("nigdt") == nigdt.__version__


def test_the_command_line_prints_the_version() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nigdt", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"nigdt, version {nigdt.__version__}\n"


def test_the_citation_has_what_the_format_requires() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert {"type", "title", "authors"} <= citation["preferred-citation"].keys()


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_says_that_it_is_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").is_file()


def test_every_page_is_on_the_site() -> None:
    """Sphinx warns of pages that no table of contents holds; this says so without building the site."""
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    tables = "\n".join(re.findall(r"```\{toctree\}(.*?)```", index, flags=re.DOTALL))
    pages = {path.relative_to(ROOT / "docs").with_suffix("").as_posix() for path in ROOT.glob("docs/**/*.md")}
    assert pages - {"index"} == {line for line in tables.split() if re.fullmatch(r"[\w/-]+", line)} & pages
    assert len(pages) > 10
