"""Between the user's photo and the model's picture: what is cut out, and how the answer gets back."""

from __future__ import annotations

from nigdt.box import Box
from nigdt.context.context import Context

__all__ = ["Box", "Context"]
