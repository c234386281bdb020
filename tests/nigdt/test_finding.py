"""Objects that are looked for at a click, by a network that knows its things by their colour."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from nigdt.finding import object_at
from nigdt.model.finder import FinderScores
from nigdt.part_words import PARTS


class SeesOrange(nn.Module):
    """Stands in for a trained finder: an object is what is orange, up to the stride of four."""

    size = 192

    def forward(self, rgb, selection):
        orange = ((rgb[:, :1] > 0.4) & (rgb[:, 2:] < 0)).float()
        objects = F.interpolate(orange, scale_factor=0.25, mode="area") * 12 - 6
        return FinderScores(torch.zeros(len(rgb), 1 + len(PARTS), *objects.shape[2:]), objects, None)


def disc(row, column, radius, shape=(300, 480)):
    y, x = np.mgrid[: shape[0], : shape[1]]
    return (y - row) ** 2 + (x - column) ** 2 < radius**2


@pytest.fixture
def photo():
    return np.full((300, 480, 3), (90, 120, 90), np.uint8)


def test_the_object_that_was_clicked_is_seen_and_the_background_is_not(photo):
    large = disc(150, 160, 90)
    photo[large] = (240, 140, 30)
    sure = object_at(SeesOrange(), "cpu", photo, 120, 150)
    assert sure.shape == (300, 480)
    found = sure > 0.5
    assert (found & large).sum() / (found | large).sum() > 0.9
    assert not object_at(SeesOrange(), "cpu", photo, 400, 40).any()


def test_a_small_object_is_looked_at_closely(photo):
    small = disc(60, 420, 9)
    photo[small] = (240, 140, 30)
    found = object_at(SeesOrange(), "cpu", photo, 420, 60) > 0.5
    assert (found & small).sum() / (found | small).sum() > 0.7, "at 192 pixels for the whole it is two cells"


def test_clicks_at_the_border_and_beyond_it_are_looked_at(photo):
    photo[disc(0, 480, 60)] = (240, 140, 30)
    assert object_at(SeesOrange(), "cpu", photo, 479.9, 0)[0, -1] > 0.5
    assert object_at(SeesOrange(), "cpu", photo, 500, -3)[0, -1] > 0.5
