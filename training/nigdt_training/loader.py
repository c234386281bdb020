"""Batches drawn ahead by threads, so that a step seldom waits for its pictures."""

from __future__ import annotations

import os
import time
from concurrent.futures import Future, ThreadPoolExecutor

import torch

from nigdt_training.samples import Batch, SampleStream

_MOST_THREADS = 8


class Loader:
    """Draws the batches that follow while one is learnt from.

    Args:
        stream: Draws them.
        device: Where they are wanted.
        stride: How many samples further the next batch begins.
        processes: How many share the machine's processors.

    Attributes:
        waited: Seconds that steps have waited for their batches.
    """

    def __init__(self, stream: SampleStream, device: torch.device, stride: int, processes: int = 1) -> None:
        self._stream, self._device, self._stride = stream, device, stride
        # Enough that an accelerator never waits; on the CPU more would only take time from the step.
        cores = (os.cpu_count() or 1) // processes
        self._threads = 1 if device.type == "cpu" else max(1, min(_MOST_THREADS, cores))
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="samples")
        self._ahead: dict[range, Future[Batch]] = {}
        self.waited = 0.0

    def batch(self, numbers: range) -> Batch:
        """Return the batch of the samples with these numbers, on the device."""
        began = time.monotonic()
        drawn = self._ahead.pop(numbers, None)
        batch = self._draw(numbers) if drawn is None else drawn.result()
        self.waited += time.monotonic() - began
        for further in range(1, 1 + self._threads):
            shift = further * self._stride
            following = range(numbers.start + shift, numbers.stop + shift)
            if following not in self._ahead:
                self._ahead[following] = self._pool.submit(self._draw, following)
        return batch.to(self._device)

    def _draw(self, numbers: range) -> Batch:
        batch = self._stream.batch(numbers)
        # Copied from pinned memory, a batch is on its way while the processor goes on.
        return batch.pinned() if self._device.type == "cuda" else batch

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(cancel_futures=True)
