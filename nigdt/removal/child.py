"""The process that removes: `python -m nigdt.removal.child`, spoken to by `nigdt.removal.worker`."""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import threading
from typing import IO, Any

from nigdt.runtime.threads import keep_openblas_calm

keep_openblas_calm()

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from nigdt.errors import NigdtError  # noqa: E402
from nigdt.removal.engine import remove  # noqa: E402
from nigdt.removal.messages import receive, send  # noqa: E402

Work = tuple[dict[str, Any], list[NDArray[np.uint8]]]


def main() -> None:
    """Answer requests until the other side closes the pipe."""
    # A copy of the pipe, so that what libraries print does not mix with the messages.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    requests: queue.Queue[Work] = queue.Queue()
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()
    _warm_up()
    send(answers, {"kind": "ready"})
    while True:
        _answer(answers, *requests.get())


def _warm_up() -> None:
    """Remove something small: a first removal also loads PyPatchMatch, which takes as long as a stroke."""
    crop = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    hole = np.zeros((64, 64), np.uint8)
    hole[28:36, 28:36] = 255
    with contextlib.suppress(NigdtError, MemoryError):  # the removal itself will tell
        remove(crop, hole)


def _listen(requests: queue.Queue[Work]) -> None:
    """Pass requests on, and end the process with the one it works for, even in the middle of a removal."""
    while (message := receive(sys.stdin.buffer)) is not None:
        requests.put(message)
    os._exit(0)


def _answer(answers: IO[bytes], header: dict[str, Any], arrays: list[NDArray[np.uint8]]) -> None:
    crop, hole, *allowed = arrays

    def progress(fraction: float) -> None:
        send(answers, {"kind": "progress", "fraction": fraction})

    def previewed(filled: NDArray[np.uint8]) -> None:
        send(answers, {"kind": "preview"}, filled)

    try:
        filled = remove(
            crop,
            hole,
            allowed=allowed[0] if allowed else None,
            progress=progress,
            previewed=previewed if header["previews"] else None,
            **header["options"],
        )
    except NigdtError as error:
        failure = type(error).__name__, error.message, error.hint
    except MemoryError:
        failure = "RemovalError", "There is not enough memory for this removal.", "Select less."
    except Exception as error:
        failure = "RemovalError", f"The removal failed: {type(error).__name__}: {error}", ""
    else:
        send(answers, {"kind": "done"}, filled)
        return
    send(answers, {"kind": "error", **dict(zip(("type", "message", "hint"), failure, strict=True))})


if __name__ == "__main__":
    main()
