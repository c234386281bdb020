"""`nigdt models`: list, add and remove model bundles."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import click

from nigdt.bundle.archive import unpack
from nigdt.bundle.bundle import (
    BundleInfo,
    broken_bundles,
    default_of,
    find_bundle,
    list_bundles,
    user_bundles_folder,
    verify_bundle,
)
from nigdt.bundle.writing import check_new_name, install_bundle, remove_bundle
from nigdt.errors import printable, shell_word


@click.group("models", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print machine-readable JSON.")
@click.pass_context
def models(context: click.Context, as_json: bool) -> None:
    """List the installed model bundles, add one, or remove one.

    Example: nigdt models add ~/Downloads/nigdt-base.zip
    """
    if context.invoked_subcommand is not None:
        return
    bundles = list_bundles()
    for problem in broken_bundles():
        click.echo(f"Left out: {problem}", err=True)
    if as_json:
        click.echo(json.dumps([info.to_dict() for info in bundles], indent=2, ensure_ascii=False))
        return
    if not bundles:
        click.echo(
            f"No model bundle is installed. Add one to {user_bundles_folder()} by `nigdt models add FOLDER`."
        )
        return
    default = default_of(bundles).name
    for info in bundles:
        marks = ("default" if info.name == default else "", "embedded" if info.embedded else "")
        notes = ", ".join(mark for mark in marks if mark)
        click.echo(
            f"{info.name:20} {info.size_px:4} px {info.parameters / 1e6:6.1f} M {info.bytes / 1e6:7.1f} MB  "
            f"{info.title}{f' ({notes})' if notes else ''}"
        )


@models.command()
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.option("--name", help="What to call it; by default the folder's or the archive's name.")
@click.option("--replace", is_flag=True, help="Replace the user's bundle of that name.")
def add(source: Path, name: str | None, replace: bool) -> None:
    """Check the bundle in SOURCE (a folder or a ZIP archive) and copy it into the user's data folder.

    Example: nigdt models add ~/Downloads/nigdt-base.zip
    """
    if name is not None or source.is_dir():
        check_new_name(name or source.resolve().name, replace=replace)
    if source.is_dir():
        info = _install(source, name or source.resolve().name, replace)
    else:
        with tempfile.TemporaryDirectory(prefix="nigdt-") as temporary:
            folder = unpack(source, Path(temporary))
            info = _install(folder, name or folder.name, replace)
    click.echo(f"Added {info.name} ({info.bytes / 1e6:.1f} MB) in {info.folder}")


def _install(source: Path, name: str, replace: bool) -> BundleInfo:
    """Install a bundle once it is known to run here, as far as that can be told here."""
    info = verify_bundle(source)
    try:
        from nigdt.bundle.weights import check_runnable
    except ModuleNotFoundError:  # without torch nothing runs here: checksums have to do
        pass
    else:
        check_runnable(info)
    return install_bundle(source, name, replace=replace)


@models.command()
@click.argument("name")
def remove(name: str) -> None:
    """Delete the user's bundle NAME. Embedded bundles stay.

    Example: nigdt models remove nigdt-base
    """
    remove_bundle(name)
    click.echo(f"Removed {name}.")


@models.command()
@click.argument("bundle", default="default")
def verify(bundle: str) -> None:
    """Check every file of BUNDLE (a name or a folder) against its checksum.

    Example: nigdt models verify nigdt-small
    """
    info = verify_bundle(find_bundle(bundle).folder)
    click.echo(f"{info.name}: every file matches its checksum.")


@models.command()
@click.argument("bundle", default="default")
def picture(bundle: str) -> None:
    """Draw the picture on the card of BUNDLE (a name or a folder): the sample photo, filled by its own model.

    Example: nigdt models picture my-model
    """
    from nigdt.showcase import add_picture, caption_for

    info = add_picture(find_bundle(bundle).folder)
    click.echo(f"{info.picture}: \u201c{caption_for(info)}\u201d, drawn by {info.name}")


@models.command()
@click.argument("bundle")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def onnx(bundle: str, folder: Path) -> None:
    """Write BUNDLE (a name or a folder) as ONNX graphs into FOLDER, check them, and measure them on the CPU.

    Example: nigdt models onnx default default-onnx
    """
    from nigdt.commands.onnx_check import export_and_compare

    found = export_and_compare(find_bundle(bundle), folder)
    click.echo(
        f"{folder}: differs from PyTorch by at most {found.levels:.2f} of 255 levels; a fill takes "
        f"{1000 * found.onnx:.0f} ms of processor time, with PyTorch {1000 * found.torch:.0f} ms "
        f"({found.torch / found.onnx:.2f} times as long)."
    )


@models.command()
@click.argument("bundle")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--license",
    "license_id",
    default="other",
    show_default=True,
    help="The weights' licence, as the Hub abbreviates it.",
)
def hub(bundle: str, folder: Path, license_id: str) -> None:
    """Write BUNDLE (a name or a folder) into FOLDER as the Hugging Face Hub wants models.

    Example: nigdt models hub my-model my-model-hub --license cc-by-4.0
    """
    from nigdt.bundle.hub import save_pretrained

    info = save_pretrained(find_bundle(bundle), folder, license_id)
    word = shell_word(info.folder)
    click.echo(f"{printable(str(info.folder))}: put it on the Hub with `hf upload OWNER/NAME {word}`.")
