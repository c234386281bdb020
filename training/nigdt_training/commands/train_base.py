"""`nigdt train base`: the paper-size default model on a GPU that is only lent for a while."""

from __future__ import annotations

import time
from pathlib import Path

import click

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command("base")
@click.option("--work", type=_FOLDER, help="Folder for data, caches and the run, kept between calls.")
@click.option("--archives", type=_FOLDER, help="Folder of .tar files of captioned photos to unpack first.")
@click.option("--unpack-only", is_flag=True, help="Stop after unpacking.")
@click.option("--out", type=_FOLDER, help="Folder for weights (in parts), curves and sheets.")
@click.option("--minutes", default=9.0, show_default=True, help="Wall time of this call, results included.")
@click.option("--total-minutes", type=float, help="Wall time of all calls. Default: of this one.")
@click.option(
    "--config", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Settings of a new run."
)
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="Change a setting.")
@click.option("--from-parts", type=_FOLDER, help="Begin with the weights that another machine left.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu or cuda.")
@click.option("--join", type=_FOLDER, help="Put the parts in this folder together as a bundle, and stop.")
def base(
    work: Path | None,
    archives: Path | None,
    unpack_only: bool,
    out: Path | None,
    minutes: float,
    total_minutes: float | None,
    config: Path | None,
    changes: tuple[str, ...],
    from_parts: Path | None,
    device: str,
    join: Path | None,
) -> None:
    """Train the paper-size default within a wall time, and go on when called again.

    Example: nigdt train base --work w --archives data --out out --minutes 9 --total-minutes 25
    --config training/configs/base.yaml
    """
    began = time.monotonic()  # before torch is imported and archives are unpacked

    from nigdt_training.trainer.lent import Loan, join_parts, train_on_loan, unpack
    from nigdt_training.trainer.settings import load_settings, with_changes

    if join is not None:
        click.echo(str(join_parts(join)))
        return
    if work is None:
        raise click.UsageError("--work FOLDER is needed")
    for archive in sorted(archives.glob("*.tar")) if archives else ():
        if unpack(archive, work / "data"):
            click.echo(f"unpacked {archive.name}")
    if unpack_only:
        return
    if out is None or config is None:
        raise click.UsageError("--out FOLDER and --config FILE are needed")
    settings = with_changes(load_settings(config), changes)
    loan = Loan(work, out, minutes, max(minutes, total_minutes or 0), from_parts, device, began)
    train_on_loan(settings, loan, lambda text, **_: click.echo(text))
