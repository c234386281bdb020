"""Removal: what is selected is gone, its surroundings are continued. Needs no torch and no words."""

from nigdt.removal.engine import Quality, RemovalCancelledError, remove, variation
from nigdt.removal.layout import NothingFitsError
from nigdt.removal.selection import Remainder, remainder
from nigdt.removal.worker import RemovalError, RemovalWorker

__all__ = [
    "NothingFitsError",
    "Quality",
    "Remainder",
    "RemovalCancelledError",
    "RemovalError",
    "RemovalWorker",
    "remainder",
    "remove",
    "variation",
]
