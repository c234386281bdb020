"""The manual's examples for scripts, run in GIMP's batch mode as they stand there."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from gimp_session import GimpSession
from gimp_tree import ROOT
from nigdt_backend.client import Client
from scripted_daemon import ScriptedDaemon

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

PYTHON = """
from gi.repository import Gimp
image = Gimp.Image.new(96, 80, Gimp.ImageBaseType.RGB)
photo = Gimp.Layer.new(image, "photo", 96, 80, Gimp.ImageType.RGB_IMAGE, 100.0, Gimp.LayerMode.NORMAL)
image.insert_layer(photo, None, 0)
{example}
open("/mnt/work/said", "w").write(repr([it.get_name() for it in image.get_layers()] + [layer.get_name()]))
"""

SCHEME = """
(let* ((image (car (gimp-image-new 96 80 RGB)))
       (layer (car (gimp-layer-new image "photo" 96 80 RGB-IMAGE 100 LAYER-MODE-NORMAL))))
  (gimp-image-insert-layer image layer 0 0)
  {example}
  (call-with-output-file "/mnt/work/said"
    (lambda (port) (write (vector-length (car (gimp-image-get-layers image))) port))))
"""


def example(language: str) -> str:
    """Return the manual's example in a language."""
    text = (ROOT / "docs" / "gimp.md").read_text(encoding="utf-8")
    (found,) = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    return found


def batch(gimp: GimpSession, interpreter: str, script: str) -> str:
    """Run a script in a second GIMP beside the first one; returns what it wrote."""
    said = gimp.work / "said"
    said.unlink(missing_ok=True)
    command = ["gimp-console", "-i", "--quit", f"--batch-interpreter={interpreter}", "-b", script]
    inside = gimp.tree.command(command, gimp.binds, gimp.env)
    done = subprocess.run(inside, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert said.exists(), done.stderr[-2000:]
    return said.read_text()


def test_python(gimp: GimpSession) -> None:
    with ScriptedDaemon(gimp.state) as daemon:
        said = batch(gimp, "python-fu-eval", PYTHON.format(example=example("python")))
    assert said == repr(["a blue bird", "a small bird with a red belly", "photo", "a blue bird"])
    first, second = daemon.requests
    assert (first.recipe.effective_mode, len(first.variants)) == ("describe", 2)
    assert (second.recipe.effective_mode, second.recipe.strength) == ("recolour", 0.8)


def test_where_each_is_in_the_menus(gimp: GimpSession) -> None:
    names = ["nigdt-describe", "nigdt-recolour", "nigdt-remove", "nigdt-fill-again", "nigdt-open-panel"]
    names.append("nigdt-remove-selected")
    said = gimp.run(f"result = [Gimp.get_pdb().lookup_procedure(it).get_menu_paths() for it in {names}]")
    assert said == [["<Image>/Filters/NIGDT"]] * 5 + [["<Image>/Filters/Enhance"]]


def test_script_fu(gimp: GimpSession) -> None:
    with ScriptedDaemon(gimp.state) as daemon:
        said = batch(gimp, "plug-in-script-fu-eval", SCHEME.format(example=example("scheme")))
    assert said == "3"  # the photo, the removal, and the removal again
    first, again = daemon.requests
    assert (first.recipe.effective_mode, first.recipe.grow) == ("remove", 5)
    assert (again.recipe.effective_mode, again.recipe.grow, again.mask) == ("remove", 5, first.mask)
    assert again.crop == first.crop


MODES = """
    r = []
    image = photo(200, 150)
    select(image, 60, 50, 40, 30)
    for name, arguments in (
        ("nigdt-describe", {"caption": "a red bird", "variants": 2}),
        ("nigdt-recolour", {"caption": "a green bird"}),
        ("nigdt-remove", {"grow": 6}),
        ("nigdt-remove-selected", {}),
    ):
        before = composite(image)
        status, message, layer = call(name, image, **arguments)
        made = layer.get_children()[0] if status == "success" and layer.is_group() else layer
        box = changed(before, composite(image), 200)
        pixels = [read(made), read(made.get_mask(), "Y u8")] if made else None
        again = call("nigdt-fill-again", image)
        same = again[0] == "success" and [read(again[2]), read(again[2].get_mask(), "Y u8")] == pixels
        r.append([name, status, message, box, same, again[1], layer.get_visible()])
    names = [each.get_name() for each in image.get_layers()]
    image.set_selected_layers([image.get_layers()[-1]])
    refused = call("nigdt-fill-again", image)[:2]
    result = [r, names, refused]
"""


def test_each_mode_and_the_same_again(gimp: GimpSession, real_daemon: Callable[[Path], Client]) -> None:
    real_daemon(gimp.state)
    modes, names, refused = gimp.run(MODES, timeout=300)
    for name, status, message, box, same, why, visible in modes:
        assert status == "success", (name, message)
        assert box is not None, name
        assert same, (name, why)
        assert not visible
    assert names[0].startswith("Removed")
    assert names[-1] == "photo"
    assert len(names) == 9
    assert refused == [
        "execution-error",
        "This layer is not a fill. In the Layers dialog, choose one that NIGDT made.",
    ]


CHANGED = """
    said = []
    for change in ("crop", "canvas", "scale", "cut"):
        image = photo(200, 150)
        own = image.get_layers()[0]
        select(image, 60, 50, 40, 30)
        made = call("nigdt-recolour", image, caption="a green bird", strength=80.0)[2]
        first = [read(made), read(made.get_mask(), "Y u8")]
        Gimp.Selection.none(image)
        {
            "crop": lambda: image.crop(150, 120, 20, 25),
            "canvas": lambda: image.resize(260, 220, 40, 50),
            "scale": lambda: image.scale(400, 300),
            "cut": lambda: image.crop(120, 120, 75, 25),
        }[change]()
        image.set_selected_layers([made])
        at = list(made.get_offsets())
        status, message, again = call("nigdt-fill-again", image)
        same = again and [list(again.get_offsets()) == at, read(again.get_mask(), "Y u8") == first[1]]
        said.append([change, status, message, same])
    result = said
"""


def test_a_fill_is_made_again_where_a_crop_has_moved_it(
    gimp: GimpSession, real_daemon: Callable[[Path], Client]
) -> None:
    real_daemon(gimp.state)
    crop, canvas, scale, cut = gimp.run(CHANGED, timeout=300)
    assert crop == ["crop", "success", "", [True, True]]
    assert canvas == ["canvas", "success", "", [True, True]]
    for changed in (scale, cut):
        assert changed[1:3] == [
            "execution-error",
            "The image was cropped or scaled since this fill was made. Select the region anew.",
        ]


def test_a_fill_is_made_again_whose_visibility_is_locked(gimp: GimpSession) -> None:
    with ScriptedDaemon(gimp.state) as daemon:
        said = gimp.run(
            """
    image = photo()
    select(image, 40, 30, 10, 10)
    made = fill(image, caption="a fox")[2]
    above = Gimp.Layer.copy(image.get_layers()[1])
    image.insert_layer(above, None, 0)
    for layer in (made, above):
        layer.set_lock_visibility(True)
    image.set_selected_layers([made])
    status, message, again = call("nigdt-fill-again", image)
    layers = image.get_layers()
    seen = [it.get_visible() for it in layers]
    result = [status, message, seen, [it.get_lock_visibility() for it in layers]]
"""
        )
    assert said == ["success", "", [True, True, False, True], [True, False, True, False]]
    assert daemon.requests[0].crop == daemon.requests[1].crop  # what was locked is not in the photo


def test_what_cannot_be_recoloured(gimp: GimpSession) -> None:
    with ScriptedDaemon(gimp.state, lambda daemon, client, it: daemon.fail(client, it.job, "bad-request")):
        said = gimp.run(
            """
    grey = photo(base="GRAY")
    select(grey, 40, 30, 10, 10)
    image = photo()
    select(image, 40, 30, 10, 10)
    result = [call("nigdt-recolour", it, caption="bird")[:2] for it in (grey, image)]
"""
        )
    assert said == [
        [
            "execution-error",
            "This image is grey and holds no colour. Convert it first with Image > Mode > RGB.",
        ],
        ["execution-error", "The description names no colour. Name one: “a red bird”, or just “turquoise”."],
    ]
