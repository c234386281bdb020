"""Which device computes, and whether its memory was too small."""

from __future__ import annotations

import torch

from nigdt.errors import DeviceError

__all__ = ["is_out_of_memory", "usable_device"]

# Some libraries, and the CPU's allocator, report it as a plain error.
_SAID = ("out of memory", "can't allocate memory", "status_alloc_failed", "defaultcpuallocator")


def usable_device(device: str | None = None) -> str:
    """Return the device asked for ("cpu", "cuda:1", ...); by default CUDA if there is one, else the CPU.

    Raises:
        DeviceError: It is not there.
    """
    chosen = device or ("cuda" if torch.cuda.is_available() else "cpu")
    try:
        torch.zeros(1, device=chosen)
    except (RuntimeError, AssertionError, ValueError, NotImplementedError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DeviceError(f"Device {chosen!r} cannot be used: {reason}.", "Use cpu.") from None
    return chosen


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error means that a device's or the machine's memory was too small."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    text = str(error).lower()
    return isinstance(error, (RuntimeError, DeviceError)) and any(words in text for words in _SAID)
