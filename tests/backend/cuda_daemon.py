"""The real daemon and model on a CUDA device that is pretended, in a process of its own."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

# The folder itself: installed packages may bring a package called "tests".
sys.path.insert(0, str(Path(__file__).parents[1]))

from nigdt_backend.daemon import turns
from nigdt_backend.daemon.engine import NigdtEngine
from nigdt_backend.daemon.process import main
from nigdt_backend.daemon.settings import DaemonSettings


class CudaEngine(NigdtEngine):
    """Enters the pretence in the model's thread, for which alone it holds."""

    def __init__(self, settings: DaemonSettings) -> None:
        super().__init__(settings)
        self._pretence = contextlib.ExitStack()

    def _prepare(self) -> None:
        if self._device is None:
            from pretended_device import pretended

            self._pretence.enter_context(pretended("cuda:0"))
        super()._prepare()


if __name__ == "__main__":
    turns.BATCH_WINDOW_SECONDS = 0.2  # clients on a busy machine are to share a batch all the same
    sys.exit(main(engine_factory=CudaEngine))
