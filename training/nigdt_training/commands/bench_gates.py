"""`nigdt bench gates`: what a shipped model must reach, on photos kept from its training."""

from __future__ import annotations

from pathlib import Path

import click

_FOLDER = click.Path(path_type=Path, exists=True)
BIRDS_HELD_OUT, SCENES_HELD_OUT = 0.12, 0.02
"""Fractions of the photos that the default model's training leaves out (`configs/default.yaml`)."""


@click.command()
@click.argument("bundle")
@click.option("--birds", required=True, type=_FOLDER, help="Captioned photos with objects.")
@click.option("--scenes", required=True, type=_FOLDER, help="Captioned photos of surroundings.")
@click.option("--cutouts", type=_FOLDER, help="RUN/cutouts of a recolouring training, to measure that too.")
@click.option("--limit", default=60, show_default=True, type=click.IntRange(1), help="Photos of each kind.")
def gates(
    bundle: str,
    birds: Path,
    scenes: Path,
    cutouts: Path | None,
    limit: int,
) -> None:
    """Measure BUNDLE and set each figure beside its aim.

    What eyes must judge is not among them: `nigdt study` makes blind pages, and `nigdt bench jobs` measures
    removals and named surroundings. R-precision is a matter of `nigdt evaluate --evaluator`.

    Example: nigdt bench gates default --birds data/cub20 --scenes data/scenes --cutouts runs/recolour/cutouts
    """
    from nigdt.bundle.bundle import find_bundle
    from nigdt_training.commands.progress import progress_bar
    from nigdt_training.data.data_set import read_records
    from nigdt_training.data.errors import DataError
    from nigdt_training.evaluation.cases import CaseSettings, draw_cases
    from nigdt_training.evaluation.gates import Gate, gates_table, model_gates, recolour_gates, speed_gate
    from nigdt_training.evaluation.systems import Bundle

    system = Bundle(bundle)
    drawn = {
        "birds": (
            birds,
            CaseSettings("object", system.size, limit, held_out=BIRDS_HELD_OUT, around_object=True),
        ),
        "scenes": (scenes, CaseSettings("centre", system.size, limit, held_out=SCENES_HELD_OUT)),
    }
    found: list[Gate] = []
    for name, (path, settings) in drawn.items():
        cases = draw_cases(read_records(path), settings)
        if not cases:
            raise DataError(
                f"{path} has no photo to measure on.", "It needs captions, and objects for --birds."
            )
        with progress_bar(name, silent=False) as progress:
            found += model_gates(system, name, cases, progress)
    folder = find_bundle(bundle).folder
    size = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
    found += [Gate("size", size, most=25, unit=" MB"), speed_gate(system, cases[0])]
    if cutouts is not None:
        from nigdt.bundle.recolour import load_recolour
        from nigdt.recolourer import Recolourer
        from nigdt_training.recolour.batches import Store
        from nigdt_training.recolour.checking import check

        figures, _ = check(Recolourer(*load_recolour(folder)), Store(cutouts).held, max(2, limit // 2), limit)
        found += recolour_gates(figures.asked_colour, figures.detail, figures.outside, figures.part_both)
    click.echo(gates_table(found))
    click.echo(f"{sum(gate.met for gate in found)} of {len(found)} gates are met.")
