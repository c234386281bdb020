from __future__ import annotations

import json
import shutil
import tarfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from click.testing import CliRunner
from lightning_fabric import Fabric
from nigdt_training.commands.train import train
from nigdt_training.trainer.checkpoint import read_checkpoint
from nigdt_training.trainer.inpaint_stage import InpaintTrainer
from nigdt_training.trainer.lent import NAME, PART_BYTES, collect, join_parts, unpack, write_parts
from nigdt_training.trainer.pools import build_vocabulary, open_pools
from nigdt_training.trainer.run import Run
from nigdt_training.trainer.settings import load_settings, with_changes
from PIL import Image

from nigdt import Inpainter
from nigdt.bundle.bundle import verify_bundle
from nigdt.bundle.weights import load_model
from nigdt.errors import NigdtError


def call(*arguments: object) -> str:
    done = CliRunner().invoke(train, ["base", *map(str, arguments)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def timed_call(*arguments: object) -> tuple[str, float]:
    began = time.monotonic()
    return call(*arguments), time.monotonic() - began


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_a_lent_machine_trains_in_calls_and_leaves_a_bundle_in_parts(
    photo_folder: Path, tiny_settings: dict[str, Any], tmp_path: Path
) -> None:
    archives, work, out = tmp_path / "archives", tmp_path / "work", tmp_path / "out"
    archives.mkdir()
    with tarfile.open(archives / "photos.tar", "w") as tar:
        tar.add(photo_folder, "photos")
    config = tmp_path / "tiny.yaml"
    config.write_text(
        yaml.safe_dump(
            {
                **tiny_settings,
                "checkpoint_seconds": 1.0,
                "threads": 1,
                "model": {**tiny_settings["model"], "spectral_norm": False},
            }
        )
    )
    assert "unpacked photos.tar" in call("--work", work, "--archives", archives, "--unpack-only")
    common = ("--work", work, "--archives", archives, "--out", out, "--config", config, "--device", "cpu")

    first, seconds = timed_call(*common, "--minutes", 1.5, "--total-minutes", 4.0)
    assert seconds < 90
    assert "unpacked" not in first
    assert "a step takes about" in first.split("decoding")[0], "before anything that takes long"
    assert "pictures/s" in first
    run = next((work / "runs").glob(f"*-{NAME}"))
    stopped_at = read_checkpoint(run / "last.safetensors").facts["step"]
    planned = yaml.safe_load((run / "settings.yaml").read_text())["steps"]
    assert 0 < stopped_at < planned

    second, seconds = timed_call(*common, "--minutes", 0.5)
    assert seconds < 30
    assert f"going on from step {stopped_at}" in second
    assert read_checkpoint(run / "last.safetensors").facts["step"] > stopped_at
    assert {path.name for path in out.iterdir()} >= {f"{NAME}.tar.000", "curves.png", "metrics.jsonl"}
    assert json.loads((out / "metrics.jsonl").read_text().splitlines()[0])["step"] > 0
    curves = Image.open(out / "curves.png").convert("L")
    assert min(curves.getdata()) < 100

    assert call("--join", out).strip() == str(out / NAME)
    assert Inpainter.from_bundle(str(out / NAME)).size == 64
    third = call(
        *("--work", tmp_path / "other", "--archives", archives, "--out", tmp_path / "out2"),
        *("--config", config, "--device", "cpu", "--minutes", 0.5, "--from-parts", out),
    )
    assert "results are in" in third


@pytest.mark.slow
def test_the_paper_size_model_goes_through_parts(
    photo_folder: Path, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    config = pytestconfig.rootpath / "training" / "configs" / "base.yaml"
    changes = ["data=[{path: photos, validation: 0.2}]", "precision=32-true", "loss.match=0"]
    settings = with_changes(load_settings(config), changes)
    run = Run.create(tmp_path / "runs", NAME, settings)
    training, validation = open_pools(settings, photo_folder.parent, tmp_path / "caches")
    vocabulary = build_vocabulary(training, 1)
    fabric = Fabric(accelerator="cpu", devices=1)
    trainer = InpaintTrainer(run, training, validation, vocabulary, None, fabric, lambda *_, **__: None)
    # Heads begin at no change, under which damaged weights would not show.
    for value in trainer.networks.averaged.values():
        value += 0.01 * torch.randn(value.shape, generator=torch.Generator().manual_seed(len(value.shape)))
    trainer.save(run.last)
    run.log(0, "inpaint", total=1.0)
    run.close()
    expected = trainer.averaged_model().state_dict()
    collect(run, tmp_path / "out")

    fetched = tmp_path / "fetched"
    fetched.mkdir()
    parts = sorted((tmp_path / "out").glob(f"{NAME}.tar.*"))
    assert len(parts) > 2
    for part in parts:
        assert part.stat().st_size < 16 * 2**20
        shutil.copy(part, fetched)
    (missing := fetched / parts[1].name).rename(tmp_path / "late")
    with pytest.raises(NigdtError):
        join_parts(fetched)
    (tmp_path / "late").rename(missing)
    folder = Path(call("--join", fetched).strip())
    info = verify_bundle(folder)
    assert info.size_px == 256
    assert info.parameters == sum(value.numel() for value in expected.values())
    model, _ = load_model(info)
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, expected[name].half().float(), rtol=0, atol=0)
    photo = Image.open(photo_folder / "00.png").convert("RGB").resize((300, 260))
    selection = Image.new("L", photo.size)
    selection.paste(255, (100, 80, 180, 170))
    filled = Inpainter.from_bundle(str(folder)).fill(photo, selection, "a red bird")[0].photo
    changed = np.asarray(filled) != np.asarray(photo)
    assert changed[80:170, 100:180].any(2).mean() > 0.9
    assert not changed[:40].any()


def test_parts_are_small_and_a_missing_one_is_named(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    whole.write_bytes(bytes(PART_BYTES + 5))
    write_parts(whole, tmp_path)
    sizes = [path.stat().st_size for path in sorted(tmp_path.glob(f"{NAME}.tar.*"))]
    assert sizes == [PART_BYTES, 5]
    assert PART_BYTES < 16 * 2**20
    with pytest.raises(NigdtError, match="no nigdt-base"):
        join_parts(tmp_path / "empty")


def test_an_archive_that_is_none_is_named(tmp_path: Path) -> None:
    archive = tmp_path / "photos.tar"
    archive.write_bytes(b"no tar at all")
    with pytest.raises(NigdtError, match="cannot unpack"):
        unpack(archive, tmp_path / "data")
    with pytest.raises(NigdtError, match="cannot unpack"):
        unpack(archive, tmp_path / "data")
