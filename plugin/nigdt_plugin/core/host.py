"""Handing the result back to a program that opened the panel (docs/panel.md, "Hosts")."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from nigdt.photo.provenance import record
from nigdt_plugin.core.document import Document
from nigdt_plugin.core.files import write_atomically, write_json
from nigdt_plugin.core.layers import covered, lone_colour
from nigdt_plugin.core.saving import drawn

FORMAT = 2


@dataclass(frozen=True)
class Host:
    """A host waiting for a result in `folder`."""

    folder: Path

    def cancelled(self) -> None:
        """Say that the user left without a result."""
        self._say({"status": "cancelled"})

    def applied(self, document: Document) -> None:
        """Write the visible layers as one RGBA picture and say where it belongs.

        Raises:
            OSError: The disk or the folder refuses.
        """
        region, alpha = covered([layer for layer in document.layers if layer.visible])
        seen = document.rgb[region.slices]
        clear = document.original.opacity
        below = None if clear is None else clear[region.slices]
        colour = lone_colour(document.photo.rgb8[region.slices], seen, alpha, 1 / 255, below)
        rgba = np.dstack([colour, np.rint(alpha * 255).astype(np.uint8)])
        ok, png = cv2.imencode(".png", cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA))
        if not ok:
            raise OSError("The layer cannot be encoded.")
        write_atomically(self.folder / "layer.png", png.tobytes())
        self._say(
            {
                "status": "applied",
                "layer": "layer.png",
                "box": [region.left, region.top, region.width, region.height],
                "photo_size": [document.width, document.height],
                **record(drawn(document.layers)),
            }
        )

    def _say(self, result: dict[str, Any]) -> None:
        write_json(self.folder / "result.json", {"format": FORMAT, **result})
