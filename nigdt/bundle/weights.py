"""From a bundle to a model that is ready to run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch.overrides import TorchFunctionMode

from nigdt.bundle.bundle import WEIGHTS, BundleInfo, verify_bundle
from nigdt.bundle.cutouts import load_cut_outs
from nigdt.bundle.recolour import load_recolour
from nigdt.bundle.tensors import TooLittleMemoryError, read_weights
from nigdt.errors import BundleError, NigdtError
from nigdt.memory import means_too_little_memory
from nigdt.model import NIGDT
from nigdt.text import Vocabulary

__all__ = ["check_runnable", "load_model"]

_MARKS, _KINDS = "outlines.marks", "outlines.kinds"
_OLDER_MARKS = (2, 2)
"""Shape of an outline's marks in models that are told eye and beak, but neither wing nor legs."""


def load_model(info: BundleInfo, device: torch.device | str = "cpu") -> tuple[NIGDT, Vocabulary]:
    """Verify a bundle's checksums and load it in single precision, in evaluation mode.

    Args:
        info: From `nigdt.bundle.bundle.find_bundle` or `read_bundle`.
        device: Where to put the weights.

    Returns:
        The model and its vocabulary.

    Raises:
        BundleError: A file is damaged, weights, architecture and vocabulary do not belong together, or there
            is too little memory.
    """
    try:
        return _load(info, device)
    except MemoryError:
        raise TooLittleMemoryError(info.name) from None


def _load(info: BundleInfo, device: torch.device | str) -> tuple[NIGDT, Vocabulary]:
    info = verify_bundle(info.folder)
    vocabulary = info.vocabulary()
    model = _checked_model(info, vocabulary)
    try:
        weights = read_weights(info.folder / WEIGHTS, device)
    except ValueError as error:
        raise BundleError(f"Bundle {info.name}: {error}.", "Get the bundle again.") from None
    if info.config.outlines and _KINDS not in weights:  # of a model that knows one kind alone
        weights[_KINDS] = torch.ones(info.config.outlines, device=device)
    model.load_state_dict(weights, strict=True, assign=True)
    return model.requires_grad_(False).eval(), vocabulary


def check_runnable(info: BundleInfo) -> None:
    """Load a bundle once as it would be to make fills, and let go of it again.

    Raises:
        BundleError: As `load_model`, or its recolouring network or cut-outs cannot be loaded.
    """
    load_model(info)
    load_cut_outs(info)
    if info.recolours:
        load_recolour(info.folder)


def _checked_model(info: BundleInfo, vocabulary: Vocabulary) -> NIGDT:
    """Return the architecture without weights, once the file's weights are known to fit it.

    Nothing is allocated: an absurd architecture or file is refused before it costs memory.
    """
    try:
        with torch.device("meta"), _NoDraws():
            model = NIGDT(info.config.with_changes(spectral_norm=False), len(vocabulary))
    except NigdtError as error:
        raise BundleError(f"Bundle {info.name}: {error.message}", error.hint) from None
    except (RuntimeError, ValueError, OverflowError) as error:
        raise BundleError(f"Bundle {info.name}: the architecture cannot be built ({error}).") from None
    expected = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    try:
        with safe_open(info.folder / WEIGHTS, "pt") as file:
            given = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        if means_too_little_memory(error):
            raise MemoryError from None
        raise BundleError(
            f"Bundle {info.name}: {WEIGHTS} cannot be read ({error}).", "Get it again."
        ) from None
    if _MARKS in expected and given.get(_MARKS) == (info.config.outlines, *_OLDER_MARKS):
        model.outlines.marks = torch.zeros(given[_MARKS], device="meta")
        expected[_MARKS] = given[_MARKS]
    if _KINDS not in given:
        expected.pop(_KINDS, None)
    wrong = sorted(name for name in expected.keys() | given.keys() if expected.get(name) != given.get(name))
    if wrong:
        name = wrong[0]
        raise BundleError(
            f"Bundle {info.name}: weights do not fit the architecture ({len(wrong)} differ, first {name}: "
            f"{given.get(name, 'missing')} instead of {expected.get(name, 'none')}).",
            "Get the bundle again.",
        )
    return model


class _NoDraws(TorchFunctionMode):
    """Skips random initialisation: on the meta device it would only cost the import of torch's compiler."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if getattr(func, "__name__", "") in ("normal_", "uniform_"):
            return args[0] if args else (kwargs or {})["tensor"]
        return func(*args, **(kwargs or {}))
