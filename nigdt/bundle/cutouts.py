"""What a bundle keeps of its owner's photos: things cut out of them, in one file.

`cutouts.safetensors` holds for each cut-out `pixels.N` (h, w, 4), uint8 colours and opacity, and `light.N`
(5,), single-precision figures of its photo's light; N is the number of the model's outline that is its own.
Needs no torch. Most bundles do without.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from nigdt.bundle.bundle import CUT_OUTS, BundleInfo
from nigdt.errors import BundleError
from nigdt.pasted import BESIDE, CutOut

__all__ = ["load_cut_outs", "save_cut_outs"]

MOST, LONGEST = 64, 512
"""Cut-outs of a bundle, and pixels of a side of one, at most."""
_SHORTEST = 2 * BESIDE + 4
_LIGHT = 5
_NAME = re.compile(r"(pixels|light)\.(\d{1,6})")


def save_cut_outs(folder: str | os.PathLike[str], cut_outs: Mapping[int, CutOut]) -> None:
    """Write a bundle's cut-outs; the caller renews its checksums.

    Args:
        folder: Where; it must exist.
        cut_outs: The number of the outline that each belongs to, and it.

    Raises:
        BundleError: There are too many, or the disk refuses.
    """
    if len(cut_outs) > MOST:
        raise BundleError(f"A bundle cannot keep {len(cut_outs)} cut-outs, only {MOST}.")
    tensors: dict[str, NDArray[np.generic]] = {}
    for number, cut in cut_outs.items():
        tensors[f"pixels.{number}"] = np.ascontiguousarray(cut.pixels, np.uint8)
        tensors[f"light.{number}"] = np.ascontiguousarray(cut.light, np.float32)
    try:
        (Path(folder) / CUT_OUTS).write_bytes(save(tensors))
    except OSError as error:
        raise BundleError(f"Cannot write to {folder}: {error.strerror or error}.") from None


def load_cut_outs(info: BundleInfo) -> dict[int, CutOut]:
    """Read what `save_cut_outs` wrote; checksums are the caller's.

    Returns:
        The number of an outline -> what was cut out; empty for a bundle without.

    Raises:
        BundleError: The file is damaged, or does not fit the bundle.
    """
    path = info.folder / CUT_OUTS
    if not path.is_file():
        return {}
    try:
        with safe_open(path, "np") as file:
            names = list(file.keys())
            _check(file, names, info.config.outlines)
            found = {name: file.get_tensor(name) for name in names}
    except (SafetensorError, OSError, ValueError, TypeError, KeyError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise BundleError(
            f"Bundle {info.name}: {CUT_OUTS} cannot be read ({reason}).", "Get the bundle again."
        ) from None
    numbers = sorted(int(name.split(".")[1]) for name in names if name.startswith("pixels."))
    return {number: CutOut(found[f"pixels.{number}"], found[f"light.{number}"]) for number in numbers}


def _check(file: Any, names: list[str], outlines: int) -> None:
    """Compare names, shapes and kinds of numbers with what is written, before any costs memory.

    Raises:
        ValueError: They differ.
    """
    if len(names) > 2 * MOST:
        raise ValueError(f"it holds more than {MOST} cut-outs")
    for name in names:
        match = _NAME.fullmatch(name)
        if match is None or int(match[2]) >= outlines:
            raise ValueError("it names an outline that the model does not have")
        other = f"{'light' if match[1] == 'pixels' else 'pixels'}.{match[2]}"
        if other not in names:
            raise ValueError(f"{other} is missing")
        part = file.get_slice(name)
        shape, kind = tuple(part.get_shape()), part.get_dtype()
        if match[1] == "light":
            if shape != (_LIGHT,) or kind != "F32":
                raise ValueError(f"{name} is not {_LIGHT} numbers")
            if not np.isfinite(file.get_tensor(name)).all():
                raise ValueError(f"{name} is not finite")
        elif len(shape) != 3 or shape[2] != 4 or kind != "U8":
            raise ValueError(f"{name} is no picture")
        elif not all(_SHORTEST <= side <= LONGEST for side in shape[:2]):
            raise ValueError(f"{name} has sides of {shape[1]} and {shape[0]} pixels")
