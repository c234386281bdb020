"""`nigdt bench gates`: what a shipped model must reach, on photos kept from its training."""

from __future__ import annotations

from pathlib import Path

import click

_FOLDER = click.Path(path_type=Path, exists=True)
BIRDS_HELD_OUT, SCENES_HELD_OUT = 0.12, 0.02
"""Fractions of the photos that the default model's training leaves out (`configs/default.yaml`)."""


PHOTOS = 60
"""Photos of each kind that are measured."""


@click.command()
@click.argument("bundle")
@click.argument("birds", type=_FOLDER)
@click.argument("scenes", type=_FOLDER)
@click.argument("cutouts", type=_FOLDER, required=False)
def gates(
    bundle: str,
    birds: Path,
    scenes: Path,
    cutouts: Path | None,
) -> None:
    """Measure BUNDLE and set each figure beside its aim.

    BIRDS are captioned photos with objects, SCENES captioned photos of surroundings; 60 of each are used.
    With CUTOUTS, a folder of that name in the run of a recolouring training, recolouring is measured too.

    It leaves out what only people can judge, for which `nigdt study` makes blind pages, as well as removals
    and named surroundings, which `nigdt bench jobs` measures, and R-precision (`nigdt evaluate --evaluator`).

    Example: nigdt bench gates default data/cub20 data/scenes runs/recolour/cutouts
    """
    from nigdt.bundle.bundle import find_bundle
    from nigdt_training.commands.progress import progress_bar
    from nigdt_training.data.data_set import read_records
    from nigdt_training.data.errors import DataError
    from nigdt_training.evaluation.cases import CaseSettings, draw_cases
    from nigdt_training.evaluation.gates import (
        Gate,
        attention_gates,
        gates_table,
        model_gates,
        recolour_gates,
        speed_gate,
    )
    from nigdt_training.evaluation.systems import Bundle

    system, shown = Bundle(bundle), Bundle(bundle, surroundings=True)
    drawn = {
        "birds": (
            birds,
            CaseSettings("object", system.size, PHOTOS, held_out=BIRDS_HELD_OUT, around_object=True),
        ),
        "scenes": (scenes, CaseSettings("centre", system.size, PHOTOS, held_out=SCENES_HELD_OUT)),
    }
    found: list[Gate] = []
    for name, (path, settings) in drawn.items():
        cases = draw_cases(read_records(path), settings)
        if not cases:
            raise DataError(f"{path} has no photo to measure on.", "It needs captions, and birds objects.")
        with progress_bar(name, silent=False) as progress:
            found += model_gates(system, shown, name, cases, progress)
    folder = find_bundle(bundle).folder
    size = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
    found += [Gate("size", size, most=25, unit=" MB"), speed_gate(system, cases[0])]
    if cutouts is not None:
        from nigdt.bundle.recolour import load_recolour
        from nigdt.recolourer import Recolourer
        from nigdt_training.recolour.batches import Store
        from nigdt_training.recolour.checking import check
        from nigdt_training.recolour.reader_ablation import attention_worth

        (net, vocabulary), held = load_recolour(folder), Store(cutouts).held
        figures, _ = check(Recolourer(net, vocabulary), held, PHOTOS, PHOTOS)
        found += recolour_gates(figures.asked_colour, figures.detail, figures.outside, figures.part_both)
        found += attention_gates(attention_worth(net, vocabulary, held, PHOTOS, figures.part_both))
    click.echo(gates_table(found))
    click.echo(f"{sum(gate.met for gate in found)} of {len(found)} gates are met.")
