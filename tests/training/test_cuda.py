"""Training on CUDA, without a device: its tensors are computed by the CPU and kept apart from the others.

What real CUDA refuses is refused here too: operations that mix both sides, ``numpy()`` of a tensor on the
device, lengths of packed sequences on it. cuDNN's recurrent networks answer in half precision under
autocast, whatever its dtype, as they do on a real device. Speed, memory and rounding are not its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch
import yaml
from nigdt_training.bench import steps
from nigdt_training.checkpoint import read_checkpoint
from nigdt_training.comparison.stage import ComparisonTrainer
from nigdt_training.evaluation.cases import CaseSettings
from nigdt_training.evaluation.measures import Measures
from nigdt_training.evaluation.session import EvaluationRequest, evaluate_systems
from nigdt_training.inpaint import stage as inpaint_stage
from nigdt_training.inpaint.session import Machine, Places, export_run, run_stages, start_run
from nigdt_training.run import Run
from nigdt_training.settings import settings_from
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map_only

CUDA = torch.device("cuda", 0)
CPU = torch.device("cpu")
_TAG = "is_on_pretended_cuda"
# A device does these with tensors of both sides.
_CROSSING = (
    "copy_",
    "_to_copy",
    "index",
    "index_put",
    "index_put_",
    "_index_put_impl_",
    "_pad_packed_sequence",
    "gru",
)


def is_on_device(tensor: Tensor) -> bool:
    """Whether a tensor counts as one of the pretended device."""
    return getattr(tensor.untyped_storage(), _TAG, False)


def _put(tensor: Tensor, on_device: bool) -> Tensor:
    setattr(tensor.untyped_storage(), _TAG, on_device)
    return tensor


def _tensors(values: Any) -> list[Tensor]:
    return [value for value in tree_flatten(values)[0] if isinstance(value, Tensor)]


def _as_device(value: Any) -> torch.device | None:
    if isinstance(value, torch.device):
        return value
    if isinstance(value, str) and value.split(":")[0] in ("cuda", "cpu"):
        return torch.device(value)
    return None


class _Operations(TorchDispatchMode):
    """Sees every operation, of the backward pass too; results lie where the operands do."""

    def __init__(self) -> None:
        super().__init__()
        self.ambient = False  # whether a function puts what it makes of nothing on the device

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        operands = _tensors((args, kwargs))
        name = func._schema.name.split("::")[1]
        sides = {is_on_device(one) for one in operands if one.dim() > 0}
        if name == "_pack_padded_sequence":
            if is_on_device(args[1]):
                raise RuntimeError("lengths of a packed sequence must be on the CPU")
        elif len(sides) > 1 and name not in _CROSSING:
            raise RuntimeError(f"{func}: expected all tensors to be on the same device")
        result = func(*args, **kwargs)
        known = {id(one.untyped_storage()) for one in operands}
        on_device = any(map(is_on_device, operands)) if operands else self.ambient
        if name == "_pack_padded_sequence":
            _put(result[0], is_on_device(args[0]))
            _put(result[1], False)
        else:
            for one in _tensors(result):
                if id(one.untyped_storage()) not in known:
                    _put(one, on_device)
        return result


class _Functions(TorchFunctionMode):
    """Answers what Python asks of tensors and their devices."""

    def __init__(self, operations: _Operations) -> None:
        super().__init__()
        self.operations = operations

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func == Tensor.device.__get__:
            return CUDA if is_on_device(args[0]) else func(*args)
        if func == Tensor.is_cuda.__get__:
            return is_on_device(args[0])
        if func is Tensor.to:
            return self._to(*args, **kwargs)
        if func is Tensor.cuda:
            return self._to(args[0], CUDA)
        if func is Tensor.cpu:
            return self._to(args[0], CPU)
        if func is Tensor.numpy and is_on_device(args[0]):
            raise TypeError("can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() first")
        if func is torch._cudnn_rnn_flatten_weight:
            return _flatten(args[0])
        device = _as_device(kwargs.get("device"))
        if device is not None:
            kwargs = {**kwargs, "device": CPU}
        elif _tensors((args, kwargs)):
            device = CUDA if any(map(is_on_device, _tensors((args, kwargs)))) else CPU
        before, self.operations.ambient = (
            self.operations.ambient,
            device is not None and device.type == "cuda",
        )
        try:
            result = func(*args, **kwargs)
        finally:
            self.operations.ambient = before
        if kwargs.get("device") is not None and device is not None:
            for one in _tensors(result):
                _put(one, device.type == "cuda")
        if getattr(func, "__name__", "") in ("gru", "lstm") and torch.is_autocast_enabled("cpu"):
            half = lambda one: one.half() if one.is_floating_point() and is_on_device(one) else one  # noqa: E731
            result = tree_map_only(Tensor, half, result)
        return result

    def _to(self, tensor: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        kwargs.pop("non_blocking", None)
        if args and isinstance(args[0], Tensor):
            device, dtype, layout = args[0].device, args[0].dtype, None
        else:
            device, dtype, _, layout = torch._C._nn._parse_to(*args, **kwargs)
        here = is_on_device(tensor)
        there = here if device is None else device.type == "cuda"
        changes = {} if dtype is None else {"dtype": dtype}
        changes |= {} if layout is None else {"memory_format": layout}
        if here == there:
            return Tensor.to(tensor, **changes) if changes else tensor
        copied = tensor.to(**{**changes, "copy": True})
        return _put(copied, there)


def _flatten(weights: list[Tensor]) -> Tensor:
    """As cuDNN wants them: the weights become views of one buffer."""
    buffer = _put(torch.cat([weight.detach().flatten() for weight in weights]), True)
    parts = buffer.split([weight.numel() for weight in weights])
    for weight, part in zip(weights, parts, strict=True):
        weight.data = part.view_as(weight)
    return buffer


def _pinned(tensor: Tensor) -> Tensor:
    if is_on_device(tensor):
        raise RuntimeError("cannot pin a tensor of the device")
    return tensor


def _autocast(device_type: str, *args: Any, **kwargs: Any) -> Any:
    return _AUTOCAST("cpu" if device_type == "cuda" else device_type, *args, **kwargs)


_AUTOCAST = torch.autocast


@contextmanager
def pretended_cuda() -> Iterator[_Functions]:
    """One CUDA device of compute capability 9.0, for this thread."""
    answers = {
        "is_available": True,
        "is_initialized": True,
        "is_bf16_supported": True,
        "device_count": 1,
        "current_device": 0,
        "get_device_capability": (9, 0),
        "get_device_name": "pretended",
        "is_current_stream_capturing": False,
        "memory_allocated": 10**9,
        "max_memory_allocated": 2 * 10**9,
        "manual_seed_all": None,
        **dict.fromkeys(
            ("_lazy_init", "set_device", "synchronize", "empty_cache", "reset_peak_memory_stats")
        ),
    }
    operations = _Operations()
    with ExitStack() as stack:
        for name, answer in answers.items():
            stack.enter_context(mock.patch.object(torch.cuda, name, return_value=answer))
        stack.enter_context(mock.patch.object(torch, "autocast", _autocast))
        if hasattr(torch, "accelerator"):  # optimisers ask it whether a graph is being recorded
            stack.enter_context(
                mock.patch.object(torch.accelerator, "current_accelerator", return_value=None)
            )
        stack.enter_context(mock.patch.object(Tensor, "pin_memory", _pinned))  # for threads too
        stack.enter_context(operations)
        yield stack.enter_context(_Functions(operations))


@pytest.fixture
def cuda() -> Iterator[_Functions]:
    before = torch.get_float32_matmul_precision()
    with pretended_cuda() as found:
        yield found
    torch.set_float32_matmul_precision(before)


@pytest.fixture
def settings(tiny_settings) -> dict[str, Any]:
    """Every loss, one step, quick networks."""
    tiny_settings["model"] |= {"spectral_norm": False, "prefill": "harmonic"}
    return {
        **tiny_settings,
        "steps": 1,
        "validate_every": 2,
        "precision": "auto",
        "augmentation": {"recolour": 0.5},
        "loss": {"match": 0.1, "objects_only": True},
        "match": {"epochs": 1, "size": 64},
    }


@pytest.fixture
def places(photo_folder, photo_caches, tmp_path) -> Places:
    return Places(photo_folder.parent, tmp_path / "runs", photo_caches)


def quiet(*_: object, **__: object) -> None:
    pass


def test_the_pretended_device_refuses_what_cuda_refuses(cuda) -> None:
    layer = torch.nn.Linear(2, 2).to("cuda")
    layer(torch.zeros(1, 2, device="cuda")).sum().backward()
    assert layer.weight.grad is not None
    assert layer.weight.grad.device == CUDA
    with pytest.raises(RuntimeError, match="same device"):
        layer(torch.zeros(1, 2))
    with pytest.raises(TypeError, match="numpy"):
        layer.weight.detach().numpy()
    gru = torch.nn.GRU(2, 2).to("cuda")
    with torch.autocast("cuda", torch.bfloat16):
        output, _ = gru(torch.zeros(3, 1, 2, device="cuda"))
        with pytest.raises(RuntimeError):
            torch.cat([output, layer(torch.zeros(3, 1, 2, device="cuda"))])


def test_both_stages_train_stop_and_go_on_in_bfloat16(cuda, settings, places, monkeypatch) -> None:
    step, sizes = inpaint_stage.train_step, []

    def small_memory(networks, batch, *args, **kwargs):
        sizes.append(len(batch))
        if len(batch) > 2:
            raise torch.OutOfMemoryError("made up")
        return step(networks, batch, *args, **kwargs)

    monkeypatch.setattr(inpaint_stage, "train_step", small_memory)
    machine = Machine("cuda")
    fabric = machine.fabric("auto")
    assert str(fabric.device) == "cuda:0"
    run = start_run(settings_from(settings), places, "cuda", fabric)
    said: list[str] = []
    assert run_stages(run, places, fabric, lambda text, **_: said.append(text))
    assert sizes == [4, 2, 2]
    assert any("micro-batches of 2" in line for line in said)
    longer = yaml.safe_dump(settings_from({**settings, "steps": 2}).to_dict())
    (run.folder / "settings.yaml").write_text(longer)
    assert run_stages(Run.open(run.folder), places, machine.fabric("auto"), quiet)
    run.close()
    found = read_checkpoint(run.last)
    assert found.facts["step"] == 2
    assert all(bool(tensor.isfinite().all()) for tensor in found.tensors.values())
    assert {tensor.dtype for tensor in found.part("paths").values()} == {torch.float32}
    logged = [line for line in run.logged() if line["stage"] == "inpaint"]
    assert {"match", "discriminator", "kl_prior"} <= logged[-1].keys()
    export_run(run, places.runs / "model", title="From CUDA")


@pytest.mark.slow
def test_the_judge_features_and_comparison_systems_run_where_the_model_runs(cuda, settings, places) -> None:
    plain = {**settings, "precision": "32-true"}
    run = Run.create(places.runs, "evaluator", settings_from(plain))
    assert run_stages(run, places, Machine("auto").fabric("32-true"), quiet, stages=("match",))
    run.close()
    systems = {}
    for kind in ("picnet", "csa"):
        systems[kind] = Run.create(places.runs, kind, settings_from(plain))
        ComparisonTrainer(systems[kind], kind, 2, places.data, places.caches, "cuda", quiet).train()
        systems[kind].close()
    request = EvaluationRequest(
        systems=tuple(str(one.folder) for one in systems.values()),
        data=places.data / "photos",
        cases=CaseSettings(size=64, limit=2),
        evaluator=run.match_checkpoint,
        measures=Measures(fid="efficientnet-lite0"),
    )
    figures = [system["figures"] for system in evaluate_systems(request).found["systems"]]
    assert all(np.isfinite(one["percentile"]) for one in figures)
    assert all(np.isfinite(one["fid_lite0"]) for one in figures[:-1])


@pytest.mark.slow
def test_the_benchmark_times_every_variant(cuda, settings, monkeypatch) -> None:
    monkeypatch.setattr(steps, "MATRIX_SIDE", {"cuda": 64})
    chosen = settings_from({**settings, "batch": 2, "loss": {"match": 0.0}})
    variants = steps.VARIANTS[::2]
    found = steps.measure(chosen, variants, "cuda", 1)
    assert set(found.rates) == {"float32", "bfloat16"}
    assert {one.format for one in found.measurements} == {"float32", "bfloat16"}
    assert all(one.memory > 0 for one in found.measurements)
    assert torch.get_float32_matmul_precision() == "highest"
    assert steps.describe_machine("cuda")["device"] == "pretended"
