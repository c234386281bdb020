"""Work of an accelerator that is recorded once and replayed: CUDA graphs, behind the interface `Recorder`."""

from __future__ import annotations

import gc
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol
from weakref import WeakSet

import torch
from torch import Tensor

from nigdt.runtime.devices import is_out_of_memory

__all__ = ["CudaGraphs", "Function", "Recorded", "Recorder"]

log = logging.getLogger(__name__)

_RECORDINGS = 16
_SAME = 1 / 127.5  # a recording that differs by more than a grey level is of no use

Function = Callable[..., Sequence[Tensor]]


class Recorder(Protocol):
    """Records the work of functions of tensors."""

    @property
    def nbytes(self) -> int:
        """Memory that the recordings hold which are still in use."""

    def __call__(
        self, function: Function, inputs: Sequence[Tensor]
    ) -> tuple[Callable[[], object], Sequence[Tensor]]:
        """Return what runs the function again on its inputs' buffers, and the buffers of its outputs."""


class Recorded:
    """Runs a function of tensors from recordings, one per combination of shapes.

    What cannot be recorded, or comes out differently when replayed, is run as it is from then on.

    Args:
        function: Returns tensors of shapes that follow from its inputs' alone, and looks at no value of them.
        recorder: How to record.
        most: Recordings to keep; the least recently used one goes first.
    """

    def __init__(self, function: Function, recorder: Recorder, most: int = _RECORDINGS) -> None:
        self._function = function
        self._recorder: Recorder | None = recorder
        self._most = most
        self._kept: OrderedDict[object, tuple[list[Tensor], Callable[[], object], Sequence[Tensor]]] = (
            OrderedDict()
        )

    def __len__(self) -> int:
        return len(self._kept)

    def clear(self) -> None:
        """Forget all recordings."""
        self._kept.clear()

    def __call__(self, *inputs: Tensor) -> Sequence[Tensor]:
        """Return what the function returns for these inputs; the caller's to keep."""
        if self._recorder is None:
            return self._function(*inputs)
        key = tuple((tuple(tensor.shape), tensor.stride(), tensor.dtype) for tensor in inputs)
        if key not in self._kept:
            try:
                self._kept[key] = self._record(self._recorder, inputs)
            except RuntimeError as error:
                if is_out_of_memory(error):
                    self.clear()
                    raise
                log.warning("running without recordings: %s", " ".join(str(error).split())[:200])
                self._recorder = None
                self.clear()
                return self._function(*inputs)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        buffers, replay, outputs = self._kept[key]
        for buffer, tensor in zip(buffers, inputs, strict=True):
            buffer.copy_(tensor)
        replay()
        return [output.clone() for output in outputs]

    def _record(
        self, recorder: Recorder, inputs: Sequence[Tensor]
    ) -> tuple[list[Tensor], Callable[[], object], Sequence[Tensor]]:
        buffers = [tensor.clone() for tensor in inputs]
        replay, outputs = recorder(self._function, buffers)
        replay()
        for output, expected in zip(outputs, self._function(*inputs), strict=True):
            if not torch.allclose(output.float(), expected.float(), rtol=_SAME, atol=_SAME, equal_nan=True):
                raise RuntimeError("The replayed work differs from the same work run anew.")
        return buffers, replay, outputs


class CudaGraphs:
    """Records CUDA graphs, all of which share one pool of memory.

    They may, since one is replayed at a time and what it made is copied at once. The pool grows to what the
    largest needs and is given back when the last graph is forgotten.
    """

    def __init__(self) -> None:
        self._graphs: WeakSet[torch.cuda.CUDAGraph] = WeakSet()
        self._stream: torch.cuda.Stream | None = None
        self._pool_bytes = 0

    @property
    def nbytes(self) -> int:
        """Size of the pool."""
        return self._pool_bytes if len(self._graphs) else 0

    def __call__(
        self, function: Function, inputs: Sequence[Tensor]
    ) -> tuple[Callable[[], object], Sequence[Tensor]]:
        """Record one; inputs are on the device and stay where they are."""
        held = self.nbytes
        with torch.cuda.device(inputs[0].device):
            if self._stream is None:  # a pool's blocks are used again only by captures on the same stream
                self._stream = torch.cuda.Stream()
            self._stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(self._stream):  # first calls set libraries up, which cannot be recorded
                for _ in range(3):
                    function(*inputs)
            torch.cuda.current_stream().wait_stream(self._stream)
            torch.cuda.synchronize()
            torch.cuda.empty_cache()
            before = torch.cuda.memory_reserved()
            # Another graph's pool rather than a handle of one's own, which is void once no graph has it.
            shared = next((graph.pool() for graph in self._graphs), None)
            graph = torch.cuda.CUDAGraph()
            with (
                _no_garbage_collection(),  # a graph that it frees would spoil the one being captured
                torch.cuda.graph(graph, pool=shared, stream=self._stream, capture_error_mode="thread_local"),
            ):
                outputs = function(*inputs)
            self._graphs.add(graph)
            self._pool_bytes = held + max(0, torch.cuda.memory_reserved() - before)
        return graph.replay, outputs


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
