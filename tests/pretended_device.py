"""An accelerator that is not there: tensors that say they are on it and are computed by the CPU.

The dispatcher takes them for real, so that automatic casts, the choice of operations and every check of
devices are the accelerator's; only the kernels are the CPU's. What the accelerator would refuse is refused
here too: operations that mix tensors of two devices and, while a CUDA graph is captured, whatever waits for
the device, copies between it and the processor, or gives tensors whose shapes depend on values. Each replay
spoils what other graphs of the same pool have left there. Speed is not modelled.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock
from weakref import WeakSet

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

aten = torch.ops.aten
_COPIES = {aten._to_copy.default, aten.copy_.default}
_NOT_CAPTURED = {
    torch.Tag.data_dependent_output,
    torch.Tag.dynamic_output_shape,
    torch.Tag.nondeterministic_seeded,
}


class Pretended(Tensor):
    """A tensor on the accelerator; ``held`` is what it is computed with."""

    held: Tensor
    where: torch.device

    @staticmethod
    def __new__(cls, held: Tensor, device: torch.device) -> Pretended:
        # Guards of devices look at the tensor itself, the dispatcher at its keys, Python at `prim.device`.
        shape = torch.empty_strided(held.size(), held.stride(), dtype=held.dtype, device="meta")
        made: Pretended = torch.Tensor._make_subclass(
            cls, shape, False, dispatch_device=True, device_for_backend_keys=device
        )
        made.held, made.where = held, device
        return made

    def __repr__(self, *, tensor_contents: object = None) -> str:
        return f"Pretended({self.held!r}, device={self.where})"

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        with torch._C.DisableTorchFunctionSubclass():
            return _UNGUARDED.get(func, func)(*args, **(kwargs or {}))

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.ops.prim.device.default:
            return args[0].where
        raise AssertionError(f"{func} on a device that is pretended no longer")


class Graph:
    """What a capture recorded: each operation with its operands and its results."""

    def __init__(self) -> None:
        self.operations: list[tuple[Any, Any, Any, list[Tensor]]] = []
        self.shares: WeakSet[Graph] = WeakSet([self])

    def pool(self) -> WeakSet[Graph]:
        return self.shares

    @property
    def nbytes(self) -> int:
        return sum(made.nbytes for *_, results in self.operations for made in results)

    def spoil(self) -> None:
        for *_, results in self.operations:
            for made in results:
                made.fill_(torch.nan if made.is_floating_point() else 1)

    def replay(self) -> None:
        for other in self.shares:
            if other is not self:
                other.spoil()
        for func, args, kwargs, results in self.operations:
            new = func(*args, **kwargs)
            for old, made in zip(results, _tensors(new) if results else (), strict=True):
                old.copy_(made)


class Accelerator(TorchDispatchMode):
    """Pretends that there is a device, while it is entered.

    Args:
        name: "cuda:0", "mps:0", ....

    Attributes:
        waits: Operations that the processor had to wait for, in order.
        capture: The graph being captured, if one is.
        graphs: Those that were captured and are in use.
        most_bytes: A larger tensor has no room.
        lost: Whether every operation fails, as after an illegal access.
        wrong: What convolutions give in place of their answer, without an error.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.where = torch.device(name)
        self.waits: list[str] = []
        self.capture: Graph | None = None
        self.graphs: WeakSet[Graph] = WeakSet()
        self.most_bytes: float = float("inf")
        self.lost = False
        self.wrong: Callable[[Tensor], Tensor] | None = None

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # it would import torch's compiler, which takes many seconds

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.ops.prim.device.default:
            return args[0].where
        kwargs = dict(kwargs or {})
        inputs = _tensors((args, kwargs))
        ours = [value for value in inputs if isinstance(value, Pretended)]
        target = torch.device(kwargs["device"]) if kwargs.get("device") is not None else None
        if not ours and (target is None or target.type != self.where.type):
            return func(*args, **kwargs)
        if torch._C._dispatch_has_kernel_for_dispatch_key(func.name(), "CompositeImplicitAutograd"):
            with self:  # in inference mode operations come here before they have been taken apart
                return func._op_dk(torch._C.DispatchKey.CompositeImplicitAutograd, *args, **kwargs)
        if self.lost:
            raise RuntimeError("CUDA error: an illegal memory access was encountered")
        strange = [value for value in inputs if not isinstance(value, Pretended)]
        copies = func in _COPIES
        if not copies and any(value.dim() for value in strange):
            raise RuntimeError(f"{func}: expected all tensors to be on the same device, {self.where} and cpu")
        into_cpu = target.type == "cpu" if target is not None else not isinstance(args[0], Pretended)
        leaves = copies and bool(ours) and into_cpu
        if leaves or torch.Tag.data_dependent_output in func.tags:
            self.waits.append(str(func))
        if self.capture is not None:
            refused = leaves or (copies and strange) or (_NOT_CAPTURED & set(func.tags))
            if refused:
                raise RuntimeError(f"{func}: operation not permitted when stream is capturing")
        if target is not None:
            kwargs["device"] = torch.device("cpu")
        real_args, real_kwargs = tree_map(_held, (args, kwargs))
        made = func(*real_args, **real_kwargs)
        if self.wrong is not None and func is aten.convolution.default:
            made = self.wrong(made)
        fresh = [] if any(result.alias_info for result in func._schema.returns) else _tensors(made)
        if any(value.nbytes > self.most_bytes for value in fresh) and not leaves:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate more than is pretended.")
        if self.capture is not None:
            self.capture.operations.append((func, real_args, real_kwargs, fresh))
        if leaves:
            return made
        known = {id(value.held): value for value in ours}
        return tree_map(lambda value: self._ours(value, known), made)

    def _ours(self, value: Any, known: dict[int, Pretended]) -> Any:
        if not isinstance(value, Tensor):
            return value
        return known[id(value)] if id(value) in known else Pretended(value, self.where)

    @contextlib.contextmanager
    def capturing(
        self, graph: Graph, pool: Any = None, stream: Any = None, capture_error_mode: str = "global"
    ) -> Iterator[None]:
        """Stands in for `torch.cuda.graph`."""
        assert capture_error_mode == "thread_local", "other threads of the daemon would be errors"
        if pool is not None:
            assert any(other.shares is pool for other in self.graphs)
            graph.shares = pool
            pool.add(graph)
        self.capture = graph
        try:
            yield
        finally:
            self.capture = None
        self.graphs.add(graph)

    def reserved(self, *_device: object) -> int:
        """Stands in for `torch.cuda.memory_reserved`, where only graphs hold memory."""
        pools = {id(graph.shares): graph.shares for graph in self.graphs}
        return sum(max(graph.nbytes for graph in pool) for pool in pools.values())


@contextlib.contextmanager
def pretended(name: str) -> Iterator[Accelerator]:
    """An accelerator of that name for this thread, found by all that asks torch for one.

    Args:
        name: "cuda:0" or "mps:0"; CUDA's is of compute capability 9.0.
    """
    accelerator = Accelerator(name)
    nothing = contextlib.nullcontext
    cuda: dict[str, Any] = {
        "_lazy_init": lambda: None,
        "is_available": lambda: True,
        "is_bf16_supported": lambda: True,
        "device_count": lambda: 1,
        "get_device_capability": lambda _device=None: (9, 0),
        "device": lambda _device: nothing(),
        "stream": lambda _stream: nothing(),
        "Stream": mock.MagicMock,
        "current_stream": mock.MagicMock,
        "synchronize": lambda: None,
        "empty_cache": lambda: None,
        "memory_reserved": accelerator.reserved,
        "CUDAGraph": Graph,
        "graph": accelerator.capturing,
    }
    with contextlib.ExitStack() as stack:
        if accelerator.where.type == "cuda":
            for attribute, value in cuda.items():
                stack.enter_context(mock.patch.object(torch.cuda, attribute, value))
        else:
            for attribute, answer in (("is_available", True), ("is_macos_or_newer", True)):
                patch = mock.patch.object(torch.backends.mps, attribute, lambda *_, answer=answer: answer)
                stack.enter_context(patch)
            stack.enter_context(mock.patch.object(torch.mps, "empty_cache"))
        before = torch.__future__.get_overwrite_module_params_on_conversion()
        stack.callback(torch.__future__.set_overwrite_module_params_on_conversion, before)
        torch.__future__.set_overwrite_module_params_on_conversion(True)  # else `held` would stay behind
        yield stack.enter_context(accelerator)


def _indexed(tensor: Tensor, index: Any) -> Tensor:
    """What indexing by whole numbers, slices, None, an ellipsis or one tensor gives."""
    parts = list(index) if isinstance(index, tuple) else [index]
    for place, part in enumerate(parts):
        if part is Ellipsis:
            taken = sum(other is not None for other in parts) - 1
            parts[place : place + 1] = [slice(None)] * (tensor.dim() - taken)
            break
    dim = 0
    for part in parts:
        if isinstance(part, int):
            tensor = tensor.select(dim, part)
            continue
        if part is None:
            tensor = tensor.unsqueeze(dim)
        elif isinstance(part, slice):
            tensor = aten.slice.Tensor(tensor, dim, part.start, part.stop, part.step or 1)
        else:
            tensor = aten.index.Tensor(tensor, [None] * dim + [part])
        dim += 1
    return tensor


# These bindings would ask the device's driver.
_UNGUARDED = {
    Tensor.__getitem__: _indexed,
    Tensor.__invert__: torch.bitwise_not,
    Tensor.copy_: aten.copy_.default,
}


def _held(value: Any) -> Any:
    return value.held if isinstance(value, Pretended) else value


def _tensors(values: Any) -> list[Tensor]:
    return [value for value in tree_flatten(values)[0] if isinstance(value, Tensor)]
