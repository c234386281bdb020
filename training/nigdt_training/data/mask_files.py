"""Masks from files: a folder, or a list that fixes which photo gets which mask."""

from __future__ import annotations

import logging
from pathlib import Path

import cv2
import numpy as np

from nigdt.errors import PhotoError
from nigdt.photo.mask import FAINT, painted
from nigdt.photo.photo import Photo
from nigdt_training.data.errors import DataError
from nigdt_training.data.records import is_photo
from nigdt_training.data.split import place

log = logging.getLogger(__name__)


class MaskFiles:
    """Mask pictures in a fixed order.

    Args:
        path: A folder, whose pictures are taken with those of its subfolders, by name; or a text file with
            one mask a line, relative to its folder, or with `photo<TAB>mask`: then that photo gets that
            mask.
        black_holes: Whether black is the hole, not white; where a mask is transparent anywhere, what is
            opaque is the hole in any case.

    Raises:
        DataError: There is nothing there, or the list is wrong.
    """

    def __init__(self, path: Path, *, black_holes: bool = False) -> None:
        self.path, self.black_holes = path, black_holes
        self._of_photo: dict[str, Path] = {}
        self._damaged: set[Path] = set()
        if path.is_dir():
            self.files = sorted(file for file in path.rglob("*") if is_photo(file.name))
        else:
            self.files = self._read_list()
        if not self.files:
            raise DataError(f"{path} holds no masks.", "Give a folder of pictures, or a list of them.")

    def _read_list(self) -> list[Path]:
        try:
            # Names need not be UTF-8, and some editors begin a text with a mark.
            text = self.path.read_text(encoding="utf-8-sig", errors="surrogateescape")
        except OSError as error:
            raise DataError(f"The masks {self.path} cannot be read ({error.strerror or error}).") from None
        files = []
        for line in filter(None, map(str.strip, text.split("\n"))):
            photo, tab, name = line.rpartition("\t")
            file = self.path.parent / name
            if not file.is_file():
                log.warning("left out: %s: there is no mask %s", self.path, file)
                continue
            if tab:
                self._of_photo[photo] = file
            files.append(file)
        return files

    def __len__(self) -> int:
        return len(self.files)

    def read(self, i: int, height: int, width: int) -> np.ndarray:
        """Return mask i, (height, width) uint8, 255 = to be filled; in place of a damaged one the next.

        Raises:
            DataError: None of them can be read.
        """
        for further in range(len(self.files)):
            mask = self._load(self.files[(i + further) % len(self.files)], height, width)
            if mask is not None:
                return mask
        raise DataError(f"None of the masks of {self.path} can be read.", "They are to be black and white.")

    def of(self, photo: str, seed: int, height: int, width: int) -> np.ndarray | None:
        """Return a photo's mask: the list's, or one chosen by seed and name; None without one to be read.

        Raises:
            DataError: None of the masks can be read.
        """
        if self._of_photo:
            file = self._of_photo.get(photo)
            return None if file is None else self._load(file, height, width)
        return self.read(place(f"{seed}/mask file/{photo}") % len(self), height, width)

    def _load(self, file: Path, height: int, width: int) -> np.ndarray | None:
        try:
            photo = Photo.read(file)
            if 0 < (brightest := int(painted(photo).max())) < FAINT:
                raise PhotoError(f"{file.name} is no mask: its brightest pixel has level {brightest} of 255.")
            picture = painted(photo, black=self.black_holes)
        except PhotoError as error:
            if file not in self._damaged:
                log.warning("left out: %s", error)
            self._damaged.add(file)
            return None
        mask = cv2.resize(picture, (width, height), interpolation=cv2.INTER_NEAREST) >= 128
        return mask.astype(np.uint8) * np.uint8(255)
