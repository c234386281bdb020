"""Memory that ran out, told as one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nigdt.errors import NigdtError
from nigdt.runtime.devices import is_out_of_memory


@contextmanager
def out_of_memory_told() -> Iterator[None]:
    """Report an out-of-memory error as one line.

    Raises:
        NigdtError: Memory ran out inside.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        reason = str(error).splitlines()[0] if str(error) else "no memory is left"
        raise NigdtError(
            f"Out of memory: {reason}.", hint="Lower batch, size or the widths, or end other programs."
        ) from error
