"""`nigdt bench train`: the speed of a training step."""

from __future__ import annotations

import click

from nigdt_training.commands.options import changes

REPEATS = 5
"""Timed steps of each variant."""


@click.command(name="train")
@click.argument("presets", nargs=-1)
@changes("Change a setting: batch=8, size=64.")
def bench_train(presets: tuple[str, ...], changes: tuple[str, ...]) -> None:
    """Time training steps of PRESETS (small and paper) beside what their arithmetic allows.

    The floor is the floating-point operations of the step divided by the rate of a large float32 matrix
    product measured in the same turns, a variant's own floor the same in its number format. The loader must
    bring more photos per second than any step takes.

    Example: nigdt bench train small --set batch=8
    """
    from nigdt.runtime.devices import usable_device
    from nigdt_training.bench import steps
    from nigdt_training.settings import with_changes

    device = usable_device()
    machine = steps.describe_machine(device)
    click.echo(", ".join(f"{key} {value}" for key, value in machine.items()))
    for preset in presets or ("small", "paper"):
        settings = with_changes(steps.bench_settings(preset, 4), changes, "--set")
        variants = [variant for variant in steps.VARIANTS if device == "cuda" or not variant.tf32]
        found = steps.measure(settings, variants, device, REPEATS)
        loader = steps.loader_rate(settings)
        eager = found.measurements[0].seconds
        rates = ", ".join(f"{name} {rate / 1e9:.0f}" for name, rate in found.rates.items())
        click.echo(
            f"\n{preset}, {settings.picture_size} px, batch {settings.batch}: "
            f"{found.flops / 1e9:.0f} GFLOP a step, matrix product in GFLOP/s: {rates}; "
            f"floor {found.floor:.4g} s; loader {loader:.0f} photos/s in one thread"
        )
        for one in found.measurements:
            click.echo(
                f"  {one.variant:32s} {one.photos_per_second:7.2f} photos/s  "
                f"{one.seconds:7.3f} s/step (slowest {one.slowest:.3f})  "
                f"{one.seconds / found.floor:5.2f} x floor  "
                f"{one.seconds / found.own_floor(one):5.2f} x own floor  {eager / one.seconds:5.2f} x eager  "
                f"{one.memory:.1f} GB  loader {loader / one.photos_per_second:.0f} x"
            )
