"""A photo whose pixels outside a fill keep their exact values, whatever kind of file it is. Needs no torch.

Lossless files (PNG, TIFF, WebP, BMP, GIF, ...) come back with every pixel of weight 0 unchanged, in the
photo's own kind: RGB, RGBA, grey, grey with alpha, 16-bit grey and colour, palette, 1-bit and CMYK; with what
`nigdt.photo.metadata` carries: ICC profile, EXIF (orientation included: samples stay as the file has them),
XMP, resolution. What is not kept:

* Saving as JPEG encodes anew, with the photo's own quantisation tables when it came from a JPEG; pixels
  differ a little everywhere. Save as PNG where that matters.
* A palette photo stays one. Colours of the fill go into entries no pixel refers to; when there are fewer than
  needed, the nearest are taken.
* Transparent pixels become opaque where a fill covers them, as under a layer. A recolouring keeps alpha.
* Only single pictures: animations, TIFFs of several pages and PPMs of several pictures are refused rather
  than cut to the first. The pictures and films that phones put behind a JPEG (MPO) are not carried over,
  which is said.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from nigdt.errors import PhotoError, printable
from nigdt.files import check_writable, has_other_names, same_file, write_atomically
from nigdt.notices import CUT_TO_8_BITS, DAMAGED_METADATA, MORE_BEHIND, NO_PLACE, NO_ROOM, OTHER_NAMES
from nigdt.photo.camera import RAW, camera_format, develop, open_camera_picture
from nigdt.photo.decoding import decode
from nigdt.photo.depth import avif_bits, jxl_bits
from nigdt.photo.encoding import Plan, encode, plan
from nigdt.photo.flaws import without_flaws
from nigdt.photo.opening import (
    MAX_PIXELS,
    DamagedPictureError,
    check_regular,
    opened,
    read_file,
    reason,
)
from nigdt.photo.provenance import DrawnFill, stamped
from nigdt.photo.raster import Raster

__all__ = ["MAX_PIXELS", "Photo"]


class Photo(Raster):
    """The user's whole picture and its file. Objects do not change; `paste` gives a new one.

    Use `read` or `from_image`, not the constructor. The attributes are those of `Raster`.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._plans: dict[str, Plan] = {}

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Photo:
        """Read a file.

        Raises:
            PhotoError: The file is missing, damaged, too large, an animation, or of a kind that is not
                supported.
        """
        path = Path(path)
        entry = camera_format(path)
        if entry is None:
            return cls.from_bytes(read_file(path), path.name, source=path)
        check_regular(path)
        if entry.name == RAW:
            samples, exif = develop(path, entry)
            samples.setflags(write=False)
            return cls(samples, "RGB;16", info={"exif": exif} if exif else {}, source=path)
        picture = open_camera_picture(path, entry)
        photo = cls.from_image(picture)
        if not photo.deep:
            bits = jxl_bits(path.read_bytes()) if entry.name == "JXL" else picture.info.get("bit_depth", 8)
            photo.notices += cut_to_8_bits(bits)
        photo.source = path
        return photo

    @classmethod
    def from_bytes(
        cls,
        data: bytes,
        name: str = "",
        *,
        source: Path | None = None,
        least: int | None = None,
        first: bool = False,
    ) -> Photo:
        """Decode the bytes of a file. Metadata that keep it from being decoded are left out.

        Args:
            data: The bytes.
            name: The file's name, for messages.
            source: Where it lies, if anywhere.
            least: Decode a JPEG at a fraction of its size, faster, as long as both sides keep so many pixels.
            first: Take the first of several pictures instead of refusing them.

        Raises:
            PhotoError: As for `read`.
        """
        try:
            return cls._decoded(data, name, source, least, first)
        except DamagedPictureError:
            sound, names = without_flaws(data)
            if not names:
                raise
            with contextlib.suppress(PhotoError):
                return cls._decoded(sound, name, source, least, first, names)
            raise

    @classmethod
    def _decoded(
        cls,
        data: bytes,
        name: str,
        source: Path | None,
        least: int | None,
        first: bool,
        left_out: Sequence[str] = (),
    ) -> Photo:
        with opened(data, name) as image:
            stored = image.size
            if image.format == "TIFF":  # whose size Pillow gives upright
                tags = image.tag_v2  # type: ignore[attr-defined]
                stored = (int(tags[256]), int(tags[257]))
            if least is not None:
                image.draft(None, (least, least))
            photo = cls._from_opened(image, data, source, first=first, left_out=left_out)
            photo.stored_size = stored
            return photo

    @classmethod
    def from_image(cls, image: Image.Image) -> Photo:
        """Take a Pillow picture, with the ICC profile, EXIF and resolution it carries.

        Raises:
            PhotoError: A mode that is not supported (F, LAB, HSV, YCbCr, premultiplied alpha).
        """
        try:
            image.load()
        except Exception as error:
            raise PhotoError(f"The picture cannot be decoded ({reason(error)}).") from None
        return cls._from_opened(image, b"", None)

    @classmethod
    def _from_opened(
        cls,
        image: Image.Image,
        data: bytes,
        source: Path | None,
        *,
        first: bool = False,
        left_out: Sequence[str] = (),
    ) -> Photo:
        found = decode(image, data, first=first)
        found.samples.setflags(write=False)
        photo = cls(
            found.samples,
            found.kind,
            palette=found.palette,
            orientation=found.orientation,
            info=found.info,
            source=source,
        )
        photo.stored_orientation = found.stored_orientation
        damaged = [*left_out, *found.damaged]
        if damaged:
            names = ", ".join(dict.fromkeys(damaged))
            photo.notices = (DAMAGED_METADATA.format(names),)
        if image.format == "AVIF" and data:
            photo.notices += cut_to_8_bits(avif_bits(data))
        return photo

    def save(
        self, path: str | os.PathLike[str], *, overwrite: bool = False, fills: Sequence[DrawnFill] = ()
    ) -> tuple[str, ...]:
        """Write the photo in the format of the file name's ending, all or nothing.

        Another file of that name is replaced at the end, in one step; the photo's own file only with
        `overwrite`.

        Args:
            path: The file; its ending names the format.
            overwrite: Whether the photo's own file may be replaced.
            fills: What was filled, to be recorded in the file where its format has a place for it.

        Returns:
            What the file lacks that the photo or its fills have, in words, and whether it had further names;
            `check_save` says so beforehand.

        Raises:
            PhotoError: The format is unknown or cannot hold this kind of photo, the path is the photo's own,
                or the disk refuses.
        """
        path = Path(path)
        if not overwrite and self.source is not None and same_file(path, self.source):
            raise PhotoError(f"{path} is the photo itself.", "Choose another name, or say to overwrite it.")
        data = self.encode(path.suffix)
        linked = other_names(path)
        try:
            write_atomically(path, stamped(data, fills))
        except OSError as error:
            raise PhotoError(f"Cannot write {path}: {error.strerror or error}.") from None
        return (*self.losses(path.suffix, recorded=bool(fills)), *linked)

    @property
    def lossless_suffix(self) -> str:
        """File name ending of a format that holds this photo without loss."""
        return ".tif" if self.kind == "CMYK" else ".png"

    def check_save(self, path: str | os.PathLike[str]) -> tuple[str, ...]:
        """Find out whether `save` will work, before anything is done for it.

        Args:
            path: The file that is to be written.

        Returns:
            What the user should know: metadata that the format has no place for, what lies behind the photo
            in its file, a record of fills that the photo's own XMP leaves no room for, and further names of
            the file.

        Raises:
            PhotoError: The format is unknown or would lose something of this photo, or the file cannot be
                written.
        """
        path = Path(path)
        told = self.losses(path.suffix)
        try:
            check_writable(path)
        except OSError as error:
            raise PhotoError(f"Cannot write {path}: {error.strerror or error}.") from None
        return (*told, *other_names(path))

    def losses(self, suffix: str, *, recorded: bool = True) -> tuple[str, ...]:
        """Find out what a format would leave out that this photo can do without.

        Args:
            suffix: File name ending of the format, such as ".png".
            recorded: Whether fills are to be recorded in the file.

        Returns:
            What the user should know, as for `check_save`.

        Raises:
            PhotoError: The format is unknown or would lose something of this photo.
        """
        how = self._plan(suffix)
        told = [*no_place_for(how.format.title, how.left_out)]
        if "more_behind" in self.info:
            told.append(MORE_BEHIND)
        if recorded and how.crowded:
            told.append(NO_ROOM.format(how.format.title, self.lossless_suffix))
        return tuple(told)

    def encode(self, suffix: str) -> bytes:
        """Return the bytes of a file in the format that a file name's ending, such as ".png", means.

        Raises:
            PhotoError: The format is unknown or would lose something of this photo.
        """
        return encode(self, self._plan(suffix))

    def _plan(self, suffix: str) -> Plan:
        if suffix not in self._plans:
            self._plans[suffix] = plan(self, suffix)
        return self._plans[suffix]


def cut_to_8_bits(bits: int) -> tuple[str, ...]:
    """Return what the user should know of a photo whose file has more bits than were read."""
    if bits <= 8:
        return ()
    return (CUT_TO_8_BITS.format(bits),)


def no_place_for(title: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return what the user should know of metadata that a format does not hold."""
    return (NO_PLACE.format(title, ", ".join(names)),) if names else ()


def other_names(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """Return what the user should know before a file is replaced that has further names."""
    return (OTHER_NAMES.format(printable(Path(path).name)),) if has_other_names(path) else ()
