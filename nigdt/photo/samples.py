"""Pixel samples of every kind of photo: what the model sees of them, and how a fill goes back in. No torch.

Kinds are Pillow's mode names, and `RGB;16`, `RGBA;16` and `LA;16` for the 16-bit colour Pillow cannot
hold. Samples are arrays (H, W) or (H, W, channels) of uint8, uint16, or bool for `1`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = [
    "CHANNELS",
    "SIXTEEN_BIT",
    "Palette",
    "claim_entries",
    "keep_key",
    "key_of",
    "mix",
    "opacity_of",
    "scale_key",
    "share_over",
    "to_alpha8",
    "to_rgb8",
    "upright",
]

CHANNELS = {
    "1": 1, "L": 1, "P": 1, "I;16": 1,
    "LA": 2, "LA;16": 2,
    "RGB": 3, "RGB;16": 3,
    "RGBA": 4, "RGBA;16": 4, "CMYK": 4,
}  # fmt: skip
SIXTEEN_BIT = frozenset({"I;16", "LA;16", "RGB;16", "RGBA;16"})

_Float = TypeVar("_Float", np.float32, np.float64)

_BAND = 256  # rows mixed at a time
_LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, as Pillow converts to grey


class Palette:
    """Colours of a palette photo.

    Attributes:
        colours: (256, 3) uint8; entries beyond the file's own are 0.
        alpha: (256,) uint8; 255 = opaque.
        length: Number of entries in use by the file.
    """

    def __init__(self, colours: NDArray[np.uint8], alpha: NDArray[np.uint8], length: int) -> None:
        self.colours = colours
        self.alpha = alpha
        self.length = length

    @classmethod
    def of(cls, image: Image.Image) -> Palette:
        """Read the palette of a Pillow picture of mode P, with its transparency."""
        entries = np.asarray(image.getpalette("RGB"), np.uint8).reshape(-1, 3)
        colours = np.zeros((256, 3), np.uint8)
        colours[: len(entries)] = entries
        alpha = np.full(256, 255, np.uint8)
        transparency = image.info.get("transparency")
        if isinstance(transparency, int):
            alpha[transparency] = 0
        elif isinstance(transparency, bytes):
            alpha[: len(transparency)] = np.frombuffer(transparency[:256], np.uint8)
        return cls(colours, alpha, len(entries))


def upright(samples: NDArray, orientation: int) -> NDArray:
    """Return a view of the samples, turned as EXIF orientation 1 to 8 says the photo is to be seen.

    Writing into the view writes into `samples`.
    """
    if orientation in (5, 6, 7, 8):
        samples = samples.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        samples = samples[:, ::-1]
    if orientation in (3, 4, 7, 8):
        samples = samples[::-1]
    return samples


def to_rgb8(samples: NDArray, kind: str, palette: Palette | None) -> NDArray[np.uint8]:
    """Return what the model and the screen see: (H, W, 3) uint8, alpha left out, 16 bits rounded to 8."""
    if kind == "P":
        assert palette is not None
        return palette.colours[samples]
    if kind == "1":
        return np.repeat((samples.astype(np.uint8) * 255)[..., None], 3, axis=2)
    if kind == "CMYK":
        height, width = samples.shape[:2]
        return np.asarray(Image.frombytes("CMYK", (width, height), samples.tobytes()).convert("RGB"))
    if kind in SIXTEEN_BIT:
        samples = ((samples.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if CHANNELS[kind] == 1:
        return np.repeat(samples[..., None], 3, axis=2)
    if CHANNELS[kind] == 2:
        return np.repeat(samples[..., :1], 3, axis=2)
    return np.ascontiguousarray(samples[..., :3])


def key_of(info: Mapping[str, Any], kind: str) -> int | tuple[int, ...] | None:
    """Return the sample value that PNG's or GIF's colour key makes transparent, for kinds that can have one.

    Args:
        info: As Pillow has it; `transparency` is the key.
        kind: The photo's kind.

    Returns:
        A number for grey (0 or 1 for kind 1), three for colour; None without a key.
    """
    key = info.get("transparency")
    if kind == "RGB":
        return tuple(key) if isinstance(key, tuple) and len(key) == 3 else None
    if kind not in ("1", "L", "I;16") or not isinstance(key, int):
        return None
    return int(key > 0) if kind == "1" else key


def scale_key(info: dict[str, Any], *, depth: int, grey: bool) -> None:
    """Bring the key of a PNG to the bits its samples are read with, in place.

    The file holds 16 bits of it; those beyond the samples' own do not count. Grey of 2 or 4 bits is read
    with 8.
    """
    key = info.get("transparency")
    if isinstance(key, int):
        info["transparency"] = key = key & 255 if depth < 16 else key
    elif isinstance(key, tuple) and depth < 16:
        info["transparency"] = tuple(value & 255 for value in key)
    if grey and depth in (2, 4) and isinstance(key, int):
        most = 2**depth - 1
        info["transparency"] = (key & most) * 255 // most


def to_alpha8(
    samples: NDArray, kind: str, palette: Palette | None, key: int | tuple[int, ...] | None
) -> NDArray[np.uint8] | None:
    """Return opacity (H, W) uint8, 255 = opaque; None for photos without transparency.

    Args:
        samples: (H, W) or (H, W, channels).
        kind: Their kind.
        palette: For kind P.
        key: From `key_of`.
    """
    if kind == "P":
        assert palette is not None
        return None if (palette.alpha == 255).all() else palette.alpha[samples]
    if key is not None:
        keyed = samples == np.asarray(key)
        return np.where(keyed if samples.ndim == 2 else keyed.all(axis=-1), 0, 255).astype(np.uint8)
    if CHANNELS[kind] not in (2, 4) or kind == "CMYK":
        return None
    alpha = samples[..., -1]
    return (alpha >> 8).astype(np.uint8) if kind in SIXTEEN_BIT else alpha


def opacity_of(
    samples: NDArray, kind: str, palette: Palette | None, key: int | tuple[int, ...] | None
) -> NDArray[np.float64] | None:
    """Return opacity (h, w), 0 to 1, as exactly as the samples have it; None without transparency.

    Args:
        samples: As in `to_alpha8`, as the others.
        kind: Their kind.
        palette: For kind P.
        key: From `key_of`.
    """
    if kind in SIXTEEN_BIT and CHANNELS[kind] in (2, 4):
        return samples[..., -1] / 65535.0
    alpha = to_alpha8(samples, kind, palette, key)
    return None if alpha is None else alpha / 255.0


def share_over(weight: NDArray[_Float], opacity: NDArray[_Float]) -> NDArray[_Float]:
    """Return how much of the colour that is seen is the fill's, where it lies over half-transparent pixels.

    Args:
        weight: The fill's, 0 to 1.
        opacity: Of what lies below, 0 to 1, of the same shape.
    """
    seen = weight + opacity * (1 - weight)
    share = np.where(opacity == 1, weight, weight / np.maximum(seen, 1e-6))
    return share.astype(weight.dtype, copy=False)


def mix(
    region: NDArray,
    fill: NDArray,
    weight: NDArray[np.float64],
    kind: str,
    palette: Palette | None,
    opacity: NDArray[np.float64] | None = None,
) -> None:
    """Mix a fill into a region of samples in place: `(1 - weight) * region + weight * fill`.

    Samples of weight 0 are not touched. Grey takes the fill's luma; a palette takes new colours into entries
    that the region's photo leaves free (see `claim_entries`) or else the nearest it has; 1-bit samples are
    dithered.

    Args:
        region: (h, w) or (h, w, channels) view to change.
        fill: (h, w, 3), 0 to 255, any real type.
        weight: (h, w), 0 to 1.
        kind: Kind of the samples.
        palette: The photo's palette, for kind P.
        opacity: (h, w), from `opacity_of`: the fill lies over the region and makes it opaque, as a layer
            does. A palette's pixels become opaque from weight 0.5 on. None leaves alpha as it is.
    """
    if kind != "1" and len(region) > _BAND:  # bounds the memory of large fills; dithering needs the whole
        for start in range(0, len(region), _BAND):
            rows = slice(start, start + _BAND)
            below = None if opacity is None else opacity[rows]
            mix(region[rows], fill[rows], weight[rows], kind, palette, below)
        return
    touched = weight > 0
    if not touched.any():
        return
    alpha = weight[touched][:, None]
    if opacity is not None:
        alpha = share_over(alpha, opacity[touched][:, None])
    colour = fill[touched].astype(np.float64)
    if kind in ("1", "P"):
        before = to_rgb8(region, kind, palette)[touched].astype(np.float64)
        mixed = before + alpha * (colour - before)
        if kind == "1":
            region[touched] = _dithered(mixed @ _LUMA, touched)
        else:
            assert palette is not None
            opaque = palette.alpha[region[touched]] == 255
            if opacity is not None and (palette.alpha[: palette.length] == 255).any():
                opaque |= weight[touched] >= 0.5
            region[touched] = np.where(opaque, nearest_entries(mixed, palette), region[touched])
        return
    if kind == "CMYK":
        height, width = fill.shape[:2]
        rgb = np.clip(np.rint(fill), 0, 255).astype(np.uint8)
        cmyk = Image.frombytes("RGB", (width, height), rgb.tobytes()).convert("CMYK")
        colour = np.asarray(cmyk)[touched].astype(np.float64)
    elif CHANNELS[kind] < 3:
        colour = (colour @ _LUMA)[:, None]
    scale, top = (257.0, 65535.0) if kind in SIXTEEN_BIT else (1.0, 255.0)
    values = region[touched].reshape(len(colour), -1)
    before = values[:, : colour.shape[1]].astype(np.float64)
    mixed = np.clip(np.rint(before + alpha * (colour * scale - before)), 0, top)
    values[:, : colour.shape[1]] = mixed.astype(region.dtype)
    if opacity is not None and CHANNELS[kind] in (2, 4) and kind != "CMYK":
        below, above = opacity[touched], weight[touched]
        values[:, -1] = np.rint((above + below * (1 - above)) * top).astype(region.dtype)
    region[touched] = values.reshape(region[touched].shape)


def _dithered(luma: NDArray[np.float64], touched: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Dither the touched pixels' luma after Floyd and Steinberg, taken in their places."""
    grey = np.zeros(touched.shape, np.uint8)
    grey[touched] = np.clip(np.rint(luma), 0, 255)
    return np.asarray(Image.fromarray(grey).convert("1"))[touched]


def keep_key(
    before: NDArray,
    after: NDArray,
    key: int | tuple[int, ...],
    opened: NDArray[np.bool_] | None = None,
) -> None:
    """Let the same samples be transparent as before, in place, where one value means transparent (tRNS).

    Args:
        before: (h, w) or (h, w, channels), as the photo had them.
        after: The same with a fill mixed in.
        key: The transparent value.
        opened: (h, w), where a fill makes them opaque; None for nowhere.
    """
    axes = tuple(range(2, before.ndim))
    was = (before == key).all(axis=axes)
    if opened is not None:
        was &= ~opened
    after[was] = before[was]
    # The nearest value that is not the key, in the channel the eye sees least of: blue, or grey itself.
    became = (after == key).all(axis=axes) & ~was
    after[became] ^= np.array([0, 0, 1] if axes else 1, after.dtype)


def claim_entries(palette: Palette, used: NDArray[np.bool_], wanted: NDArray[np.uint8]) -> Palette:
    """Return a palette with new colours in the entries that the photo leaves free.

    Args:
        palette: The photo's palette.
        used: (256,), entries that pixels of the photo refer to; these and transparent ones stay as they are.
        wanted: (n, 3), the colours to be shown.

    Returns:
        A palette in which the free entries hold the colours that stand best for `wanted` (median cut).
    """
    free = np.flatnonzero(~used & (palette.alpha == 255))
    missing = wanted[(palette.colours[nearest_entries(wanted, palette)] != wanted).any(axis=1)]
    if not len(free) or not len(missing):
        return palette
    distinct = np.unique(missing, axis=0)
    if len(distinct) > len(free):
        strip = Image.frombytes("RGB", (len(missing), 1), np.ascontiguousarray(missing).tobytes())
        cut = strip.quantize(len(free), Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        distinct = np.unique(np.asarray(cut.getpalette("RGB"), np.uint8).reshape(-1, 3)[: len(free)], axis=0)
    colours = palette.colours.copy()
    colours[free[: len(distinct)]] = distinct
    length = max(palette.length, int(free[: len(distinct)].max()) + 1)
    return Palette(colours, palette.alpha, length)


def nearest_entries(colours: NDArray, palette: Palette) -> NDArray[np.uint8]:
    """Find the nearest opaque entry for each colour (n, 3), by distance in RGB; 0 if none is opaque."""
    entries = np.flatnonzero(palette.alpha[: palette.length] == 255)
    if not len(entries):
        return np.zeros(len(colours), np.uint8)
    table = palette.colours[entries].astype(np.float32)
    out = np.empty(len(colours), np.uint8)
    for start in range(0, len(colours), 8192):  # bounds the distance matrix to 8 MB
        part = np.asarray(colours[start : start + 8192], np.float32)
        distance = (table**2).sum(1) - 2 * part @ table.T
        out[start : start + 8192] = entries[distance.argmin(1)]
    return out
