"""Time that does not run while this process is suspended and does not jump with the wall clock."""

from __future__ import annotations

import time


class AwakeClock:
    """Seconds since the last restart during which this process ran.

    Call `tick` more often than once a second; a longer gap means the process or machine slept, and counts as
    one second, so that nobody is blamed for silence that nobody could have heard.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self._last = time.monotonic()

    def tick(self) -> None:
        """Count the time since the last tick."""
        now = time.monotonic()
        self.seconds += min(now - self._last, 1.0)
        self._last = now

    def restart(self) -> None:
        """Count from zero again."""
        self.seconds = 0.0
        self._last = time.monotonic()
