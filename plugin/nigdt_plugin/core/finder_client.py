"""Asking the daemon's model where an object is, for a search that waits for the answer in a thread."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable

import cv2
import numpy as np
from nigdt_backend.protocol import Event, FillPicture, FillRequest, ProtocolError
from numpy.typing import NDArray

from nigdt.recipe import Recipe
from nigdt_plugin.core.geometry import Region

_LONG_SIDE = 768
"""Longer side in pixels of the copy that the model sees; it works at 224, in squares down to an eighth."""
_PATIENCE = 10.0
"""Seconds after which the object is looked for without the model, which may be busy with a fill."""


def object_request(rgb: NDArray[np.uint8], place: Region, bundle: str) -> FillRequest:
    """Return the question where an object is; arguments as of `FinderClient.look`."""
    height, width = rgb.shape[:2]
    scale = min(1.0, _LONG_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    marked = np.zeros(small.shape[:2], np.uint8)
    top, left = min(size[1] - 1, int(place.top * scale)), min(size[0] - 1, int(place.left * scale))
    bottom, right = (max(1, round(side * scale)) for side in (place.height, place.width))
    marked[top : top + bottom, left : left + right] = 255
    return FillRequest(small.tobytes(), marked.tobytes(), *size, Recipe(bundle=bundle), result="object")


def object_answer(request: FillRequest, picture: FillPicture) -> NDArray[np.uint8]:
    """Return how sure the model is of each place of the reduced copy that was sent, (h, w).

    Raises:
        ValueError: The answer is of another size.
    """
    return np.frombuffer(picture.weight, np.uint8).reshape(request.height, request.width)


class FinderClient:
    """Asks where objects are. `take` is called from the link's thread, `look` from any other.

    Args:
        submit: Sends a request.
        cancel: Drops a job.
    """

    def __init__(self, submit: Callable[[FillRequest], None], cancel: Callable[[str], None]) -> None:
        self._submit = submit
        self._cancel = cancel
        self._lock = threading.Lock()
        self._asked: dict[str, queue.SimpleQueue[Event]] = {}

    def take(self, event: Event) -> bool:
        """Take an event if it answers a question that was asked here, and return whether it does."""
        with self._lock:
            answers = self._asked.get(event.job or "")
        if answers is not None:
            answers.put(event)
        return answers is not None

    def look(self, rgb: NDArray[np.uint8], place: Region, bundle: str) -> NDArray[np.uint8] | None:
        """Return where the object is that was clicked, or that a box was drawn around, as the model sees it.

        Args:
            rgb: Photo (H, W, 3).
            place: The box, inside the photo, or the one pixel that was clicked.
            bundle: Name of the model.

        Returns:
            (h, w) of a reduced copy, 255 where the model is sure of it; None without an answer in time.
        """
        request = object_request(rgb, place, bundle)
        answers: queue.SimpleQueue[Event] = queue.SimpleQueue()
        with self._lock:
            self._asked[request.job] = answers
        try:
            self._submit(request)
            return self._awaited(request, answers)
        finally:
            with self._lock:
                del self._asked[request.job]

    def _awaited(self, request: FillRequest, answers: queue.SimpleQueue[Event]) -> NDArray[np.uint8] | None:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                event = answers.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                self._cancel(request.job)
                return None
            if event.kind in ("done", "error"):
                return None
            if event.kind == "fill":
                try:
                    return object_answer(request, FillPicture.from_event(event))
                except (ProtocolError, ValueError):
                    return None
