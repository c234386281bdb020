"""A 24-megapixel photo, edited with real mouse events: the window answers all the time."""

from __future__ import annotations

from pathlib import Path

import pytest
from nigdt_plugin.bench import script
from nigdt_plugin.bench.stalls import Block
from nigdt_plugin.core.settings import Settings
from panel import Panel
from PIL import Image

LIMIT = 0.050
ROUNDS = 3


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_large_photo_never_stalls_the_window(user: Path, tmp_path: Path):
    """What the program itself does comes every time; what another program's load does, comes and goes."""
    photo = tmp_path / "large.jpg"
    script.write_photo(photo)
    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        for name, block in edited(photo, tmp_path).items():
            best[name] = min(block.waited, best.get(name, block.waited))
        slow = {name: f"{1000 * seconds:.0f} ms" for name, seconds in best.items() if seconds > LIMIT}
        if not slow:
            break
    print({name: f"{1000 * seconds:.0f} ms" for name, seconds in best.items()})
    assert slow == {}
    with Image.open(tmp_path / "out.png") as saved:
        assert saved.size == (script.WIDTH, script.HEIGHT)


def edited(photo: Path, folder: Path) -> dict[str, Block]:
    panel = Panel(Settings(theme="dark", live=False, seen_hints=True))
    panel.window.resize(1600, 1000)
    hand = script.Hand(panel.session, panel.window)
    try:
        script.edit(hand, photo, folder)
    finally:
        panel.close()
    return hand.stalls.worst
