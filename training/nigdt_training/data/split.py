"""Holding photos out so that nothing held out has a twin among those trained on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence


def held_out(group: str, fraction: float) -> bool:
    """Return whether a group of photos is held out, by its key alone, so that growing data keep their split.

    Args:
        group: The group's key.
        fraction: Expected fraction of groups held out, 0..1.
    """
    return place(group) < fraction * 2**64


def in_order(groups: Iterable[str]) -> list[str]:
    """Return the groups' keys, each once, in an order as if by chance that depends on the keys alone."""
    return sorted(set(groups), key=place)


def merge_groups(groups: Sequence[str], pairs: Iterable[tuple[int, int]]) -> list[str]:
    """Join the groups of photos that belong together.

    Args:
        groups: Group key of each photo.
        pairs: Indices of photos whose groups become one.

    Returns:
        New keys: the smallest key of each joined group.
    """
    parent = {key: key for key in groups}

    def root(key: str) -> str:
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    for i, j in pairs:
        first, second = sorted((root(groups[i]), root(groups[j])))
        parent[second] = first
    return [root(key) for key in groups]


def place(text: str) -> int:
    """Return where a text falls among 2^64 places, as if by chance; names that are not UTF-8 included."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big")
