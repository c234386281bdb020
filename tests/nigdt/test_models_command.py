"""`nigdt models`: bundles added, listed, verified and removed; archives, and what is none."""

from __future__ import annotations

import errno
import json
import shutil
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from nigdt.bundle.bundle import (
    FILES,
    RECOLOUR_CONFIG,
    RECOLOUR_WEIGHTS,
    list_bundles,
    user_bundles_folder,
)
from nigdt.commands.models import models
from nigdt.errors import BundleError


def test_command_adds_lists_verifies_and_removes(tiny_bundle: Path, tmp_path: Path) -> None:
    run = CliRunner().invoke
    added = run(models, ["add", str(tiny_bundle)])
    assert added.exit_code == 0, added.output
    assert "tiny" in run(models, []).output
    listed = json.loads(run(models, ["--json"]).output)
    assert [(entry["name"], entry["size_px"]) for entry in listed if not entry["embedded"]] == [("tiny", 64)]
    assert isinstance(run(models, ["add", str(tiny_bundle)]).exception, BundleError)
    assert run(models, ["add", str(tiny_bundle), "--replace"]).exit_code == 0
    assert run(models, ["add", str(tiny_bundle), "--name", "other"]).exit_code == 0
    assert run(models, ["verify", "other"]).output == "other: every file matches its checksum.\n"
    assert run(models, ["remove", "tiny"]).exit_code == 0
    assert [info.name for info in list_bundles() if not info.embedded] == ["other"]
    for name in ("tiny", "../data", "default"):
        assert isinstance(run(models, ["remove", name]).exception, BundleError)
    assert run(models, ["add", str(tmp_path / "nowhere")]).exit_code == 2


@pytest.mark.parametrize("packed", [False, True])
def test_a_name_is_refused_before_the_model_is_looked_at(
    tiny_bundle: Path, tmp_path: Path, packed: bool
) -> None:
    run = CliRunner().invoke
    assert run(models, ["add", str(tiny_bundle), "--name", "taken"]).exit_code == 0
    source = tmp_path / "damaged"
    if packed:
        source.write_bytes(b"PK")
    else:
        shutil.copytree(tiny_bundle, source)
        (source / "model.safetensors").write_bytes(b"")
    for name, told in (("../x", "cannot be called"), ("taken", "There is a bundle")):
        assert told in str(run(models, ["add", str(source), "--name", name]).exception)


@pytest.mark.parametrize("inner", ["", "some-model/"])
def test_command_adds_archives(tiny_bundle: Path, tmp_path: Path, inner: str) -> None:
    archive = tmp_path / "packed.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for path in tiny_bundle.iterdir():
            zipped.write(path, inner + path.name)
        zipped.writestr("../../evil.txt", "no")
        zipped.writestr("run.sh", "no")
    result = CliRunner().invoke(models, ["add", str(archive)])
    assert result.exit_code == 0, result.output
    folder = user_bundles_folder() / ("some-model" if inner else "packed")
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        (*FILES, RECOLOUR_WEIGHTS, RECOLOUR_CONFIG)
    )
    assert not list(tmp_path.rglob("evil.txt"))


def test_archives_of_windows_and_of_macos_are_taken(tiny_bundle: Path, tmp_path: Path) -> None:
    archive = tmp_path / "packed.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for path in tiny_bundle.iterdir():
            zipped.write(path, f"some-model\\{path.name}")
            zipped.writestr(f"__MACOSX/some-model/._{path.name}", "finder")
        zipped.writestr("__MACOSX/model.yaml", "no")
        zipped.writestr("README.md", "of the archive")
    result = CliRunner().invoke(models, ["add", str(archive)])
    assert result.output.startswith("Added some-model"), result.exception


def test_files_of_several_models_are_not_mixed(tiny_bundle: Path, tmp_path: Path) -> None:
    archive, optional = tmp_path / "packed.zip", (RECOLOUR_CONFIG, RECOLOUR_WEIGHTS)
    sums = (tiny_bundle / "SHA256SUMS").read_text().splitlines(keepends=True)
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("another/" + RECOLOUR_CONFIG, "{}")
        zipped.writestr(
            "one/SHA256SUMS", "".join(line for line in sums if not line.strip().endswith(optional))
        )
        for path in tiny_bundle.iterdir():
            if path.name not in (*optional, "SHA256SUMS"):
                zipped.write(path, f"one/{path.name}")
    result = CliRunner().invoke(models, ["add", str(archive)])
    assert result.output.startswith("Added one"), result.exception
    assert not (user_bundles_folder() / "one" / RECOLOUR_CONFIG).exists()
    with zipfile.ZipFile(archive, "a") as zipped:
        for path in tiny_bundle.iterdir():
            zipped.write(path, f"two/{path.name}")
    result = CliRunner().invoke(models, ["add", str(archive)])
    assert "several model bundles" in str(result.exception)


def test_removing_a_linked_model_leaves_what_it_leads_to(tiny_bundle: Path) -> None:
    user_bundles_folder().mkdir(parents=True)
    (user_bundles_folder() / "linked").symlink_to(tiny_bundle)
    assert CliRunner().invoke(models, ["remove", "linked"]).output == "Removed linked.\n"
    assert not (user_bundles_folder() / "linked").is_symlink()
    assert (tiny_bundle / "model.yaml").exists()


def test_a_full_disk_is_named_where_an_archive_is_unpacked(
    tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "packed.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for path in tiny_bundle.iterdir():
            zipped.write(path, path.name)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)
    result = CliRunner().invoke(models, ["add", str(archive)])
    assert "no room in" in str(result.exception)
    assert "TMPDIR" in str(result.exception)


def test_archives_that_are_no_bundles(tmp_path: Path, broken: Path) -> None:
    (tmp_path / "words.zip").write_text("not an archive")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as zipped:
        zipped.writestr("model.yaml", "format: x")
    (broken / "README.md").write_text("changed")
    with zipfile.ZipFile(tmp_path / "changed.zip", "w") as zipped:
        for path in broken.iterdir():
            zipped.write(path, path.name)
    for name, words in (
        ("words", "cannot be unpacked"),
        ("other", "is missing"),
        ("changed", "README.md is damaged"),
    ):
        result = CliRunner().invoke(models, ["add", str(tmp_path / f"{name}.zip")])
        assert isinstance(result.exception, BundleError)
        assert words in str(result.exception)
    assert not list(user_bundles_folder().glob("*"))
