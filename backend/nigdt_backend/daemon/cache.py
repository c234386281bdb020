"""Encodings of contexts, kept so that a new caption on the same context costs only the text half."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

import torch


def tensor_bytes(value: object) -> int:
    """Sum the bytes of all tensors in a (nested) structure of dataclasses, lists and dicts."""
    if isinstance(value, torch.Tensor):
        return value.numel() * value.element_size()
    if isinstance(value, dict):
        return sum(tensor_bytes(entry) for entry in value.values())
    if isinstance(value, (list, tuple)):
        return sum(tensor_bytes(entry) for entry in value)
    if hasattr(value, "nbytes"):
        return int(value.nbytes)
    return sum(tensor_bytes(entry) for entry in vars(value).values()) if hasattr(value, "__dict__") else 0


class ContextCache:
    """The least recently used encodings go when their tensors exceed the budget.

    Args:
        budget: bytes; 0 keeps none.
    """

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._entries: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self.bytes = 0
        self.hits = 0
        self.misses = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Hashable) -> Any | None:
        """Return the encoding, or None."""
        entry = self._entries.get(key)
        if entry is None:
            self.misses += 1
            return None
        self.hits += 1
        self._entries.move_to_end(key)
        return entry[0]

    def put(self, key: Hashable, encoding: Any) -> None:
        """Keep an encoding, in place of the one that the key had."""
        size = tensor_bytes(encoding)
        if size > self._budget:
            return
        _, replaced = self._entries.pop(key, (None, 0))
        self.bytes -= replaced
        self._entries[key] = (encoding, size)
        self.bytes += size
        while self.bytes > self._budget:
            _, (_, gone) = self._entries.popitem(last=False)
            self.bytes -= gone

    def clear(self) -> None:
        """Forget all encodings."""
        self._entries.clear()
        self.bytes = 0
