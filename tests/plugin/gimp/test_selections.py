"""Every kind of selection, and what scripts get back."""

from __future__ import annotations

import pytest
from gimp_session import GimpSession
from scripted_daemon import ScriptedDaemon

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_no_selection(gimp: GimpSession) -> None:
    with ScriptedDaemon(gimp.state) as daemon:
        status, message, layers = gimp.run(
            "image = photo()\nstatus, message, _ = fill(image, caption='green')\n"
            "result = [status, message, len(image.get_layers())]"
        )
    assert (status, layers) == ("execution-error", 1)
    assert message == "Nothing is selected. Select the region to fill first, with any selection tool."
    assert daemon.requests == []


def test_a_selection_partly_outside(gimp: GimpSession) -> None:
    with ScriptedDaemon(gimp.state):
        said = gimp.run(
            """
    image = photo()
    select(image, -20, 60, 50, 50)
    before = composite(image)
    status, message, layer = fill(image, caption="green")
    result = [status, message, changed(before, composite(image), 96), list(layer.get_offsets())[1:]]
"""
        )
    assert said == ["success", "", [0, 60, 30, 80], [0, 60]]


BOXES = [(50, 40, 1, 1), (50, 40, 3, 3), (50, 0, 1, 80), (0, 40, 96, 1)]


def test_the_smallest_and_the_largest_selection(gimp: GimpSession) -> None:
    with ScriptedDaemon(gimp.state):
        *small, most = gimp.run(
            f"""
    def box():
        before = composite(image)
        status, message, layer = fill(image, caption="green")
        return [status, message, changed(before, composite(image), 96)]
    result = []
    for place in {BOXES}:
        image = photo()
        select(image, *place)
        result.append(box())
    image = photo()
    Gimp.Selection.all(image)
    image.select_rectangle(Gimp.ChannelOps.SUBTRACT, 95, 79, 1, 1)
    result.append(box() + [composite(image)[-16:] == composite(photo())[-16:]])
"""
        )
    for (left, top, width, height), said in zip(BOXES, small, strict=True):
        assert said == ["success", "", [left, top, left + width, top + height]]
    assert most == ["success", "", [0, 0, 96, 80], True]


ACTIVE = {
    "a locked layer": """
    photo_layer.set_lock_content(True)
    photo_layer.set_lock_position(True)
    photo_layer.set_lock_visibility(True)
""",
    "a text layer": """
    text = Gimp.TextLayer.new(image, "bird", Gimp.context_get_font(), 20.0, Gimp.Unit.pixel())
    image.insert_layer(text, None, 0)
    image.set_selected_layers([text])
""",
    "a channel": """
    channel = Gimp.Channel.new(image, "channel", 96, 80, 50.0, Gegl.Color.new("red"))
    image.insert_channel(channel, None, 0)
    channel.set_visible(False)
    image.set_selected_channels([channel])
""",
    "a mask": """
    photo_layer.add_mask(photo_layer.create_mask(Gimp.AddMaskType.WHITE))
    photo_layer.set_edit_mask(True)
""",
    "a locked group whose mask is edited": """
    group = Gimp.GroupLayer.new(image, "group")
    image.insert_layer(group, None, 0)
    image.reorder_item(photo_layer, group, 0)
    group.add_mask(group.create_mask(Gimp.AddMaskType.WHITE))
    group.set_edit_mask(True)
    group.set_lock_content(True)
    image.set_selected_layers([group])
""",
    "several layers": """
    image.insert_layer(photo_layer.copy(), None, 0)
    image.set_selected_layers(image.get_layers())
""",
    "no layer": """
    image.set_selected_layers([])
""",
}


@pytest.mark.parametrize("active", ACTIVE)
def test_whatever_is_active(gimp: GimpSession, active: str) -> None:
    with ScriptedDaemon(gimp.state):
        said = gimp.run(
            f"""
    image = photo(alpha=True)
    photo_layer = image.get_layers()[0]
{ACTIVE[active]}
    select(image, 40, 30, 10, 10)
    before, own = composite(image), read(photo_layer)
    status, message, layer = fill(image, caption="green")
    result = [
        status, message, changed(before, composite(image), 96), read(photo_layer) == own,
        [each.get_name() for each in image.get_selected_layers()],
    ]
"""
        )
    assert said == ["success", "", [40, 30, 50, 40], True, ["green"]]


def test_a_soft_selection_is_the_mask(gimp: GimpSession) -> None:
    with ScriptedDaemon(gimp.state) as daemon:
        said = gimp.run(
            """
    image = photo()
    image.select_ellipse(Gimp.ChannelOps.REPLACE, 25, 15, 40, 30)
    Gimp.Selection.feather(image, 12)
    wanted = read(image.get_selection(), "Y u8")
    before = composite(image)
    status, message, layer = fill(image, caption="green")
    after = composite(image)
    _, x, y = layer.get_offsets()
    width, height = layer.get_width(), layer.get_height()
    mask = read(layer.get_mask(), "Y u8")
    back = bytearray(len(wanted))
    for row in range(height):
        back[96 * (y + row) + x :][:0]
        back[96 * (y + row) + x : 96 * (y + row) + x + width] = mask[width * row : width * (row + 1)]
    moved = [i for i in range(96 * 80) if before[16 * i : 16 * i + 16] != after[16 * i : 16 * i + 16]]
    result = {
        "status": status, "message": message, "same": bytes(back) == wanted,
        "levels": len(set(wanted)), "strays": [i for i in moved if not wanted[i]], "moved": len(moved),
    }
"""
        )
    assert said["status"] == "success", said["message"]
    assert said["levels"] > 50
    assert said["same"]
    assert said["strays"] == []
    assert said["moved"] > 500
    assert len(set(daemon.requests[0].mask)) > 50


def test_grow_and_what_the_service_does(gimp: GimpSession) -> None:
    with ScriptedDaemon(gimp.state) as daemon:
        said = gimp.run(
            """
    image = photo()
    select(image, 40, 30, 10, 10)
    before = composite(image)
    selected = read(image.get_selection(), "Y u8")
    grown = fill(image, caption="green", grow=5)[2]
    box = changed(before, composite(image), 96)
    image.remove_layer(grown)
    other = fill(image, caption="green", feather=8, match_colours=50.0, strength=25.0, context=2.0)[2]
    result = {
        "box": box, "kept": read(image.get_selection(), "Y u8") == selected, "grown": record(grown),
        "other": record(other),
    }
"""
        )
    assert said["box"] == [35, 25, 55, 45]
    assert said["kept"]
    assert (said["grown"]["grow"], said["grown"]["feather"]) == (5, None)
    assert (said["other"]["grow"], said["other"]["feather"]) == (None, 8)
    asked = daemon.requests[1].recipe
    assert (asked.feather, asked.match_colours, asked.strength, asked.widen) == (8, 0.5, 0.25, 2.0)
    assert {request.result for request in daemon.requests} == {"placed"}


def test_without_words_the_selected_is_removed(gimp: GimpSession) -> None:
    with ScriptedDaemon(gimp.state) as daemon:
        said = gimp.run(
            """
    image = photo()
    select(image, 40, 30, 10, 10)
    image.select_rectangle(Gimp.ChannelOps.SUBTRACT, 44, 34, 2, 2)
    before = composite(image)
    status, message, layer = fill(image, caption=" ")
    result = [status, message, changed(before, composite(image), 96), layer.get_name(),
              read(layer.get_mask(), "Y u8").count(0)]
"""
        )
    assert said[:2] == ["success", ""]
    assert said[2] == [37, 27, 53, 43]  # grown by three pixels
    assert said[3] == "Removed"
    assert said[4] < 30  # the hole in it is closed; GIMP rounds the corners of what it grows
    assert daemon.requests[0].recipe.effective_mode == "remove"


def test_what_hinders_is_told_with_its_remedy(gimp: GimpSession) -> None:
    with ScriptedDaemon(gimp.state) as daemon:
        said = gimp.run(
            """
    image = photo()
    select(image, 40, 30, 10, 10)
    image.get_layers()[0].set_visible(False)
    hidden = fill(image, caption="x")[1]
    image.get_layers()[0].set_visible(True)
    image.insert_channel(Gimp.Channel.new(image, "Qmask", 96, 80, 50.0, Gegl.Color.new("red")), None, 0)
    masked = fill(image, caption="x")[1]
    image = photo()
    select(image, 40, 30, 10, 10)
    layer, group = image.get_layers()[0], Gimp.GroupLayer.new(image, "shown")
    image.insert_layer(group, None, 0)
    image.reorder_item(layer, group, 0)
    layer.set_visible(False)
    result = [hidden, masked, *(call(name, image)[1] for name in ("nigdt-describe", "nigdt-remove-selected"))]
"""
        )
    for without in (said[0], *said[2:]):
        assert without.startswith("No layer is visible.")
    assert said[1] == "The quick mask is on. Turn it off first (Shift+Q)."
    assert daemon.requests == []


def test_a_floating_selection(gimp: GimpSession) -> None:
    with ScriptedDaemon(gimp.state):
        status, message = gimp.run(
            """
    image = photo(alpha=True)
    select(image, 40, 30, 10, 10)
    Gimp.Selection.float(image, image.get_layers(), 3, 3)
    result = fill(image, caption='green')[:2]
"""
        )
    assert status == "execution-error"
    assert "Anchor" in message


def test_variants_come_in_a_group_and_are_undone_in_one_step(gimp: GimpSession) -> None:
    with ScriptedDaemon(gimp.state) as daemon:
        said = gimp.run(
            """
    image = photo()
    select(image, 40, 30, 10, 10)
    before = composite(image)
    status, message, group = fill(image, caption="a bird " * 10, variants=3, seed=0, context=2.0)
    children = group.get_children()
    result = {
        "status": status, "message": message, "group": group.is_group(), "name": group.get_name(),
        "names": [layer.get_name() for layer in children],
        "visible": [layer.get_visible() for layer in children],
        "records": [record(layer) for layer in children],
        "masks": [layer.get_mask() is not None for layer in children],
        "edit": [layer.get_edit_mask() for layer in children],
        "changed": changed(before, composite(image), 96),
        "inside": list(composite(image, "R'G'B'A u8")[4 * (35 * 96 + 45) :][:4]),
    }
"""
        )
    assert said["status"] == "success", said["message"]
    assert said["group"]
    assert said["name"].startswith("a bird a bird")
    assert len(said["name"]) <= 40
    assert said["names"] == ["Likeliest", "Seed 1", "Seed 2"]
    assert said["visible"] == [True, False, False]
    assert [each["seed"] for each in said["records"]] == [None, 1, 2]
    assert said["records"][1]["widen"] == 2.0
    assert said["masks"] == [True] * 3
    assert said["edit"] == [False] * 3
    assert said["changed"] == [40, 30, 50, 40]
    assert said["inside"] == [0, 255, 0, 255]
    assert [variant.seed for variant in daemon.requests[0].variants] == [None, 1, 2]


def test_what_a_layer_remembers_outlives_the_file(gimp: GimpSession) -> None:
    with ScriptedDaemon(gimp.state):
        said = gimp.run(
            """
    image = photo()
    select(image, 40, 30, 10, 10)
    fill(image, caption="ein großer Vogel 鳥", seed=7)
    file = Gio.File.new_for_path("/mnt/work/kept.xcf")
    Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, file, None)
    again = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file)
    result = [record(again.get_layers()[0]), again.get_layers()[0].get_name()]
"""
        )
    assert said[0]["caption"] == "ein großer Vogel 鳥"
    assert said[0]["seed"] == 7
    assert said[0]["made by"].startswith("NIGDT ")
    assert said[1] == "ein großer Vogel 鳥"


def test_a_caption_that_is_too_long(gimp: GimpSession) -> None:
    with ScriptedDaemon(gimp.state):
        status, message = gimp.run(
            "image = photo()\nselect(image, 40, 30, 9, 9)\nresult = fill(image, caption='x' * 1001)[:2]"
        )
    assert status == "execution-error"
    assert "too long" in message


def test_an_unknown_model(gimp: GimpSession) -> None:
    with ScriptedDaemon(gimp.state):
        status, message = gimp.run(
            "image = photo()\nselect(image, 4, 3, 9, 9)\nresult = fill(image, caption='x', model='nope')[:2]"
        )
    assert (status, message) == (
        "execution-error",
        "This model is not installed. Choose another model. (There is no bundle 'nope'.)",
    )
