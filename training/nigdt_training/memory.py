"""Report memory that ran out as one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nigdt.errors import NigdtError
from nigdt.runtime.devices import is_out_of_memory


@contextmanager
def report_out_of_memory() -> Iterator[None]:
    """Report an out-of-memory error as one line.

    Raises:
        NigdtError: Memory ran out.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        reason = str(error).splitlines()[0] if str(error) else "no memory is left"
        raise NigdtError(
            f"Out of memory: {reason.rstrip('.')}.",
            "Lower the batch, the size or the widths, or end other programs.",
        ) from error
