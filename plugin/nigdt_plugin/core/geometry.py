"""Integer rectangles on a photo."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from nigdt.box import Box


class Region(NamedTuple):
    """A rectangle in photo pixels: left and top inside, right and bottom just outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Columns covered, 0 when empty."""
        return max(0, self.right - self.left)

    @property
    def height(self) -> int:
        """Rows covered, 0 when empty."""
        return max(0, self.bottom - self.top)

    @property
    def box(self) -> Box:
        """The same as the library's box; it must not be empty."""
        return Box(self.left, self.top, self.width, self.height)

    @property
    def empty(self) -> bool:
        """Whether no pixel is covered."""
        return self.right <= self.left or self.bottom <= self.top

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of the rectangle in an array (H, W, ...); the rectangle must lie inside the array."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def within(self, other: Region) -> bool:
        """Return whether every pixel of it is in `other`."""
        return self.union(other) == other

    def union(self, other: Region) -> Region:
        """Return the smallest rectangle around both."""
        if self.empty:
            return other
        if other.empty:
            return self
        return Region(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def without(self, other: Region) -> list[Region]:
        """Return the parts outside another rectangle; up to four, none of them empty."""
        shared = Region(
            max(self.left, other.left),
            max(self.top, other.top),
            min(self.right, other.right),
            min(self.bottom, other.bottom),
        )
        if shared.empty:
            return [] if self.empty else [self]
        parts = (
            Region(self.left, self.top, self.right, shared.top),
            Region(self.left, shared.bottom, self.right, self.bottom),
            Region(self.left, shared.top, shared.left, shared.bottom),
            Region(shared.right, shared.top, self.right, shared.bottom),
        )
        return [part for part in parts if not part.empty]

    def clipped(self, width: int, height: int) -> Region:
        """Return the part inside a picture of the given size."""
        left, right = sorted((min(max(self.left, 0), width), min(max(self.right, 0), width)))
        top, bottom = sorted((min(max(self.top, 0), height), min(max(self.bottom, 0), height)))
        return Region(left, top, right, bottom)

    def moved(self, dx: int, dy: int) -> Region:
        """Return the rectangle so many columns and rows further on."""
        return Region(self.left + dx, self.top + dy, self.right + dx, self.bottom + dy)

    def grown(self, by: int) -> Region:
        """Return the rectangle with `by` pixels more on each side."""
        return Region(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def bands(self, rows: int) -> Iterator[Region]:
        """Yield the rectangle from top to bottom in pieces of at most so many rows."""
        for top in range(self.top, self.bottom, rows):
            yield Region(self.left, top, self.right, min(top + rows, self.bottom))


EMPTY = Region(0, 0, 0, 0)
