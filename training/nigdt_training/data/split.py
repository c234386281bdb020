"""Holding photos out so that nothing held out has a twin among those trained on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence


def held_out(group: str, share: float, seed: int = 0) -> bool:
    """Whether a group of photos is held out, by its key alone, so that growing data keep their split.

    Args:
        group: The group's key.
        share: Expected share of groups held out, 0..1.
        seed: Another seed gives another split.
    """
    digest = hashlib.blake2b(f"{seed}/{group}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") < share * 2**64


def split_by_group(groups: Sequence[str], share: float, seed: int = 0) -> tuple[list[int], list[int]]:
    """Splits photos by their groups.

    Args:
        groups: Group key of each photo.
        share: Share of groups to hold out, 0..1; above 0, at least one group is held out if there are two.
        seed: Seed of the split.

    Returns:
        Indices to train on and indices held out, both ascending.
    """
    keys = sorted(set(groups))
    out = {key for key in keys if held_out(key, share, seed)}
    if share > 0 and len(keys) > 1:
        # Few photos can all fall on one side; both sides need some.
        ordered = sorted(keys, key=lambda key: hashlib.blake2b(f"{seed}/{key}".encode()).digest())
        if not out:
            out = {ordered[0]}
        elif len(out) == len(keys):
            out.discard(ordered[-1])
    train = [i for i, group in enumerate(groups) if group not in out]
    return train, [i for i, group in enumerate(groups) if group in out]


def merge_groups(groups: Sequence[str], pairs: Iterable[tuple[int, int]]) -> list[str]:
    """Joins the groups of photos that belong together.

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
