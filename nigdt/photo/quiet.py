"""Keep decoders from writing to the standard error stream. No torch.

What is wrong with a picture is said by the error that is raised, in one line, or by the photo's notices. Only
decoders' own lines are kept away: those of Pillow, and of libtiff, which Pillow uses.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import threading
import warnings
from collections.abc import Iterator

from PIL import Image

__all__ = ["quiet_decoders"]

_lock = threading.Lock()
_inside = 0
_outermost = contextlib.ExitStack()


@contextlib.contextmanager
def quiet_decoders() -> Iterator[None]:
    """Silence decoders, and take Pillow's own limit of pixels away, while any thread is inside."""
    global _inside
    with _lock:
        if _inside == 0:
            _silence(_outermost)
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                _outermost.close()


def _silence(until: contextlib.ExitStack) -> None:
    until.callback(setattr, Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)
    Image.MAX_IMAGE_PIXELS = None
    until.enter_context(warnings.catch_warnings())
    warnings.filterwarnings("ignore", module="PIL")
    logger = logging.getLogger("PIL")  # without a handler, Python prints its errors
    handler = logging.NullHandler()
    logger.addHandler(handler)
    until.callback(logger.removeHandler, handler)
    for name in ("TIFFSetErrorHandler", "TIFFSetWarningHandler"):
        with contextlib.suppress(AttributeError, OSError):  # where libtiff lies hidden inside Pillow
            set_handler = getattr(ctypes.CDLL(Image.core.__file__), name)
            set_handler.argtypes, set_handler.restype = [ctypes.c_void_p], ctypes.c_void_p
            until.callback(set_handler, set_handler(None))
