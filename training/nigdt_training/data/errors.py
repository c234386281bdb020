"""What goes wrong with data sets, said in one line with what to do about it."""

from __future__ import annotations

from nigdt.errors import NigdtError


class DataError(NigdtError):
    """A data set cannot be read, or a cache of it cannot be built or opened."""


class BadSampleError(DataError):
    """One sample cannot be read; the others can."""
