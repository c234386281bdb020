"""What the panel saves has the library's bytes: real daemon, real model, the session without its window."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from core_session import Core
from nigdt_backend.client import Client
from nigdt_plugin.core.selection import Combine, Patch
from PIL import Image

from nigdt.inpainter import Inpainter
from nigdt.photo.deep import write_png16
from nigdt.photo.photo import Photo
from nigdt.photo.provenance import read_record
from nigdt.recipe import Recipe, Variant


@dataclass(frozen=True)
class FillCase:
    """One fill that the panel must save as the library draws it.

    Attributes:
        name: Told by pytest.
        recipe: What is asked for.
        size: The photo's height and width in pixels, as they are seen.
        part: What is selected: top, bottom, left and right edge in pixels.
        kind: The photo's kind, as `Photo.kind`.
        orientation: The photo's EXIF orientation.
    """

    name: str
    recipe: Recipe
    size: tuple[int, int] = (150, 220)
    part: tuple[int, int, int, int] = (50, 90, 100, 150)
    kind: str = "RGB"
    orientation: int = 1


BIRD = Recipe("a red bird")
BELLY = Recipe("a red belly")
"""A part, which is drawn over the whole hole: nothing is continued into it, and a fill is quick."""
CASES = [
    FillCase("plain", BIRD),
    FillCase("corner", BIRD, part=(110, 150, 170, 220)),
    FillCase("everything", BIRD, part=(0, 150, 0, 220)),
    FillCase("tiny photo", BIRD, size=(30, 40), part=(10, 20, 10, 20)),
    FillCase("above the limit", BIRD, size=(1100, 1200), part=(110, 880, 120, 960)),
    FillCase("feather", replace(BELLY, feather=0)),
    FillCase("long feather, wider, half as strong", replace(BIRD, feather=200, widen=1.5, strength=0.5)),
    FillCase("alpha", BIRD, kind="RGBA"),
    FillCase("grey", BELLY, kind="L"),
    FillCase("16 bit", BELLY, kind="RGB;16"),
    FillCase("turned", BIRD, orientation=6),
]


def make(case: FillCase, path: Path) -> None:
    """Write the photo."""
    lying = case.size[::-1] if case.orientation >= 5 else case.size
    rng = np.random.default_rng(5)
    pixels = rng.integers(0, 256, (*lying, 3), dtype=np.uint8)
    if case.kind == "RGB;16":
        path.write_bytes(write_png16(pixels.astype(np.uint16) * 257 + 11, case.kind, {}))
        return
    image = Image.fromarray(pixels).convert(case.kind)
    if case.kind == "RGBA":
        alpha = np.full(lying, 255, np.uint8)
        alpha[:40, :60] = 0
        image.putalpha(Image.fromarray(alpha))
    exif = Image.Exif()
    exif[0x0112] = case.orientation
    image.save(path, exif=exif)


@pytest.fixture(scope="module")
def inpainter(tiny_bundle: Path) -> Inpainter:
    return Inpainter.from_bundle(str(tiny_bundle), device="cpu")


@pytest.fixture(scope="module")
def daemon(
    tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Callable[[], Client], Path]]:
    """A way to one real daemon, and the folder of its bundles."""
    folder = tmp_path_factory.mktemp("road")
    bundles = folder / "data" / "bundles"
    shutil.copytree(tiny_bundle, bundles / "nigdt-small")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NIGDT_STATE_DIR", str(folder / "state"))
        patch.setenv("NIGDT_DATA_DIR", str(folder / "data"))
        patch.setenv("NIGDT_CONFIG_DIR", str(folder / "config"))
        with Client.connect(command=[sys.executable, "-m", "nigdt_backend.daemon"]) as client:
            file = folder / "state" / "connection.json"
            yield (lambda: Client.connect(start=False, connection_file=file)), folder / "data"
            client.shutdown()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_panel_saves_the_library_s_bytes(
    case: FillCase,
    inpainter: Inpainter,
    daemon: tuple[Callable[[], Client], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connect, data = daemon
    monkeypatch.setenv("NIGDT_DATA_DIR", str(data))
    make(case, tmp_path / "photo.png")
    top, bottom, left, right = case.part
    core = Core(connect_=connect)
    try:
        core.open(tmp_path / "photo.png")
        mask = np.full((bottom - top, right - left), 255, np.uint8)
        core.session.select(Patch(left, top, mask), Combine.REPLACE, "Rectangle")
        core.filling.set_recipe(replace(case.recipe, caption="", bundle="default"))
        core.filling.fill(case.recipe.caption, 3, seed=4)
        core.done()
        assert [fill.variant for fill in core.fills] == [Variant(4), Variant(5), Variant(6)]
        core.filling.more_like(core.fills[1], 2)
        core.done()
        for variant in (Variant(5), core.fills[-1].variant):
            fill = next(it for it in core.fills if it.variant == variant)
            core.filling.choose(fill)
            core.done()
            core.filling.apply()
            core.done()
            core.session.save(tmp_path / "saved.png")
            core.done()
            whole = np.zeros(case.size, np.uint8)
            whole[top:bottom, left:right] = 255
            recipe = case.recipe.with_variant(variant)
            expected = inpainter.draw(Photo.read(tmp_path / "photo.png"), whole, recipe)[0].result
            saved = Photo.read(tmp_path / "saved.png")
            assert saved.kind == expected.kind
            np.testing.assert_array_equal(saved.samples, expected.samples)
            (drawn,) = read_record((tmp_path / "saved.png").read_bytes())
            assert replace(drawn.recipe, digest="", bundle="default") == recipe
            assert drawn.selection is not None
            np.testing.assert_array_equal(drawn.selection.mask(*case.size[::-1]), whole)
    finally:
        core.close()
