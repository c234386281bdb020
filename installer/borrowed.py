"""Load modules of other packages that need only the standard library, before there is any environment.

They are loaded by their file, so they cannot import their own package either.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from installer.errors import InstallError


def borrow(root: Path, relative: str) -> ModuleType:
    """Load a module from its file in the checkout.

    Args:
        root: the checkout.
        relative: the file, like `plugin/gimp/assemble.py`.

    Raises:
        InstallError: there is no such file.
    """
    source = root / relative
    if not source.is_file():
        raise InstallError(f"{source} is missing.", "This folder is incomplete: get the whole project again.")
    specification = importlib.util.spec_from_file_location(f"borrowed_{source.stem}", source)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module  # dataclasses look their module up there
    specification.loader.exec_module(module)
    return module
