"""Options that several commands have, each with one meaning and one wording."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["data_folder", "held_out", "runs", "split", "training_device"]

runs = click.option(
    "--runs", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Run folders."
)
data_folder = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=Path(),
    help="Folder that the settings' or the plan's paths start from.  [default: here]",
)
training_device = click.option(
    "--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.", metavar="NAME"
)
split = click.option(
    "--split", type=click.Choice(["train", "val", "test"]), help="Only photos of this split."
)
held_out = click.option(
    "--held-out",
    type=click.FloatRange(0, 1, min_open=True),
    help="Only the fraction of photos that training with the same fraction left out.",
)
