"""What a filled layer remembers about itself: a parasite with ASCII JSON, kept in XCF files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from nigdt import __version__
from nigdt.recipe import Recipe

NAME = "nigdt-fill"
FORMAT = 2


def describe(recipe: Recipe) -> bytes:
    """Return the parasite's data for one fill."""
    return _data(recipe=recipe.to_dict())


def describe_applied(fills: Sequence[Any]) -> bytes:
    """Return the data for a layer from the panel, which may consist of several fills, as it told them."""
    return _data(fills=list(fills))


def _data(**content: Any) -> bytes:
    record = {"format": FORMAT, "made by": f"NIGDT {__version__}", **content}
    return json.dumps(record, ensure_ascii=True).encode("ascii")
