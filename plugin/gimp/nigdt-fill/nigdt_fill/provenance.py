"""What a filled layer remembers about itself: a parasite with ASCII JSON, kept in XCF files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from nigdt_fill.plan import Settings

NAME = "nigdt-fill"
FORMAT = 1


def describe(settings: Settings, variant: Mapping[str, Any], version: str) -> bytes:
    """Return the parasite's data.

    Args:
        settings: What was asked for.
        variant: The recipe of this layer's answer, as sent.
        version: Of NIGDT.
    """
    record = {
        "format": FORMAT,
        "made by": f"NIGDT {version}",
        "caption": settings.caption,
        "seed": variant.get("seed"),
        "model": settings.model,
        "context": settings.context,
        "grow": settings.grow,
        "feather": settings.feather,
    }
    return json.dumps(record, ensure_ascii=True).encode("ascii")


def describe_applied(record: Mapping[str, Any], version: str) -> bytes:
    """Return the data for a layer that came back from the panel with its own `record`."""
    return json.dumps({"format": FORMAT, "made by": f"NIGDT {version}", **record}, ensure_ascii=True).encode(
        "ascii"
    )
