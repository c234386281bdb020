"""What the model gets is what is seen, whatever kinds of layers it is made of."""

from __future__ import annotations

import numpy as np
import pytest
from gimp_session import GimpSession
from scripted_daemon import ScriptedDaemon

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

KINDS = {
    "a filter that goes by the layer's extent": """
    own.append_filter(Gimp.DrawableFilter.new(own, "gegl:vignette", ""))
""",
    "a filter on a group": """
    group = Gimp.GroupLayer.new(image, "group")
    image.insert_layer(group, None, 0)
    image.reorder_item(own, group, 0)
    group.append_filter(Gimp.DrawableFilter.new(group, "gegl:vignette", ""))
""",
    "a text": """
    text = Gimp.TextLayer.new(image, "Möwe", Gimp.context_get_font(), 60.0, Gimp.Unit.pixel())
    image.insert_layer(text, None, 0)
    text.set_offsets(60, 70)
""",
    "a group that lets through": """
    group = Gimp.GroupLayer.new(image, "group")
    image.insert_layer(group, None, 0)
    group.set_mode(Gimp.LayerMode.PASS_THROUGH)
    over = own.copy()
    image.insert_layer(over, group, 0)
    over.set_mode(Gimp.LayerMode.DIFFERENCE)
    over.set_opacity(40.0)
    over.set_offsets(13, -7)
""",
}
NEWER = {
    "a link": """
    linked = photo(90, 60)
    file = Gio.File.new_for_path("/mnt/work/linked.png")
    Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, linked, file, None)
    linked.delete()
    link = Gimp.LinkLayer.new(image, file)
    image.insert_layer(link, None, 0)
    link.set_offsets(70, 80)
""",
    "a drawn shape": """
    path = Gimp.Path.new(image, "shape")
    image.insert_path(path, None, 0)
    path.bezier_stroke_new_ellipse(110.0, 100.0, 60.0, 30.0, 0.0)
    shape = Gimp.VectorLayer.new(image, path)
    image.insert_layer(shape, None, 0)
    shape.set_enable_fill(True)
    shape.refresh()
""",
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_sent_is_what_is_seen(gimp: GimpSession, kind: str) -> None:
    fill_over(gimp, KINDS[kind])


@pytest.mark.parametrize("kind", NEWER)
def test_what_is_sent_is_what_is_seen_of_layers_that_gimp_3_2_brought(forky: GimpSession, kind: str) -> None:
    fill_over(forky, NEWER[kind])


def fill_over(gimp: GimpSession, layers: str) -> None:
    """Fill a region of an image with layers made by a snippet, and compare what the service got."""
    with ScriptedDaemon(gimp.state) as daemon:
        said = gimp.run(
            f"""
    image = photo(240, 200)
    own = image.get_layers()[0]
{layers}
    select(image, 110, 100, 12, 10)
    seen = composite(image, "R'G'B' u8")
    plain = read(own, "R'G'B' u8")
    before = composite(image)
    status, message, layer = fill(image, caption="green")
    result = [status, message, list(seen), seen == plain, changed(before, composite(image), 240)]
"""
        )
    status, message, seen, plain, changed = said
    assert status == "success", message
    assert not plain
    assert changed == [110, 100, 122, 110]
    request = daemon.requests[0]
    assert (request.width, request.height) != (240, 200)
    whole = np.array(seen, np.uint8).reshape(200, 240, 3)
    sent = np.frombuffer(request.crop, np.uint8).reshape(request.height, request.width, -1)
    left, top = 116 - request.width // 2, 105 - request.height // 2
    part = whole[top : top + request.height, left : left + request.width]
    assert np.abs(sent[..., :3].astype(int) - part).max() == 0
