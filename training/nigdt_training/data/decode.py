"""From a file's bytes to an upright RGB frame, with boxes and outlines turned along."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from PIL import Image

from nigdt.photo.opening import read_file
from nigdt.photo.photo import Photo
from nigdt_training.data.records import BoxXYWH, Point, Record
from nigdt_training.data.tree import Source

LONGEST_FRAME = 1.5
"""Long side over short side beyond which a frame is cropped; training takes squares from it."""


@dataclass(frozen=True)
class Frame:
    """A decoded photo with what is known about its object.

    Attributes:
        photo: (H, W, 3) uint8 RGB.
        box: Object's box (x, y, width, height) in the frame's pixels, inside it; None when unknown or
            outside.
        outline: (H, W) uint8, 255 inside the object's polygons; None when there are none.
        places: Part of the object -> (x, y) in the frame's pixels, for those inside it.
    """

    photo: np.ndarray
    box: BoxXYWH | None
    outline: np.ndarray | None
    places: dict[str, Point] = field(default_factory=dict)


def decode_frame(record: Record, short_side: int, *, central: bool = False) -> Frame:
    """Decode a photo once: upright, RGB, short side resized, an over-long side cropped around the object.

    Args:
        record: The photo.
        short_side: Pixels of the shorter side of the frame; smaller photos are enlarged.
        central: Cut the photo to its central square instead, wherever the object is.

    Returns:
        The frame, at most `LONGEST_FRAME` times as long as short.

    Raises:
        PhotoError: The bytes cannot be decoded.
    """
    image, orientation, stored = open_upright(record.source, 2 * short_side)
    width, height = image.size
    scale = short_side / min(width, height)
    size = (max(short_side, round(width * scale)), max(short_side, round(height * scale)))
    photo = np.asarray(image.resize(size, Image.Resampling.LANCZOS))

    def to_frame(points: np.ndarray) -> np.ndarray:
        upright = _turn(points / np.asarray(stored, np.float64), orientation)
        return upright * np.asarray(size, np.float64)

    box = None
    if record.box is not None:
        x, y, box_width, box_height = record.box
        corners = to_frame(np.array([[x, y], [x + box_width, y + box_height]], np.float64))
        box = (*corners.min(0), *(corners.max(0) - corners.min(0)))
    outline = None
    if record.polygons:
        outline = np.zeros(photo.shape[:2], np.uint8)
        outlines = [np.rint(to_frame(np.reshape(flat, (-1, 2)))).astype(np.int32) for flat in record.polygons]
        cv2.fillPoly(outline, outlines, 255)
    longest = short_side if central else round(LONGEST_FRAME * short_side)
    places = {
        part: (float(x), float(y))
        for part, place in record.places.items()
        for x, y in to_frame(np.array([place], np.float64))
    }
    return _crop(photo, box, outline, places, longest, None if central else box)


def open_upright(source: Source, least: int) -> tuple[Image.Image, int, tuple[int, int]]:
    """Decode a photo by the decoder of the library, upright and over white.

    Transparent pixels hold arbitrary colours, which the model must not learn. When a photo is filled they
    count as unknown; here, where nothing is unknown but the hole, they are white, as viewers show them.

    Args:
        source: The photo's bytes.
        least: Lets JPEG decode at a fraction of its size as long as both sides stay at least this long.

    Returns:
        The RGB image, its EXIF orientation (1 to 8), and the stored (width, height) before turning.

    Raises:
        PhotoError: The bytes are no photo that can be decoded.
    """
    data = read_file(source.path, name="", offset=source.offset, size=source.size)
    photo = Photo.from_bytes(data, least=least, first=True)
    return Image.fromarray(photo.on_white), photo.stored_orientation, photo.stored_size


def _turn(points: np.ndarray, orientation: int) -> np.ndarray:
    """Convert points (N, 2) in stored coordinates 0..1 to upright coordinates, for an EXIF orientation."""
    x, y = points[:, 0], points[:, 1]
    turned = {
        1: (x, y),
        2: (1 - x, y),
        3: (1 - x, 1 - y),
        4: (x, 1 - y),
        5: (y, x),
        6: (1 - y, x),
        7: (1 - y, 1 - x),
        8: (y, 1 - x),
    }[orientation]
    return np.stack(turned, axis=1)


def _crop(
    photo: np.ndarray,
    box: BoxXYWH | None,
    outline: np.ndarray | None,
    places: dict[str, Point],
    longest: int,
    around: BoxXYWH | None,
) -> Frame:
    height, width = photo.shape[:2]
    x, y, box_width, box_height = around or (0, 0, width, height)
    centre_x, centre_y = x + box_width / 2, y + box_height / 2
    left = int(np.clip(round(centre_x - longest / 2), 0, max(0, width - longest)))
    top = int(np.clip(round(centre_y - longest / 2), 0, max(0, height - longest)))
    window = (slice(top, top + longest), slice(left, left + longest))
    photo = np.ascontiguousarray(photo[window])
    height, width = photo.shape[:2]
    if box is not None:
        x0, y0 = max(0.0, box[0] - left), max(0.0, box[1] - top)
        x1, y1 = min(float(width), box[0] + box[2] - left), min(float(height), box[1] + box[3] - top)
        box = (x0, y0, x1 - x0, y1 - y0) if x1 - x0 >= 1 and y1 - y0 >= 1 else None
    places = {part: (x - left, y - top) for part, (x, y) in places.items()}
    inside = {part: at for part, at in places.items() if 0 <= at[0] < width and 0 <= at[1] < height}
    return Frame(photo, box, None if outline is None else np.ascontiguousarray(outline[window]), inside)
