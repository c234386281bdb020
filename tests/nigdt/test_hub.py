"""The Hub's layout: a saved bundle is one still, its card's metadata are what the Hub reads."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nigdt.bundle.bundle import find_bundle, read_bundle
from nigdt.bundle.hub import from_pretrained, save_pretrained
from nigdt.config import ModelConfig
from nigdt.errors import BundleError
from nigdt.inpainter import Inpainter

hub = pytest.importorskip("huggingface_hub")


def test_a_saved_bundle_draws_the_same_picture(tiny_bundle: Path, tmp_path: Path) -> None:
    original = Inpainter.from_bundle(str(tiny_bundle), device="cpu")
    original.save_pretrained(tmp_path / "saved")
    again = Inpainter.from_pretrained(tmp_path / "saved", device="cpu")
    random = np.random.default_rng(0)
    photo = Image.fromarray(random.integers(0, 256, (80, 90, 3), dtype=np.uint8))
    selection = np.zeros((80, 90), np.uint8)
    selection[20:50, 30:60] = 255
    one, other = (runner.fill(photo, selection, "a bird")[0].photo for runner in (original, again))
    assert one.tobytes() == other.tobytes()


def test_the_hub_reads_card_and_configuration(tiny_bundle: Path, tmp_path: Path) -> None:
    info = save_pretrained(read_bundle(tiny_bundle), tmp_path / "saved", "cc-by-4.0")
    card = hub.ModelCard.load(info.folder / "README.md")
    assert card.data.to_dict()["license"] == "cc-by-4.0"
    assert card.data.library_name == "nigdt"
    assert card.text.strip() == (tiny_bundle / "README.md").read_text(encoding="utf-8").strip()
    config = json.loads((info.folder / "config.json").read_text())
    assert config.pop("model_type") == "nigdt"
    assert config.pop("architectures") == ["NIGDT"]
    assert ModelConfig.from_dict(config) == info.config
    twice = save_pretrained(info, tmp_path / "twice", "cc-by-4.0")
    assert (twice.folder / "README.md").read_bytes() == (info.folder / "README.md").read_bytes()


def test_a_changed_file_and_a_missing_folder_are_refused(tiny_bundle: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_bundle, tmp_path / "changed")
    (tmp_path / "changed" / "README.md").write_text("# Other\n")
    with pytest.raises(BundleError, match="damaged or was changed"):
        from_pretrained(tmp_path / "changed")
    with pytest.raises(BundleError, match="no folder"):
        from_pretrained(tmp_path / "nowhere")


def test_a_name_is_looked_up_on_the_hub(monkeypatch, tmp_path: Path) -> None:
    """Without a network: its own error becomes one line."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    with pytest.raises(BundleError, match="nobody/nothing cannot be had"):
        from_pretrained("nobody/nothing")


def test_the_command_writes_the_layout(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from nigdt.commands.models import models

    done = CliRunner().invoke(models, ["hub", "default", str(tmp_path / "out")], catch_exceptions=False)
    assert done.exit_code == 0
    assert from_pretrained(tmp_path / "out").config == find_bundle().config
