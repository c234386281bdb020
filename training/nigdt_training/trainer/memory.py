"""Telling that memory ran out from other errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from nigdt.errors import NigdtError

# Some libraries, and the CPU's allocator, report it as a plain error.
_SAID = ("CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED", "DefaultCPUAllocator", "out of memory")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means that a device's or the machine's memory was too small."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _SAID)


@contextmanager
def out_of_memory_told() -> Iterator[None]:
    """Turns want of memory into one line.

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
            f"out of memory: {reason}", hint="lower batch, size or the widths, or end other programs"
        ) from error
