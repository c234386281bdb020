"""Configuration of the site that Sphinx makes from these pages: `sphinx-build -W docs build/site`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "backend")]

_source = (ROOT / "nigdt" / "__init__.py").read_text(encoding="utf-8")
_version = re.search(r'^__version__ = "(.+)"$', _source, flags=re.MULTILINE)
assert _version is not None

project = "NIGDT"
author = "The NIGDT maintainers"
copyright = "the NIGDT maintainers, GPL-3.0-or-later"  # noqa: A001 - Sphinx names it so
version = release = _version[1]

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
exclude_patterns = ["_build"]

# GitHub and GitLab make the same anchors, so that links to sections work in both places.
myst_heading_anchors = 4

default_role = "code"  # docstrings put code between single backticks
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
napoleon_google_docstring = True
napoleon_numpy_docstring = False

# Each of these files outside this folder has a page of the site that includes it. Links lead to the files in
# the sources, as a forge needs it, and to the pages on the site.
PAGES = {
    "../README.md": "/index.md",
    "../CHANGELOG.md": "/site/changelog.md",
    "../CONTRIBUTING.md": "/site/contributing.md",
    "../SECURITY.md": "/site/security.md",
    "../nigdt/bundles/nigdt-small/README.md": "/site/model-card.md",
}


def setup(app: Sphinx) -> None:
    """Lead links to files outside this folder to the pages that include them."""

    def on_read(_app: Sphinx, _name: str, source: list[str]) -> None:
        for outside, page in PAGES.items():
            source[0] = source[0].replace(f"]({outside}", f"]({page}")

    def on_include(_app: Sphinx, _path: Path, _parent: str, source: list[str]) -> None:
        for outside, page in PAGES.items():
            source[0] = source[0].replace(f"]({outside.removeprefix('../')}", f"]({page}")

    app.connect("source-read", on_read)
    app.connect("include-read", on_include)


html_theme = "furo"
html_title = f"NIGDT {version}"
html_theme_options = {"sidebar_hide_name": False}
html_copy_source = False
