"""Where the model runs: what there is, what the settings ask for, and what failed lately. Imports torch."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import torch

from nigdt_backend.daemon.worker import EngineError

RETRY_SECONDS = 300.0
"""After so long on the CPU, an accelerator that failed is tried again."""


def available_devices() -> list[str]:
    """Device names in order of preference; "cpu" is always last."""
    devices = []
    if torch.cuda.is_available():
        devices += [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        devices.append("mps")
    return [*devices, "cpu"]


def choose_device(wanted: str) -> str:
    """Device for a setting.

    Args:
        wanted: "auto", "cpu", "cuda", "cuda:N" or "mps".

    Raises:
        EngineError: `model-failed`, when what is wanted is not there.
    """
    devices = available_devices()
    if wanted == "auto":
        return devices[0]
    for device in devices:
        if device == wanted or (wanted == "cuda" and device.startswith("cuda:")):
            return device
    raise EngineError(
        "model-failed",
        f"The settings ask for the device {wanted}; there are only: {', '.join(devices)}.",
        "Change `device` in the daemon's settings to auto, or run `nigdt doctor`.",
    )


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the error says that memory ran out, on any device."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and ("out of memory" in text or "can't allocate memory" in text)


def is_device_loss(error: BaseException) -> bool:
    """Whether the error says that the accelerator can no longer be used by this process."""
    text = str(error)
    return isinstance(error, RuntimeError) and any(
        word in text for word in ("CUDA error", "CUDA driver", "cuDNN error", "CUBLAS_STATUS", "MPS backend")
    )


@dataclass
class DeviceChoice:
    """The device in use, with steps down to the CPU and back.

    Attributes:
        wanted: the setting.
        current: device name, empty before the first choice.
        stepped_down: why the CPU is used although an accelerator was chosen; empty otherwise.
    """

    wanted: str
    current: str = ""
    stepped_down: str = ""
    _since: float = field(default=0.0, repr=False)

    def get(self) -> str:
        """The device to use now."""
        if not self.current:
            self.current = choose_device(self.wanted)
        return self.current

    def step_down(self, reason: str) -> bool:
        """Use the CPU from now on; False when it is used already."""
        if self.get() == "cpu":
            return False
        self.current = "cpu"
        self.stepped_down = reason
        self._since = time.monotonic()
        return True

    def recover(self) -> bool:
        """Try the accelerator again when it failed long enough ago; true when the device changed."""
        if not self.stepped_down or time.monotonic() - self._since < RETRY_SECONDS:
            return False
        self.stepped_down = ""
        self.current = choose_device(self.wanted)
        return True
