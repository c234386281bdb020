"""A panel that stands on the screen until its standard input ends: ``python standing_panel.py PHOTO``."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from nigdt_plugin.core.settings import Settings
from panel import Panel


def main() -> None:
    panel = Panel(Settings(theme="dark", live=False, seen_hints=True))
    panel.open(Path(sys.argv[1]))
    panel.select(90, 50, 150, 110)
    panel.fill("a red bird", 2)
    panel.apply()
    print("ready", flush=True)
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    panel.until(ended.is_set, 600)
    panel.close()


if __name__ == "__main__":
    main()
