"""Two GIMPs of one user, of different releases, fill at the same moment."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from gimp_session import GimpSession
from nigdt_backend.client import Client
from scripted_daemon import ScriptedDaemon

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

FILL = """
    image = photo(200, 150)
    select(image, 60, 50, 40, 30)
    before = composite(image)
    status, message, layer = fill(image, caption={!r}, feather=0)
    result = {{
        "status": status, "message": message, "changed": changed(before, composite(image), 200),
        "pixels": list(read(layer)) if layer else None,
    }}
"""


@pytest.fixture
def both(trixie: GimpSession, forky: GimpSession) -> Iterator[Callable[[], list[GimpSession]]]:
    """Two GIMPs that find the service of the first, once it is there."""
    file = forky.state / "connection.json"

    def joined() -> list[GimpSession]:
        shutil.copy2(trixie.state / file.name, file)
        return [trixie, forky]

    yield joined
    file.unlink(missing_ok=True)


def asked(gimps: list[GimpSession], captions: list[str]) -> list[dict[str, Any]]:
    """Ask each GIMP for a fill before any of them has one."""
    answers = [gimp.send(FILL.format(caption)) for gimp, caption in zip(gimps, captions, strict=True)]
    return [gimp.wait(answer) for gimp, answer in zip(gimps, answers, strict=True)]


def test_each_gets_its_own_fill(
    both: Callable[[], list[GimpSession]], trixie: GimpSession, real_daemon: Callable[[Path], Client]
) -> None:
    client = real_daemon(trixie.state)
    gimps, captions = both(), ["a red bird", "a green bird"]
    alone = [gimp.run(FILL.format(caption)) for gimp, caption in zip(gimps, captions, strict=True)]
    together = asked(gimps, captions)
    assert [said["status"] for said in together] == ["success"] * 2, [said["message"] for said in together]
    assert [said["changed"] for said in together] == [[60, 50, 100, 80]] * 2
    assert together == alone
    assert together[0]["pixels"] != together[1]["pixels"]
    assert client.status()["jobs"]["fills"] == 4


def test_both_wait_at_the_same_moment(both: Callable[[], list[GimpSession]], trixie: GimpSession) -> None:
    with ScriptedDaemon(trixie.state, ScriptedDaemon.hold) as daemon:
        gimps = both()
        answers = [gimp.send(FILL.format("green")) for gimp in gimps]
        deadline = time.monotonic() + 60
        while len(daemon.requests) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert not any(answer.exists() for answer in answers)
        daemon.gone_on.set()
        said = [gimp.wait(answer) for gimp, answer in zip(gimps, answers, strict=True)]
    assert [each["status"] for each in said] == ["success"] * 2, said
    assert said[0] == said[1]
