"""Which device computes."""

from __future__ import annotations

import torch

from nigdt.errors import DeviceError

__all__ = ["usable_device"]


def usable_device(device: str | None = None) -> str:
    """The device asked for ("cpu", "cuda:1", ...); without a wish CUDA where there is one, else the CPU.

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
