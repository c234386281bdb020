"""Removal: what is selected is gone, its surroundings are continued. Needs no torch and no words."""

from nigdt.removal.engine import Quality, RemovalCancelledError, remove, variation
from nigdt.removal.layout import NothingFitsError
from nigdt.removal.selection import Remainder, covering, remainder, removal_box
from nigdt.removal.whole import removed
from nigdt.removal.worker import RemovalError, RemovalWorker

__all__ = [
    "NothingFitsError",
    "Quality",
    "Remainder",
    "RemovalCancelledError",
    "RemovalError",
    "RemovalWorker",
    "covering",
    "remainder",
    "removal_box",
    "remove",
    "removed",
    "variation",
]
