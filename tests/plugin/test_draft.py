"""A draft shows what the whole will, at the size that is seen, and gives way to it."""

from __future__ import annotations

import itertools
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest
from nigdt_plugin.core import fills
from nigdt_plugin.core import pyramid as pyramid_
from nigdt_plugin.core.display import Display, pyramid_of
from nigdt_plugin.core.document import Document
from nigdt_plugin.core.draft import Drafts, Seen
from nigdt_plugin.core.fills import Candidate, Round
from nigdt_plugin.core.geometry import Region
from nigdt_plugin.core.layers import Layer
from nigdt_plugin.core.preview import Preview
from nigdt_plugin.core.pyramid import Levels, Pyramid, widened
from nigdt_plugin.core.selection import Patch
from nigdt_plugin.core.tasks import Tasks
from PIL import Image

from nigdt.context import Context
from nigdt.context.blend import Border
from nigdt.photo.photo import Photo
from nigdt.recipe import Recipe
from nigdt.recolouring import Recolouring

HEIGHT, WIDTH = 804, 1100
WHOLE = Region(0, 0, WIDTH, HEIGHT)
PART = Region(150, 120, 700, 500)
SEEN = [Seen(0, PART), Seen(1, PART), Seen(1, WHOLE), Seen(2, WHOLE)]


@pytest.fixture(scope="module")
def document() -> Document:
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    grain = np.random.default_rng(3).normal(0, 6, (HEIGHT, WIDTH, 1))
    pixels = np.clip(np.dstack([x / 8, y / 6, 200 - x / 12]) + grain, 0, 255)
    return Document(Photo.from_image(Image.fromarray(pixels.astype(np.uint8))))


def entry_of(document: Document, recipe: Recipe) -> tuple[Round, Candidate]:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.ellipse(mask, (550, 400), (360, 230), 0, 0, 360, 255, -1)
    context = Context.of(document.rgb, mask, 128, recipe)
    sent, hole = context.sent
    picture = np.where(hole[..., None] > 0, np.array([40, 90, 200], np.uint8), sent)
    maps = None
    if recipe.mode == "recolour":
        maps = np.zeros((16, 16, 11), np.float32)
        maps[..., 3], maps[..., 7], maps[..., 9] = 1, 20, -50
    fill = Candidate(np.ascontiguousarray(picture), recipe, maps)
    if maps is not None:
        fill = replace(fill, pixels=Recolouring.of(maps, hole).apply(sent)[0])
    return Round(context, Patch(0, 0, mask), [fill]), fill


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe("a blue bird"),
        Recipe("a blue bird", feather=0, match_colours=0.0),
        Recipe("a blue bird", feather=90, match_colours=0.5, strength=0.7),
        Recipe("blue", "recolour", strength=0.6),
    ],
)
def test_a_draft_shows_what_the_whole_will(document: Document, recipe: Recipe) -> None:
    entry, fill = entry_of(document, recipe)
    drafts = Drafts(document)
    assert drafts.possible(entry)
    detailed = fill.at(entry.context)
    layer = fills.blended(entry, fill, detailed, recipe)
    pyramid = pyramid_of(document)
    pyramid.update(WHOLE, document.composite(WHOLE, (layer,)))
    before = pyramid_of(document)
    for seen, known in itertools.product(SEEN, (None, detailed)):
        draft = drafts.of(entry, fill, recipe, seen, (), known)
        assert draft is not None
        whole = pyramid.levels[draft.level][draft.region.slices].astype(int)
        apart = np.abs(draft.pixels - whole).mean()
        assert np.abs(before.levels[draft.level][draft.region.slices] - whole).mean() > 3
        assert apart < (3.5 if known is None else 1.5), (seen, known is None)


def test_the_photo_along_the_border_is_looked_at_once(
    document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each key brings another fill for the same context."""
    looked: list[int] = []
    of = Border.of.__func__  # type: ignore[attr-defined]

    def watched(cls: type[Border], crop: np.ndarray, hole: np.ndarray, side: int) -> Border | None:
        looked.append(side)
        return of(cls, crop, hole, side)

    entry, fill = entry_of(document, Recipe("a blue bird"))
    other = replace(fill, pixels=255 - fill.pixels, id="other")
    drafts, seen = Drafts(document), Seen(1, WHOLE)
    fresh = Drafts(document).of(entry, other, other.recipe, seen, (), None)
    monkeypatch.setattr(Border, "of", classmethod(watched))
    first = drafts.of(entry, fill, fill.recipe, seen, (), None)
    second = drafts.of(entry, other, other.recipe, seen, (), None)
    assert len(looked) == 1
    assert first is not None
    assert second is not None
    assert fresh is not None
    assert np.array_equal(second.pixels, fresh.pixels)
    assert not np.array_equal(second.pixels, first.pixels)


def test_nothing_is_drafted_where_the_fill_is_not_seen(document: Document) -> None:
    entry, fill = entry_of(document, Recipe("a blue bird"))
    assert Drafts(document).of(entry, fill, fill.recipe, Seen(0, Region(0, 0, 1, 1)), (), None) is None


def test_a_draft_gives_way_without_work_on_the_interface_thread(
    document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    posted: queue.Queue[Callable[[], None]] = queue.Queue()
    tasks = Tasks(posted.put)
    preview = Preview(document, tasks)
    display = Display(document, preview, pyramid_of(document))
    preview.seen = lambda: Seen(2, WHOLE)
    drafts: list[Region] = []
    preview.drafted.connect(lambda draft: drafts.append(draft.covered))
    here: list[int] = []
    composite = Document.composite

    def watched(self: Document, region: Region, layers: tuple[Layer, ...]) -> np.ndarray:
        if threading.current_thread() is threading.main_thread():
            here.append(region.width * region.height)
        return composite(self, region, layers)

    monkeypatch.setattr(Document, "composite", watched)
    drawn: list[Region] = []
    update, put, halved = Pyramid.update, Pyramid.put, pyramid_._halved

    def counted(self: Pyramid, region: Region, rgb: np.ndarray, level: int = 0) -> None:
        if level == 0:
            drawn.append(region)
        update(self, region, rgb, level)

    def counted_too(self: Pyramid, levels: Levels) -> None:
        drawn.append(levels.region)
        put(self, levels)

    def watched_too(picture: np.ndarray, width: int, height: int) -> np.ndarray:
        if threading.current_thread() is threading.main_thread() and len(drafts):
            reduced.append(picture.shape[0] * picture.shape[1])
        return halved(picture, width, height)

    reduced: list[int] = []
    monkeypatch.setattr(Pyramid, "update", counted)
    monkeypatch.setattr(Pyramid, "put", counted_too)
    monkeypatch.setattr(pyramid_, "_halved", watched_too)
    entry, fill = entry_of(document, Recipe("a blue bird", feather=0))
    preview.show(entry, fill, fill.recipe)
    deadline = time.monotonic() + 60
    while preview.busy or tasks.busy:
        assert time.monotonic() < deadline
        posted.get(timeout=30)()
    tasks.close()
    assert preview.layer is not None
    assert drafts
    assert not drafts[0].within(preview.layer.region), "it reaches further than the fill"
    assert not here
    around = widened(preview.layer.region, WIDTH, HEIGHT)
    assert drawn == [around], "around it the photo's own pixels are still there"
    assert max(reduced) < around.width * around.height / 4, "only what the draft covered beside the fill"
    expected = pyramid_of(document)
    expected.update(WHOLE, composite(document, WHOLE, (preview.layer,)))
    assert all(map(np.array_equal, display.pyramid.levels, expected.levels))


def test_the_whole_takes_the_place_of_the_draft_and_dropping_takes_it_away(document: Document) -> None:
    posted: queue.Queue[Callable[[], None]] = queue.Queue()
    tasks = Tasks(posted.put)
    preview = Preview(document, tasks)
    display = Display(document, preview, pyramid_of(document))
    preview.seen = lambda: Seen(1, WHOLE)
    order: list[str] = []
    preview.drafted.connect(lambda _draft: order.append("draft"))
    preview.changed.connect(lambda _before: order.append("whole"))

    def pump(until: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 60
        while not until():
            assert time.monotonic() < deadline
            posted.get(timeout=30)()

    entry, fill = entry_of(document, Recipe("a blue bird"))
    preview.show(entry, fill, fill.recipe)
    pump(lambda: bool(order))
    assert order == ["draft"]
    assert preview.stands
    assert preview.layer is None
    assert not np.array_equal(display.pyramid.levels[1], pyramid_of(document).levels[1])
    preview.drop()
    assert not preview.stands
    assert all(map(np.array_equal, display.pyramid.levels, pyramid_of(document).levels))
    pump(lambda: not tasks.busy)

    order.clear()
    for strength in (1.0, 0.9, 0.8, 0.5):
        preview.show(entry, fill, replace(fill.recipe, strength=strength))
    pump(lambda: not preview.busy and not tasks.busy)
    assert order[0] == "draft"
    assert order[-1] == "whole"
    assert order.count("whole") == 1, "only the newest is worked out"
    assert preview.layer is not None
    expected = pyramid_of(document)
    expected.update(WHOLE, document.composite(WHOLE, (preview.layer,)))
    assert all(map(np.array_equal, display.pyramid.levels, expected.levels))
    tasks.close()
