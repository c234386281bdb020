"""Fills in a real GIMP without windows, against a daemon that fills with plain colours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from gimp_session import GimpSession
from nigdt_backend.client import Client
from scripted_daemon import ScriptedDaemon

# The first of these may have to build GIMP's tree.
pytestmark = pytest.mark.timeout(900)

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
    assert said["record"]["bundle"] == "plain"
    assert daemon.requests[0].recipe.caption == "a red bird\non a branch"


def test_the_real_model_fills_the_selection_alone(
    trixie: GimpSession, real_daemon: Callable[[Path], Client]
) -> None:
    client = real_daemon(trixie.state)
    said = trixie.run(
        """
    image = photo(200, 150)
    select(image, 60, 50, 40, 30)
    before = composite(image)
    status, message, first = fill(image, caption="a red bird", variants=2, feather=0)
    shown = composite(image)
    assert status == "success", message
    image.remove_layer(first)
    _, _, again = fill(image, caption="a red bird", variants=2, feather=0)
    result = {
        "status": status, "message": message, "changed": changed(before, shown, 200),
        "same again": composite(image) == shown,
        "records": [record(layer) for layer in again.get_children()],
        "differ": len({read(layer) for layer in again.get_children()}),
    }
""",
        timeout=120,
    )
    assert said["status"] == "success", said["message"]
    assert said["changed"] == [60, 50, 100, 80]
    assert said["same again"]
    assert [each["seed"] for each in said["records"]] == [None, 1]
    assert said["differ"] == 2
    assert client.status()["bundles"] is not None
