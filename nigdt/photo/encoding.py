"""From a photo to a file's bytes, and whether a format can hold the photo at all. No torch.

What a format holds is not looked up but tried: a small piece of the photo, with its palette, transparency,
orientation and metadata, is encoded and read again before anything else is done. What comes back otherwise is
a reason to refuse the format; metadata that it has no place for is left out and named.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from nigdt.errors import PhotoError
from nigdt.photo.deep import deflate_tiff, write_png16, write_tiff16
from nigdt.photo.formats import FORMATS, PhotoFormat, of_suffix
from nigdt.photo.metadata import MOST_TAGS, NAMES, ORIENTATION, STORAGE, save_options, tag_name
from nigdt.photo.opening import reason
from nigdt.photo.provenance import has_room
from nigdt.photo.quiet import quiet_decoders
from nigdt.photo.samples import SIXTEEN_BIT, upright

if TYPE_CHECKING:
    from nigdt.photo.photo import Photo

__all__ = ["Plan", "encode", "plan"]

_LEAVES = ("xmp", "dpi", "exif", "srgb", "chromaticity", "gamma", "cicp", "quantization")
"""Metadata that may be left out where a format does not take it, in the order of trying."""
_TOLD = {"exif": "EXIF", "xmp": "XMP", "iptc": "IPTC", "xmp_extension": "XMP extension"}
"""Metadata that a format does without in silence, which the user is told."""
_WIDER = {"1": {"L", "P", "RGB"}, "L": {"P", "RGB"}, "LA": {"RGBA"}}
"""Kinds that hold the same values as another."""
_USUAL_GAMMA = 1 / 2.2
_CICP_SRGB = b"\x01\x0d\0\x01"
_BLOCK = 4  # pixels of one value in the piece that is tried, so that lossy formats show them


@dataclass(frozen=True)
class Plan:
    """How a photo goes into a format.

    Attributes:
        format: The format.
        info: The metadata that it takes.
        left_out: Names of what it has no place for.
        crowded: Whether the photo's own XMP leaves no room for a record of fills.
    """

    format: PhotoFormat
    info: Mapping[str, Any]
    left_out: tuple[str, ...]
    crowded: bool


def plan(photo: Photo, suffix: str) -> Plan:
    """Find out how a photo can be written, without encoding all of it.

    Args:
        photo: The photo.
        suffix: File name ending, such as ".png".

    Raises:
        PhotoError: The format is unknown, or would lose pixels, depth, transparency, palette, colours or
            resolution of the photo.
    """
    wanted = of_suffix(suffix)
    if wanted is None:
        endings = ", ".join(entry.suffixes[0] for entry in FORMATS)
        raise PhotoError(
            f"Pictures are not written as {suffix or 'files without an ending'}.", f"Use one of {endings}."
        )
    if max(photo.size) > wanted.largest:
        raise _refusal(photo, wanted, f"its sides are at most {wanted.largest:,} pixels")
    piece = _piece(photo)
    try:
        info, data, dropped = _fitting(piece, wanted)
        again = photo.from_bytes(data, f"a{wanted.suffixes[0]}")
    except PhotoError:
        raise
    except Exception as error:
        raise _refusal(photo, wanted, reason(error)) from None
    lost = _lost(piece, again, wanted)
    if lost:
        raise _refusal(photo, wanted, f"{lost} would be lost")
    for key, name in _TOLD.items():
        if key in info and key not in again.info and (key != "exif" or _tags(info[key])):
            dropped.append(name)
    crowded = "xmp" in info and not has_room(data, wanted.name)
    return Plan(wanted, info, tuple(dropped), crowded)


def encode(photo: Photo, how: Plan) -> bytes:
    """Return the bytes of a file.

    Args:
        photo: The photo.
        how: From `plan`.

    Raises:
        PhotoError: The encoder refuses.
    """
    try:
        return _encoded(photo, how.format, how.info)
    except Exception as error:  # encoders raise a dozen types
        raise _refusal(photo, how.format, reason(error)) from None


def _refusal(photo: Photo, wanted: PhotoFormat, why: str) -> PhotoError:
    suffix = photo.lossless_suffix
    hint = "" if suffix in wanted.suffixes else f"Save it as {suffix}."
    return PhotoError(f"{wanted.title} cannot hold this photo ({_describe(photo.kind)}): {why}.", hint)


def _encoded(photo: Photo, wanted: PhotoFormat, info: Mapping[str, Any]) -> bytes:
    if not wanted.turns and photo.orientation != 1:
        photo = photo.turned_upright()
        info = {key: value for key, value in info.items() if key != "exif"}
    if photo.kind in SIXTEEN_BIT and photo.kind != "I;16":
        if wanted.name == "PNG":
            return write_png16(photo.samples, photo.kind, info)
        if wanted.name == "TIFF" and photo.kind != "LA;16":
            return write_tiff16(photo.samples, info, photo.orientation)
        raise ValueError("it has no 16-bit colour")
    image = photo.as_pillow()
    if not wanted.lossless and photo.kind == "P":
        image = image.convert("RGB")
    options = save_options(info, wanted.name, image.mode)
    if wanted.name == "WEBP":
        options |= {"lossless": True, "exact": True}
    elif wanted.name == "AVIF":
        options |= {"quality": 90, "advanced": {"alpha:lossless": "1"}}
    elif wanted.name == "PNG":
        options |= {"compress_level": 4}  # twice as fast as the default, a few per cent larger
    elif wanted.name == "TIFF":
        options |= {"compression": "raw"}
    elif wanted.name == "GIF":
        options |= {"optimize": False}  # which would sort the palette anew
    buffer = io.BytesIO()
    with quiet_decoders():
        image.save(buffer, wanted.name, **options)
    data = buffer.getvalue()
    return deflate_tiff(data) if wanted.name == "TIFF" else data


def _written(piece: Photo, wanted: PhotoFormat, info: Mapping[str, Any]) -> bytes:
    """Encode a piece, and see that it can be read: some encoders write what no decoder takes."""
    data = _encoded(piece, wanted, info)
    piece.from_bytes(data, f"a{wanted.suffixes[0]}")
    return data


def _fitting(piece: Photo, wanted: PhotoFormat) -> tuple[dict[str, Any], bytes, list[str]]:
    """Return the metadata with which the encoder takes a photo, the file, and what had to be left out."""
    info = dict(piece.info)
    try:
        return info, _written(piece, wanted, info), []
    except Exception as error:
        first = error
    for key in (key for key in _LEAVES if key in info):
        less = {other: value for other, value in info.items() if other != key}
        try:
            data = _written(piece, wanted, less)
        except Exception:  # noqa: S112 - another one is at fault, or more
            continue
        return (less, data, [NAMES[key]]) if key != "exif" else _fitting_exif(piece, wanted, info)
    kept = {key: value for key, value in info.items() if key not in _LEAVES or key == "exif"}
    others = [NAMES[key] for key in _LEAVES if key in info and key != "exif"]
    try:
        return kept, _written(piece, wanted, kept), others
    except Exception:
        if "exif" not in kept:
            raise first from None
    fitting, data, dropped = _fitting_exif(piece, wanted, kept)
    return fitting, data, [*others, *dropped]


def _fitting_exif(
    piece: Photo, wanted: PhotoFormat, info: dict[str, Any]
) -> tuple[dict[str, Any], bytes, list[str]]:
    """Leave out EXIF tags, the largest first, until the encoder takes the rest."""
    exif = Image.Exif()
    exif.load(info["exif"])
    tags = dict(exif) | {tag: exif.get_ifd(tag) for tag in exif if exif.get_ifd(tag)}
    dropped: list[str] = []

    def attempt(chosen: Mapping[int, Any]) -> tuple[dict[str, Any], bytes] | None:
        written = Image.Exif()
        for tag, value in chosen.items():
            written[tag] = value
        new = (
            {**info, "exif": written.tobytes()} if chosen else {k: v for k, v in info.items() if k != "exif"}
        )
        try:
            return new, _written(piece, wanted, new)
        except Exception:
            return None

    # One tag at fault is the usual case; else they are left out one after the other.
    order = sorted((tag for tag in tags if tag != ORIENTATION), key=lambda tag: -len(repr(tags[tag])))
    if len(order) > MOST_TAGS:
        done = attempt({})
        if done is not None:
            return *done, [NAMES["exif"]]
        order.clear()
    for tag in order:
        done = attempt({other: value for other, value in tags.items() if other != tag})
        if done is not None:
            return *done, [tag_name(tag)]
    for tag in order:
        del tags[tag]
        dropped.append(tag_name(tag))
        done = attempt(tags)
        if done is not None:
            return *done, dropped
    raise ValueError("its EXIF does not fit")


def _piece(photo: Photo) -> Photo:
    """Return a small photo that has everything of a large one but its size."""
    height, width = 6 * _BLOCK, 8 * _BLOCK
    random = np.random.default_rng(0)
    shape = (6, 8, *photo.samples.shape[2:])
    palette = photo.palette
    blocks: NDArray[Any]
    if photo.kind == "1":
        blocks = random.random(shape) > 0.5
    elif palette is not None:
        blocks = (np.arange(48) % palette.length).astype(np.uint8).reshape(6, 8)
    else:
        top = np.iinfo(photo.samples.dtype).max
        blocks = random.integers(0, top, shape, photo.samples.dtype, endpoint=True)
        if photo.kind in ("LA", "RGBA", "LA;16", "RGBA;16"):
            blocks[..., -1] = np.array([0, top // 2, top, top], photo.samples.dtype)[
                np.arange(48) % 4
            ].reshape(6, 8)
    samples = np.repeat(np.repeat(blocks, _BLOCK, 0), _BLOCK, 1)
    if palette is not None:  # all entries, though lossy formats show only the first ones as blocks
        samples.reshape(-1)[-256:] = np.arange(256) % palette.length
    elif photo.key is not None:
        samples[: height // 2, : width // 2] = photo.key
    return photo.with_samples(samples)


def _lost(before: Photo, after: Photo, wanted: PhotoFormat) -> str:
    """Return the first thing that did not come back from a format, in words; empty if everything did."""
    opaque = np.full(before.rgb8.shape[:2], 255, np.uint8)
    alpha = [opaque if one.alpha8 is None else one.alpha8 for one in (before, after)]
    if before.size != after.size:
        return "the picture's orientation"
    if not (alpha[0] == alpha[1]).all():
        return "its transparency"
    same_kind = after.kind == before.kind or after.kind in _WIDER.get(before.kind, set())
    if not same_kind and (wanted.lossless or before.kind in SIXTEEN_BIT | {"CMYK"}):
        return "the palette" if before.kind == "P" else "depth or kind of its colours"
    if wanted.lossless and not (before.rgb8 == after.rgb8).all():
        return "colours"
    if not wanted.lossless and before.orientation != after.orientation:
        return "the picture's orientation"
    seen = [upright(one.samples, one.orientation) for one in (before, after)]
    if before.kind in SIXTEEN_BIT and not np.array_equal(seen[0], seen[1]):
        return "its depth"
    profile = before.info.get("icc_profile")
    if profile is not None and after.info.get("icc_profile") != profile and not _is_srgb(profile):
        return "its colour profile"
    space = before.info.get("cicp", _CICP_SRGB)
    if space[:2] != _CICP_SRGB[:2] and after.info.get("cicp") != space:
        return "its colour space"
    gamma = before.info.get("gamma", _USUAL_GAMMA)
    if "gamma" not in after.info and abs(gamma - _USUAL_GAMMA) > 0.02 and profile is None:
        return "its gamma"
    if "dpi" in before.info and not _near(before.info["dpi"], after.info.get("dpi")):
        return "its resolution"
    return ""


def _near(one: tuple[float, float], other: tuple[float, float] | None) -> bool:
    """Return whether two resolutions are the same but for rounding; JPEG has whole numbers."""
    return other is not None and all(
        abs(a - b) <= max(0.5, 0.01 * a) for a, b in zip(one, other, strict=True)
    )


def _is_srgb(profile: bytes) -> bool:
    """Return whether a profile says what is taken for granted without one."""
    try:
        described = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile)))
    except (ImageCms.PyCMSError, OSError):
        return False
    return described.lower().startswith("srgb")


def _tags(exif: bytes) -> set[int]:
    """Return EXIF's tags without those that every format can do without.

    It turns the samples in place of the orientation, and says itself how they are stored.
    """
    tags = Image.Exif()
    tags.load(exif)
    return set(tags) - {ORIENTATION} - STORAGE


def _describe(kind: str) -> str:
    words = {
        "1": "black and white",
        "L": "grey",
        "I;16": "16-bit grey",
        "LA": "grey with alpha",
        "RGBA": "with alpha",
        "P": "with a palette",
    }
    return words.get(kind, f"16-bit {kind.removesuffix(';16')}" if kind.endswith(";16") else kind)
