"""Where the model runs: what there is, what the settings ask for, and what failed lately. Imports torch."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from dataclasses import dataclass, field

import torch

from nigdt.errors import DeviceError, ModelError
from nigdt.inpainter import Inpainter
from nigdt.runtime.runner import Precision
from nigdt_backend.daemon.agreement import deviation
from nigdt_backend.daemon.worker import EngineError

log = logging.getLogger(__name__)

RETRY_SECONDS = 300.0
"""After so long an accelerator that failed, or a batch that did not fit, is tried again."""

_OTHER_PICTURES = 5.0
"""Mean difference in grey levels to the CPU's pictures from which on a device is not used."""
THREADED_FROM_PX = 192
"""Layers of models that work at less are so small that waking a second thread takes longer than they do."""


class DeviceMismatchError(DeviceError):
    """An accelerator does not draw what the CPU draws."""


def available_devices() -> list[str]:
    """Return device names in order of preference; "cpu" is always last."""
    devices = []
    if torch.cuda.is_available():
        devices += [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        devices.append("mps")
    return [*devices, "cpu"]


def choose_device(wanted: str) -> str:
    """Return the device for a setting.

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


def choose_precision(wanted: str, device: str) -> Precision:
    """Choose the number format for a setting ("auto", "float32", "bfloat16") on a device.

    "auto" is half precision on CUDA devices that have instructions for it. On the CPU it saves the default
    model a tenth of its time (measured), which is not worth other bytes.
    """
    if wanted == "bfloat16":
        return "bfloat16"
    if wanted == "auto" and device.startswith("cuda") and torch.cuda.get_device_capability(device) >= (8, 0):
        return "bfloat16"  # older ones only emulate it
    return "float32"


def threads_for(wanted: int, size_px: int, cores: int) -> int:
    """Return CPU threads for a setting (0 = by size), the size a model works at, and what torch would take.

    Never more than there are cores: threads that share one wait for each other, for minutes a fill.
    """
    if wanted:
        return min(wanted, os.cpu_count() or wanted)
    return cores if size_px >= THREADED_FROM_PX else 1


def empty_cache() -> None:
    """Give memory that torch holds back for later to other programs."""
    with contextlib.suppress(RuntimeError):  # a device that is lost has none
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        if torch.backends.mps.is_available():
            torch.mps.empty_cache()


def check_agreement(inpainter: Inpainter) -> None:
    """Raise DeviceMismatchError if the device draws other pictures than the CPU: no error would show it."""
    try:
        off = deviation(inpainter)
    except ModelError:  # on the CPU: not the device's fault, and the first fill will say so
        return
    log.info("%s draws within %.2f grey levels of the CPU", inpainter.device, off)
    if off > _OTHER_PICTURES:
        raise DeviceMismatchError(
            f"{inpainter.device} draws other pictures than the CPU ({off:.0f} grey levels off).",
            "Use the CPU.",
        )


def is_device_loss(error: BaseException) -> bool:
    """Return whether the error says that the accelerator can not, or no longer, be used by this process."""
    if isinstance(error, (DeviceError, NotImplementedError)):  # MPS lacks some operations
        return True
    text = str(error)
    return isinstance(error, RuntimeError) and any(
        word in text
        for word in (
            "CUDA error",
            "CUDA driver",
            "cuDNN error",
            "CUBLAS_STATUS",
            "HIP error",
            "MPS backend",
            "unable to find an engine",  # cuDNN has none for this card
        )
    )


def is_lasting(error: BaseException) -> bool:
    """Tell whether a new process would fail too: the device lacks an operation, or is too old."""
    return isinstance(error, (NotImplementedError, DeviceMismatchError)) or any(
        words in str(error) for words in ("no kernel image", "unable to find an engine")
    )


def works(device: str) -> bool:
    """Return whether the device computes at all."""
    try:
        return bool((torch.zeros(1, device=device) + 1).item() == 1)
    except (RuntimeError, AssertionError, NotImplementedError):
        return False


@dataclass
class DeviceChoice:
    """The device in use, with steps down to the CPU and back.

    Attributes:
        wanted: the setting.
        current: device name, empty before the first choice.
        stepped_down: the notice why the CPU is used although an accelerator was chosen; empty otherwise.
        lost: whether this process can not use the accelerator again; a new one may.
        lasting: whether a new one can neither.
    """

    wanted: str
    current: str = ""
    stepped_down: str = ""
    lost: bool = False
    lasting: bool = False
    _since: float = field(default=0.0, repr=False)

    def get(self) -> str:
        """Return the device to use now."""
        if not self.current:
            self.current = choose_device(self.wanted)
        return self.current

    def step_down(self, notice: str, *, lost: bool, lasting: bool = False) -> None:
        """Use the CPU from now on."""
        self.current = "cpu"
        self.stepped_down = notice
        self.lost = lost
        self.lasting = lasting
        self._since = time.monotonic()

    @property
    def due(self) -> bool:
        """Whether the accelerator failed so long ago that it may be tried again."""
        return bool(self.stepped_down) and time.monotonic() - self._since >= RETRY_SECONDS

    @property
    def restart_due(self) -> bool:
        """Whether a new process should try an accelerator that is lost to this one.

        Only where the setting lets it take what is there: else it might find nothing that it may use.
        """
        return self.due and self.lost and not self.lasting and self.wanted == "auto"

    def recover(self) -> bool:
        """Try the accelerator again when it failed long enough ago; true when the device changed."""
        if not self.due or self.lost:
            return False
        try:
            device = choose_device(self.wanted)
        except EngineError:  # it is not even there any more
            device = ""
        if not device or not works(device):
            self._since = time.monotonic()
            return False
        self.stepped_down = ""
        self.current = device
        return True
