"""The picture on a bundle's card: drawn by its own model, checked and carried like its other files."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from nigdt.bundle.bundle import find_bundle, user_bundles_folder, verify_bundle
from nigdt.commands.models import models
from nigdt.errors import BundleError
from nigdt.showcase import _SIDE, _VIEW, PHOTO, REGION


@pytest.fixture
def pictured(tiny_bundle: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    shutil.copytree(tiny_bundle, folder)
    assert verify_bundle(folder).picture is None
    result = CliRunner().invoke(models, ["picture", str(folder)])
    assert result.exit_code == 0, result.output
    return folder


def test_the_picture_is_the_photo_with_the_region_filled(pictured: Path) -> None:
    info = verify_bundle(pictured)
    assert info.picture == pictured / "sample.png"
    assert info.bytes == sum(path.stat().st_size for path in pictured.iterdir())
    drawn = np.asarray(Image.open(info.picture)).astype(int)
    photo = Image.open(PHOTO).convert("RGB").crop(_VIEW).resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    change = np.abs(drawn - np.asarray(photo)).max(-1)
    scale = _SIDE / (_VIEW[2] - _VIEW[0])
    left, top, right, bottom = (
        round((value - offset) * scale) for value, offset in zip(REGION, _VIEW[:2] * 2, strict=True)
    )
    assert change[top + 20 : bottom - 20, left + 20 : right - 20].mean() > 8
    assert change[: top - 12].max() == change[:, right + 12 :].max() == 0


def test_the_same_model_draws_the_same_picture(pictured: Path) -> None:
    first = (pictured / "sample.png").read_bytes()
    (pictured / "sample.png").unlink()
    with pytest.raises(BundleError, match=r"sample\.png is missing"):
        verify_bundle(pictured)
    Image.new("RGB", (4, 4)).save(pictured / "sample.png")
    with pytest.raises(BundleError, match=r"sample\.png is damaged"):
        verify_bundle(pictured)
    (pictured / "sample.png").write_bytes(first)
    assert CliRunner().invoke(models, ["picture", str(pictured)]).exit_code == 0
    assert (pictured / "sample.png").read_bytes() == first


def test_a_damaged_bundle_gets_no_new_checksums(pictured: Path) -> None:
    with (pictured / "README.md").open("a") as card:
        card.write("changed")
    result = CliRunner().invoke(models, ["picture", str(pictured)])
    assert isinstance(result.exception, BundleError)
    with pytest.raises(BundleError, match="README"):
        verify_bundle(pictured)


@pytest.mark.parametrize("packed", [False, True])
def test_the_picture_is_installed_with_its_bundle(pictured: Path, tmp_path: Path, packed: bool) -> None:
    source = pictured
    if packed:
        source = tmp_path / "mine.zip"
        with zipfile.ZipFile(source, "w") as archive:
            for path in pictured.iterdir():
                archive.write(path, f"mine/{path.name}")
    assert CliRunner().invoke(models, ["add", str(source)]).exit_code == 0
    assert verify_bundle(user_bundles_folder() / "mine").picture is not None


def test_the_bundle_that_comes_along_has_a_picture() -> None:
    info = verify_bundle(find_bundle().folder)
    assert info.picture is not None, "nigdt models picture"
