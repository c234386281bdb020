"""Where an object is that was clicked, asked of the daemon."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from nigdt_backend.client import Client, DaemonError
from nigdt_backend.daemon.engine import NigdtEngine
from nigdt_backend.daemon.scheduler import Job
from nigdt_backend.daemon.settings import DaemonSettings

from nigdt.bundle.recolour import load_recolour, save_recolour
from nigdt.bundle.writing import write_sums
from nigdt.model.recolour import RecolourNet
from nigdt.recipe import Variant
from tests.backend.failing_device import Silent


class Kept(Silent):
    """Keeps whole messages."""

    def __init__(self):
        super().__init__()
        self.messages = []

    def made(self, job, fill):
        self.messages.append(fill)


def test_a_model_without_a_finder_says_so(at_shared_daemon: Client, request_fill):
    with pytest.raises(DaemonError, match="finds no objects") as error:
        at_shared_daemon.fill(request_fill("", result="object"))
    assert error.value.code == "model-failed"


def test_an_object_is_not_counted_as_a_fill(client: Client, request_fill):
    client.fill(request_fill("", result="object"))
    client.fill(request_fill(variants=[Variant(1), Variant(2)]))
    jobs = client.status()["jobs"]
    assert (jobs["objects"], jobs["fills"], jobs["done"]) == (1, 2, 2)


def test_the_answer_is_the_crop_and_how_sure_the_finder_is(bundles, request_fill):
    folder = bundles / "nigdt-small"
    plain, words = load_recolour(folder)
    net = RecolourNet(replace(plain.config, finds=True), len(words))
    with torch.no_grad():
        net.finder.head.weight.zero_()
        net.finder.head.bias.fill_(1.0)  # an object everywhere, not quite surely
    save_recolour(folder, net, words, {})
    write_sums(folder)
    request = request_fill("", side=64, result="object")
    kept = Kept()
    (outcome,) = NigdtEngine(DaemonSettings(threads=1)).run([Job("local", (0, b"x"), request, 0.0)], kept)
    assert outcome.error is None
    assert outcome.complete
    (message,) = kept.messages
    crop, sure = (np.frombuffer(frame, np.uint8) for frame in message.frames)
    assert bytes(crop) == bytes(request.crop)
    assert sure.size == 64 * 64
    marked = np.frombuffer(request.mask, np.uint8) > 0
    assert 1 < marked.sum() < marked.size
    assert set(sure[marked]) == {round(255 / (1 + np.exp(-1)))}, "what was drawn around it"
    assert not sure[~marked].any()
    clicked = np.zeros((64, 64), np.uint8)
    clicked[20, 30] = 255
    at_click = Job("local", (0, b"x"), replace(request, mask=clicked.tobytes()), 0.0)
    NigdtEngine(DaemonSettings(threads=1)).run([at_click], kept)
    everywhere = np.frombuffer(kept.messages[-1].frames[1], np.uint8)
    assert set(everywhere) == set(sure[marked])
    assert message.header["placed"]
