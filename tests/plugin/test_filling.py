"""Asking for fills and looking at them, against a real daemon, without Qt."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from core_session import Core
from nigdt_backend.client import Client
from nigdt_backend.protocol import FillRequest
from panel_daemon import connect
from PIL import Image

from nigdt.box import Box
from nigdt.errors import SelectionError
from nigdt.recipe import Recipe


def jobs_done() -> int:
    with Client.connect(start=False) as client:
        return client.status()["jobs"]["done"]


def test_the_core_needs_no_qt():
    program = (
        "import nigdt_plugin.core.session, nigdt_plugin.core.training, nigdt_plugin.core.heat, sys\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('PyQt6', 'torch')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=180)
    assert done.stdout.strip() == "[]", done.stderr


def test_nothing_is_asked_for_without_a_selection(core: Core):
    core.session.undo()
    with pytest.raises(SelectionError):
        core.filling.fill("a bird", 1)
    assert not core.filling.busy


def test_variants_come_with_their_seeds_and_the_first_is_shown(core: Core):
    core.filling.fill("a red bird", 3, seed=10)
    assert core.filling.awaited == 3
    core.done()
    assert [fill.variant.seed for fill in core.fills] == [10, 11, 12]
    assert core.filling.chosen is core.fills[0]
    assert core.filling.preview.layer is not None
    assert core.document.layers == ()
    assert core.errors == []


def test_what_a_fill_takes_is_told_without_the_wait_for_others(core: Core):
    with connect() as other:
        ahead = Recipe("slowly 6 a bird")
        crop = bytes(64 * 64 * 3)
        other.submit(FillRequest(crop, b"\xff" * 2048 + bytes(2048), 64, 64, ahead))
        while not any(event.data.get("stage") == "encoding" for event in other.events(0.1)):
            pass
        core.filling.fill("slowly 1 a red bird", 1)
        core.done()
    assert 1.0 <= core.filling.seconds < 5.0


def test_the_same_seed_gives_the_same_pixels(core: Core):
    core.filling.fill("a red bird", 2, seed=10)
    core.done()
    first = core.fills[1].pixels.copy()
    core.filling.fill("a red bird", 2, seed=10)
    core.done()
    assert np.array_equal(core.fills[1].pixels, first)


def test_live_typing_keeps_no_queue_and_ends_with_the_newest(core: Core):
    core.filling.fill("a bird", 1)
    core.done()
    before = jobs_done()
    typed = [f"slowly 0.3 a {word} bird" for word in ("b", "bl", "blu", "blue", "blue small", "red", "green")]
    for caption in typed:
        core.filling.fill_live(caption)
        core.pump(0.03)
    core.done()
    assert core.fills[-1].caption == typed[-1]
    assert core.filling.chosen is core.fills[-1]
    assert {fill.caption for fill in core.fills} == {typed[-1]}
    assert jobs_done() - before <= 3


def test_words_alone_do_not_have_a_large_context_cut_out_again(user: Path, tmp_path: Path):
    Image.new("RGB", (1400, 1000), (120, 140, 90)).save(tmp_path / "large.png")
    core = Core()
    try:
        core.open(tmp_path / "large.png")
        core.select(100, 100, 1000, 900)
        core.filling.fill_live("a red bird")
        assert not core.filling.jobs, "it is cut out in a thread first"
        core.done()
        first = core.filling.round
        core.filling.fill_live("a blue bird")
        assert len(core.filling.jobs) == 1
        core.done()
        assert core.filling.round is first
        assert [fill.caption for fill in core.fills] == ["a blue bird"]
        core.select(300, 100, 1200, 900)
        core.filling.fill_live("a blue bird")
        core.done()
        assert core.filling.round is not first
        core.filling.apply()
        core.done()
        second = core.filling.round
        core.filling.recipe = replace(core.filling.recipe, widen=1.5)
        core.filling.fill_live("a blue bird")
        core.done()
        assert core.filling.round is not second
    finally:
        core.close()


def test_the_wide_context_of_a_small_removal_is_cut_out_in_a_thread(user: Path, tmp_path: Path):
    grain = np.random.default_rng(2).integers(90, 150, (1000, 1400, 3), dtype=np.uint8)
    Image.fromarray(grain).save(tmp_path / "large.png")
    core = Core()
    try:
        core.open(tmp_path / "large.png")
        core.select(600, 500, 640, 540)
        core.filling.recipe = replace(core.filling.recipe, mode="remove")
        core.filling.fill("", 1)
        assert core.filling.busy
        assert not core.filling.jobs
        core.done()
        assert len(core.fills) == 1
    finally:
        core.close()


def test_words_typed_while_a_large_context_is_cut_out_are_drawn(user: Path, tmp_path: Path):
    Image.new("RGB", (1400, 1000), (120, 140, 90)).save(tmp_path / "large.png")
    core = Core()
    try:
        core.open(tmp_path / "large.png")
        core.select(100, 100, 1000, 900)
        before = jobs_done()
        for caption in ("a", "a red", "a red bird"):
            core.filling.fill_live(caption)
        assert not core.filling.jobs, "it is cut out in a thread first"
        core.done()
        assert [fill.caption for fill in core.fills] == ["a red bird"]
        assert jobs_done() - before == 1
    finally:
        core.close()


def test_a_daemon_that_dies_over_a_fill_is_started_again_and_the_fill_comes(lonely_user: Path, photo: Path):
    core = Core()
    core.open(photo)
    core.select(90, 50, 150, 110)
    core.filling.fill("die a red bird", 2)
    core.until(lambda: (lonely_user / "state" / "died").exists())
    core.done()
    assert len(core.fills) == 2
    assert core.errors == []
    core.until(lambda: core.session.link_state.restarts == 1)
    assert not core.document.selection.empty
    core.close()


def test_a_failed_fill_says_so_and_the_next_one_works(core: Core):
    core.filling.fill("fail a bird", 1)
    core.until(lambda: bool(core.errors))
    assert not core.filling.busy
    core.filling.fill("a bird", 1)
    core.done()
    assert len(core.fills) == 1


def test_a_cancelled_fill_leaves_nothing_behind(core: Core):
    core.filling.fill("slowly 2 a bird", 3)
    core.pump(0.3)
    core.filling.cancel()
    assert not core.filling.busy
    core.filling.fill("a blue bird", 1)
    core.done()
    assert [fill.caption for fill in core.fills] == ["a blue bird"]
    assert core.errors == []


def test_favourites_outlive_the_next_fill(core: Core):
    core.filling.fill("a red bird", 3)
    core.done()
    kept = core.fills[1]
    core.filling.keep(kept, True)
    core.filling.fill("a blue bird", 2)
    core.done()
    assert core.fills[0] is kept
    assert [fill.caption for fill in core.fills] == ["a red bird", "a blue bird", "a blue bird"]


def test_more_like_this_stays_near_and_re_rolling_replaces_one(core: Core):
    core.filling.fill("a red bird", 3)
    core.done()
    liked = core.fills[2]
    core.filling.more_like(liked, 3)
    core.done()
    assert core.fills[0] is liked
    assert [fill.variant.base for fill in core.fills[1:]] == [liked.variant.seed] * 2
    assert all(0 < fill.variant.spread < 1 for fill in core.fills[1:])
    second = core.fills[1]
    core.filling.re_roll(second)
    core.done()
    assert len(core.fills) == 3
    assert core.fills[0] is liked
    assert core.fills[1] is not second
    assert core.fills[1].variant.spread == 1


def test_fills_on_a_context_say_how_it_was_cut_out_whatever_is_set_since(core: Core):
    core.filling.set_recipe(Recipe(widen=1.25))
    core.filling.fill("a red bird", 3)
    core.done()
    round_id = core.filling.round.id
    core.filling.set_recipe(Recipe(widen=3.0))
    core.filling.more_like(core.fills[1], 2)
    core.done()
    core.filling.re_roll(core.fills[1])
    core.done()
    assert [fill.recipe.widen for fill in core.fills] == [1.25, 1.25]
    assert core.filling.round.id == round_id
    core.filling.fill("a red bird", 1)
    core.done()
    assert core.filling.round.id != round_id
    assert [fill.recipe.widen for fill in core.fills] == [3.0]


def test_the_context_ends_with_the_photo(core: Core):
    core.filling.set_recipe(Recipe(widen=3.0))
    core.filling.fill("a red bird", 1)
    core.done()
    context = core.filling.round.context
    assert context.box == Box(0, 0, 240, 160)
    assert core.fills[0].pixels.shape == (160, 240, 3)
    core.filling.set_recipe(Recipe())
    core.select(200, 120, 240, 160)
    core.filling.fill("a red bird", 1)
    core.done()
    box = core.filling.round.context.box
    assert box == Box(112, 32, 128, 128)
    assert np.array_equal(core.filling.round.context.crop, core.document.photo.rgb8[box.slices])


def test_what_is_clear_in_the_photo_is_hidden_from_the_model(user: Path, tmp_path: Path):
    pixels = np.full((160, 240, 4), 255, np.uint8)
    pixels[:, :100] = 0
    Image.fromarray(pixels, "RGBA").save(tmp_path / "clear.png")
    core = Core()
    core.open(tmp_path / "clear.png")
    core.select(110, 50, 150, 90)
    core.filling.fill("a red bird", 1)
    core.done()
    context = core.filling.round.context
    crop, hole = context.sent
    clear = np.s_[:, : 100 - context.box.left]
    assert context.unknown[clear].all()
    assert (crop[clear] >= 254).all()  # the white beside it, not the black that nobody sees
    assert not hole[clear].any()
    assert hole.any()
    core.filling.apply()
    core.done()
    (layer,) = core.document.layers
    assert layer.region.left > 100, "only what is selected changes"
    core.close()


def test_discarding_the_chosen_one_chooses_its_neighbour(core: Core):
    core.filling.fill("a red bird", 3)
    core.done()
    first, second, _ = core.fills
    core.filling.discard(first)
    assert core.filling.chosen is second
    core.done()
    for fill in list(core.fills):
        core.filling.discard(fill)
    assert core.filling.chosen is None
    assert core.filling.preview.layer is None


def test_undoing_shows_the_fill_that_was_taken_out(core: Core):
    core.filling.fill("a red bird", 3)
    core.done()
    first, second, _ = core.fills
    core.filling.discard(first)
    core.session.undo()
    assert core.filling.chosen is first
    core.filling.choose(second)
    core.filling.re_roll(second)
    core.done()
    replacement = core.fills[1]
    assert core.filling.chosen is replacement
    core.session.undo()
    assert core.filling.chosen is second
    assert core.fills[1] is second
    core.session.redo()
    assert core.filling.chosen is not second


def test_blending_anew_asks_for_no_new_fill(core: Core):
    core.filling.fill("a red bird", 1)
    core.done()
    before = jobs_done()
    full = core.filling.preview.layer
    core.filling.set_recipe(Recipe(feather=3, match_colours=0.2, strength=0.5))
    core.done()
    half = core.filling.preview.layer
    assert half.weight.max() == pytest.approx(round(0.5 * 255) / 255)
    assert full.weight.max() == pytest.approx(1.0)
    assert jobs_done() == before


def test_applying_is_one_step_and_keeps_every_pixel_outside(core: Core):
    before = core.document.rgb.copy()
    core.filling.fill("a red bird", 1)
    core.done()
    core.filling.apply()
    assert len(core.document.layers) == 1
    layer = core.document.layers[0]
    outside = np.ones(before.shape[:2], bool)
    outside[layer.region.slices] = layer.weight == 0
    assert np.array_equal(core.document.rgb[outside], before[outside])
    assert not np.array_equal(core.document.rgb, before)
    core.session.undo()
    assert np.array_equal(core.document.rgb, before)
    core.session.redo()
    assert not np.array_equal(core.document.rgb, before)


def test_applying_right_after_choosing_waits_for_the_blend(core: Core):
    core.filling.fill("a red bird", 3)
    core.done()
    core.filling.choose(core.fills[2])
    core.filling.apply()
    core.done()
    assert [layer.fill for layer in core.document.layers] == [core.fills[2].id]


def test_a_round_goes_on_after_one_of_its_fills_was_applied(core: Core):
    core.filling.fill("a red bird", 1)
    core.done()
    core.filling.apply()
    round_id = core.filling.round.id
    core.filling.fill("a blue bird", 1)
    core.done()
    assert core.filling.round.id == round_id
    core.filling.apply()
    assert [layer.caption for layer in core.document.layers] == ["a blue bird"]
    core.select(10, 10, 60, 60)
    core.filling.fill("a green bird", 1)
    core.done()
    assert core.filling.round.id != round_id


def test_another_model_is_asked_from_then_on(core: Core):
    core.session.choose_model("other")
    core.filling.fill("a bird", 1)
    core.done()
    assert core.fills[0].model == "other"


def test_a_removal_shows_an_early_state_that_is_no_fill_and_goes_when_it_is_stopped(core: Core):
    core.session.filling.recipe = Recipe(mode="remove")
    core.filling.fill("", 1)
    core.until(lambda: core.filling.preview.layer is not None)
    assert core.filling.chosen is None
    assert core.fills == []
    core.filling.apply()
    assert core.document.layers == ()
    core.filling.cancel()
    assert core.filling.preview.layer is None
    core.filling.fill("", 1)
    core.done()
    assert core.filling.preview.layer is not None
    assert core.filling.chosen is core.fills[0]


def test_what_is_transparent_is_told_and_not_recoloured(core: Core, tmp_path: Path):
    samples = np.zeros((120, 160, 4), np.uint8)
    samples[:, :40, 3] = 255
    Image.fromarray(samples).save(tmp_path / "mostly-clear.png")
    core.open(tmp_path / "mostly-clear.png")
    core.select(80, 20, 150, 100)
    core.filling.recipe = replace(core.filling.recipe, mode="recolour")
    told: list[str] = []
    core.filling.failed.connect(lambda failure: told.append(failure.message))
    core.filling.fill("red", 1)
    core.until(lambda: bool(told))
    assert "is transparent" in told[0]
    assert not core.filling.jobs
