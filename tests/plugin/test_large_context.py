"""Contexts larger than what is sent: quick while choosing and typing, with all detail in the end."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest
from nigdt_plugin.core import heat
from nigdt_plugin.core.document import Document
from nigdt_plugin.core.fills import Candidate, Round
from nigdt_plugin.core.layers import Layer
from nigdt_plugin.core.preview import Preview
from nigdt_plugin.core.selection import Patch
from nigdt_plugin.core.tasks import Tasks
from PIL import Image

from nigdt.context import Context
from nigdt.limits import CONTEXT_SIDE_MAX
from nigdt.photo.photo import Photo
from nigdt.recipe import Recipe

SIDE = CONTEXT_SIDE_MAX * 5 // 4
INSIDE = np.s_[540:760, 540:760]


@pytest.fixture
def context() -> Context:
    crop = np.random.default_rng(5).integers(60, 200, (SIDE, SIDE, 3)).astype(np.uint8)
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[500:800, 500:800] = 255
    context = Context.of(crop, mask, SIDE, Recipe("grass"))
    assert context.crop.shape == crop.shape
    return context


def test_a_context_that_travels_smaller_keeps_its_detail(context: Context):
    sent, _ = context.sent
    assert sent.shape < context.crop.shape
    fill = Candidate(sent, Recipe("grass"))
    soft = cv2.resize(sent, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    assert np.array_equal(fill.at(context, detail=False), soft)
    assert fill.at(context)[INSIDE].std() > 1.05 * soft[INSIDE].std()


class Shown:
    """A preview without a window; what it asks threads for runs when the test pumps."""

    def __init__(self, context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
        self.posted: queue.Queue[Callable[[], None]] = queue.Queue()
        self.tasks = Tasks(self.posted.put)
        self.document = Document(Photo.from_image(Image.fromarray(context.crop)))
        self.preview = Preview(self.document, self.tasks)
        self.layers: list[Layer] = []
        self.asked: list[tuple[Candidate, bool]] = []
        self.preview.changed.connect(lambda _before: self.layers.append(self.preview.layer))
        at = Candidate.at

        def noted(fill: Candidate, context: Context, detail: bool = True) -> np.ndarray:
            self.asked.append((fill, detail))
            return at(fill, context, detail)

        monkeypatch.setattr(Candidate, "at", noted)

    def rest(self) -> None:
        deadline = time.monotonic() + 60
        while self.preview.busy or self.tasks.busy:
            assert time.monotonic() < deadline
            self.posted.get(timeout=30)()


def test_an_enlarged_fill_is_shown_soft_at_once_then_with_its_detail(
    context: Context, monkeypatch: pytest.MonkeyPatch
):
    shown = Shown(context, monkeypatch)
    fill = Candidate(context.sent[0], Recipe("grass"))
    entry = Round(context, Patch(0, 0, context.selection), [fill])
    applied: list[Layer] = []
    shown.preview.show(entry, fill, Recipe())
    shown.preview.when_shown(lambda: applied.append(shown.preview.take()[0]))
    shown.rest()
    soft, sharp = shown.layers[:2]
    assert sharp.rgb.std() > 1.02 * soft.rgb.std()
    assert applied == [sharp]
    for strength in (0.9, 0.8, 0.7):
        shown.preview.show(entry, fill, Recipe(strength=strength))
    shown.rest()
    assert [detail for _, detail in shown.asked] == [False, True], "worked out once, whatever the blend"
    assert shown.preview.layer.weight.max() == pytest.approx(round(0.7 * 255) / 255)
    assert len(shown.layers) <= 4, "of what waits only the newest is blended"
    shown.tasks.close()


def test_fills_that_follow_the_typing_never_queue_for_detail(
    context: Context, monkeypatch: pytest.MonkeyPatch
):
    shown = Shown(context, monkeypatch)
    fills = [Candidate(context.sent[0], Recipe(str(number))) for number in range(8)]
    entry = Round(context, Patch(0, 0, context.selection), fills)
    for fill in fills:
        shown.preview.show(entry, fill, Recipe())
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


def test_a_large_fill_becomes_a_small_picture_without_all_its_pixels_being_read():
    y, x = np.mgrid[:3000, :4000]
    photo = np.stack([x // 16, y // 12, (x + y) // 28], axis=2).astype(np.uint8)
    selection = np.where(np.hypot(y - 1500, x - 2000) < 800, np.uint8(255), np.uint8(0))
    recipe = Recipe(mode="remove")
    context = replace(Context.of(photo, selection, 160, recipe), crop=photo, selection=selection)
    fill = Candidate(context.sent[0], recipe)

    def taken(work: Callable[[], object]) -> float:
        began = time.thread_time()
        work()
        return time.thread_time() - began

    _ = context.sent
    first = taken(lambda: heat.of_fill(context, fill, 192))
    averaged = min(
        taken(lambda: cv2.resize(photo, (192, 144), interpolation=cv2.INTER_AREA)) for _ in range(3)
    )
    assert first < 2 * averaged, "three pictures are made small"
    small = cv2.resize(fill.pixels, (192, 144), interpolation=cv2.INTER_AREA)
    assert np.abs(heat.of_fill(context, fill, 192).astype(int) - small).max() <= 3


def test_the_small_picture_of_a_fill_leaves_out_what_is_far_from_it():
    photo = np.full((900, 1200, 3), 40, np.uint8)
    photo[:, 1000:] = 255
    selection = np.zeros((900, 1200), np.uint8)
    selection[300:400, 300:500] = 255
    recipe = Recipe(mode="remove")
    context = replace(Context.of(photo, selection, 160, recipe), crop=photo, selection=selection)
    fill = Candidate(np.full_like(context.sent[0], 90), recipe)
    picture = heat.of_fill(context, fill, 192, close=True)
    assert picture.shape[1] / picture.shape[0] == pytest.approx(400 / 300, rel=0.06)
    assert (picture.min(), picture.max()) == (40, 90)
    assert (picture == 90).all(axis=2).mean() == pytest.approx(1 / 6, rel=0.15)


@pytest.mark.slow
def test_the_strength_of_a_recolouring_follows_its_slider_on_24_megapixels(monkeypatch: pytest.MonkeyPatch):
    y, x = np.mgrid[:4000, :6000]
    photo = np.stack([x // 24, y // 16, (x + y) // 40], axis=2).astype(np.uint8)
    selection = np.where(np.hypot(y - 2000, x - 3000) < 1000, np.uint8(255), np.uint8(0))
    recipe = Recipe("a blue bird", "recolour")
    context = Context.of(photo, selection, 160, recipe)
    maps = np.zeros((60, 60, 11), np.float32)
    maps[..., 3], maps[..., 7], maps[..., 9] = 1, 20, -50
    fill = Candidate(context.sent[0], recipe, maps)
    entry = Round(context, Patch(0, 0, selection), [fill])
    shown = Shown(replace(context, crop=photo), monkeypatch)
    shown.preview.show(entry, fill, recipe)
    shown.rest()
    taken = []
    for strength in (0.9, 0.7, 0.5):
        began = time.process_time()
        shown.preview.show(entry, fill, replace(recipe, strength=strength))
        shown.rest()
        taken.append(time.process_time() - began)
    assert shown.preview.layer is not None
    assert max(taken) < 0.15
    shown.tasks.close()
