"""Telling birds from other things: red discs stand for birds, blue squares for the rest."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from nigdt_training.recolour.birds import fit_birds
from nigdt_training.recolour.training import with_finder
from PIL import Image, ImageDraw

from nigdt.errors import NigdtError
from nigdt.model.finder import ObjectFinder
from nigdt.model.recolour import RecolourConfig, RecolourNet


def write(folder: Path, number: int, bird: bool, caption: str = "a thing") -> None:
    folder.mkdir(parents=True)
    lines = []
    for n in range(number):
        photo = Image.new("RGB", (64 + n, 64), (120, 120, 120))
        draw, box = ImageDraw.Draw(photo), (14 + n % 5, 14, 50, 50)
        if bird:
            draw.ellipse(box, fill=(200, 30 + n, 30))
        else:
            draw.rectangle(box, fill=(30, 30 + n, 200))
        photo.save(folder / f"{n}.png")
        record = {"file_name": f"{n}.png", "text": [caption]} | ({"species": "Disc"} if bird else {})
        lines.append(json.dumps(record))
    (folder / "metadata.jsonl").write_text("\n".join(lines) + "\n")


def untrained() -> ObjectFinder:
    torch.manual_seed(0)
    return ObjectFinder(tells_birds=True).eval()


@torch.inference_mode()
def is_bird(finder: ObjectFinder, path: Path) -> bool:
    rgb8 = np.asarray(Image.open(path).resize((64, 64)), np.float32)
    rgb = torch.from_numpy(rgb8 / 127.5 - 1).permute(2, 0, 1)[None]
    return bool(finder(rgb, torch.ones(1, 1, 64, 64)).bird > 0)


def test_a_finder_learns_to_tell_birds_and_keeps_all_else(tmp_path: Path) -> None:
    write(tmp_path / "discs", 40, True)
    write(tmp_path / "squares", 40, False)
    (tmp_path / "discs" / "3.png").write_bytes(b"no photo")
    finder, said = untrained(), []
    before = {name: value.clone() for name, value in finder.state_dict().items()}
    fit_birds(finder, tmp_path, said.append)
    changed = [name for name, value in finder.state_dict().items() if not torch.equal(value, before[name])]
    assert changed == ["bird.weight", "bird.bias"]
    assert [line.rsplit(" ", 3)[0] for line in said if "told right" in line] == [
        "held-out birds told right:",
        "held-out other things told right:",
    ]
    for kind, bird in (("discs", True), ("squares", False)):
        write(tmp_path / "unseen" / kind, 8, bird)
        told = [is_bird(finder, path) for path in sorted((tmp_path / "unseen" / kind).glob("*.png"))]
        assert told == [bird] * 8
    net = with_finder(RecolourNet(RecolourConfig(), 4), finder)
    assert net.config.tells_birds
    assert net.finder is not None
    assert torch.equal(net.finder.state_dict()["bird.weight"], finder.state_dict()["bird.weight"])


def test_captions_that_name_a_bird_do_not_show_another_thing(tmp_path: Path) -> None:
    write(tmp_path / "discs", 6, True)
    write(tmp_path / "gulls", 6, False, "two gulls on a wall")
    with pytest.raises(NigdtError, match="both birds and other things"):
        fit_birds(untrained(), tmp_path, print)


def test_a_finder_that_was_not_taught_does_not_tell() -> None:
    finder = ObjectFinder().eval()
    rgb, selection = torch.zeros(1, 3, 64, 64), torch.ones(1, 1, 64, 64)
    assert finder(rgb, selection).bird is None
    assert untrained()(rgb, selection).bird.shape == (1,)
