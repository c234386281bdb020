from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from nigdt_training.commands.train import train
from nigdt_training.trainer.checkpoint import read_checkpoint
from nigdt_training.trainer.lent import NAME, PART_BYTES, join_parts, unpack, write_parts
from PIL import Image

from nigdt import Inpainter
from nigdt.errors import NigdtError


def call(*arguments: object) -> str:
    done = CliRunner().invoke(train, ["base", *map(str, arguments)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


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

    first = call(*common, "--minutes", 1.5, "--total-minutes", 4.0)
    assert "unpacked" not in first
    assert "pictures/s" in first
    run = next((work / "runs").glob(f"*-{NAME}"))
    stopped_at = read_checkpoint(run / "last.safetensors").facts["step"]
    planned = yaml.safe_load((run / "settings.yaml").read_text())["steps"]
    assert 0 < stopped_at < planned

    second = call(*common, "--minutes", 0.5)
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
