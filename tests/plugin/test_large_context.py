"""Contexts larger than what is sent: quick while choosing and typing, with all detail in the end."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from nigdt_plugin.core.document import Document
from nigdt_plugin.core.fills import _SENT_SIDE, Blend, Fill, Round, Shot
from nigdt_plugin.core.layers import Layer
from nigdt_plugin.core.preview import Preview
from nigdt_plugin.core.tasks import Tasks
from PIL import Image

from nigdt.context.box import Box
from nigdt.photo.photo import Photo
from nigdt.variants import Variant

SIDE = _SENT_SIDE * 5 // 4
INSIDE = np.s_[540:760, 540:760]


@pytest.fixture
def shot() -> Shot:
    crop = np.random.default_rng(5).integers(60, 200, (SIDE, SIDE, 3)).astype(np.uint8)
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[500:800, 500:800] = 255
    return Shot(Box(0, 0, SIDE, SIDE), crop, mask)


def test_a_context_that_travels_smaller_keeps_its_detail(shot: Shot):
    sent, _ = shot.sent
    assert sent.shape < shot.crop.shape
    fill = Fill(sent, "grass", Variant(), "default")
    soft = cv2.resize(sent, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    assert np.array_equal(fill.at(shot, detail=False), soft)
    assert fill.at(shot)[INSIDE].std() > 1.05 * soft[INSIDE].std()


class Shown:
    """A preview without a window; what it asks threads for runs when the test pumps."""

    def __init__(self, shot: Shot, monkeypatch: pytest.MonkeyPatch) -> None:
        self.posted: queue.Queue[Callable[[], None]] = queue.Queue()
        self.tasks = Tasks(self.posted.put)
        self.document = Document(Photo.from_image(Image.fromarray(shot.crop)))
        self.preview = Preview(self.document, self.tasks)
        self.layers: list[Layer] = []
        self.asked: list[tuple[Fill, bool]] = []
        self.preview.changed.connect(lambda _before: self.layers.append(self.preview.layer))
        at = Fill.at

        def noted(fill: Fill, shot: Shot, detail: bool = True) -> np.ndarray:
            self.asked.append((fill, detail))
            return at(fill, shot, detail)

        monkeypatch.setattr(Fill, "at", noted)

    def rest(self) -> None:
        deadline = time.monotonic() + 60
        while self.preview.busy or self.tasks.busy:
            assert time.monotonic() < deadline
            self.posted.get(timeout=30)()


def test_an_enlarged_fill_is_shown_soft_at_once_then_with_its_detail(
    shot: Shot, monkeypatch: pytest.MonkeyPatch
):
    shown = Shown(shot, monkeypatch)
    fill = Fill(shot.sent[0], "grass", Variant(), "default")
    entry = Round(shot, [fill])
    applied: list[Layer] = []
    shown.preview.show(entry, fill, Blend())
    shown.preview.when_shown(lambda: applied.append(shown.preview.take()[0]))
    shown.rest()
    soft, sharp = shown.layers[:2]
    assert sharp.rgb.std() > 1.02 * soft.rgb.std()
    assert applied == [sharp]
    for strength in (0.9, 0.8, 0.7):
        shown.preview.show(entry, fill, Blend(strength=strength))
    shown.rest()
    assert [detail for _, detail in shown.asked] == [False, True], "worked out once, whatever the blend"
    assert shown.preview.layer.weight.max() == pytest.approx(0.7)
    assert len(shown.layers) <= 4, "of what waits only the newest is blended"
    shown.tasks.close()


def test_fills_that_follow_the_typing_never_queue_for_detail(shot: Shot, monkeypatch: pytest.MonkeyPatch):
    shown = Shown(shot, monkeypatch)
    fills = [Fill(shot.sent[0], str(number), Variant(), "default") for number in range(8)]
    entry = Round(shot, fills)
    for fill in fills:
        shown.preview.show(entry, fill, Blend())
        deadline = time.monotonic() + 0.05
        while time.monotonic() < deadline:
            if not shown.posted.empty():
                shown.posted.get()()
    shown.rest()
    detailed = [fill.caption for fill, detail in shown.asked if detail]
    assert detailed[-1] == "7"
    assert len(detailed) <= 4
    assert shown.preview.layer.fill == fills[-1].id
    shown.tasks.close()
