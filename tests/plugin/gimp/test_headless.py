"""Fills in a real GIMP without windows, against a daemon that fills with plain colours."""

from __future__ import annotations

from gimp_session import GimpSession
from scripted_daemon import ScriptedDaemon

FIRST = """
    image = photo()
    select(image, 30, 20, 24, 16)
    before = composite(image)
    status, message, layer = fill(image, caption="a red bird\\non a branch")
    after = composite(image)
    result = {
        "status": status,
        "message": message,
        "changed": changed(before, after, 96),
        "inside": list(composite(image, "R'G'B'A u8")[4 * (25 * 96 + 40) :][:4]),
        "name": layer.get_name(),
        "offsets": list(layer.get_offsets())[1:],
        "mask": sorted(set(read(layer.get_mask(), "Y u8"))),
        "record": record(layer),
        "layers": [each.get_name() for each in image.get_layers()],
    }
"""


def test_a_fill_becomes_a_masked_layer(trixie: GimpSession) -> None:
    with ScriptedDaemon(trixie.state) as daemon:
        said = trixie.run(FIRST)
    assert said["status"] == "success", said["message"]
    assert said["changed"] == [30, 20, 54, 36]
    assert said["inside"] == [0, 255, 0, 255]
    assert said["name"] == "a red bird on a branch"
    assert said["offsets"] == [30, 20]
    assert said["mask"] == [255]
    assert said["layers"] == ["a red bird on a branch", "photo"]
    assert said["record"]["caption"] == "a red bird\non a branch"
    assert said["record"]["seed"] is None
    assert daemon.requests[0].caption == "a red bird\non a branch"
