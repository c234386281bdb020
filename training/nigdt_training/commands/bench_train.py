"""`nigdt bench train`: the speed of a training step."""

from __future__ import annotations

import click


@click.command(name="train")
@click.option(
    "--preset",
    "presets",
    multiple=True,
    default=("small", "paper"),
    show_default=True,
    help="Model preset; may be given several times.",
)
@click.option("--batch", type=click.IntRange(1), default=4, show_default=True, help="Pictures per step.")
@click.option(
    "--size", type=click.IntRange(0), default=0, help="Side of the pictures.  [default: the preset's]"
)
@click.option("--repeats", type=click.IntRange(1), default=5, show_default=True, help="Timed steps of each.")
def bench_train(
    presets: tuple[str, ...],
    batch: int,
    size: int,
    repeats: int,
) -> None:
    """Time training steps and set them beside what their arithmetic allows.

    The floor is the floating-point operations of the step divided by the rate of a large float32 matrix
    product measured in the same turns, a variant's own floor the same in its number format. The loader must
    bring more photos per second than any step takes.

    Example: nigdt bench train --preset small --batch 8
    """
    from nigdt.runtime.devices import usable_device
    from nigdt_training.bench import steps

    device = usable_device()
    machine = steps.describe_machine(device)
    click.echo(", ".join(f"{key} {value}" for key, value in machine.items()))
    for preset in presets:
        settings = steps.bench_settings(preset, batch, size)
        variants = [variant for variant in steps.VARIANTS if device == "cuda" or not variant.tf32]
        found = steps.measure(settings, variants, device, repeats)
        loader = steps.loader_rate(settings)
        eager = found.measurements[0].seconds
        rates = ", ".join(f"{name} {rate / 1e9:.0f}" for name, rate in found.rates.items())
        click.echo(
            f"\n{preset}, {settings.picture_size} px, batch {batch}: {found.flops / 1e9:.0f} GFLOP a step, "
            f"matrix product in GFLOP/s: {rates}; floor {found.floor:.4g} s; "
            f"loader {loader:.0f} photos/s in one thread"
        )
        for one in found.measurements:
            click.echo(
                f"  {one.variant:32s} {one.photos_per_second:7.2f} photos/s  "
                f"{one.seconds:7.3f} s/step (slowest {one.slowest:.3f})  "
                f"{one.seconds / found.floor:5.2f} x floor  "
                f"{one.seconds / found.own_floor(one):5.2f} x own floor  {eager / one.seconds:5.2f} x eager  "
                f"{one.memory:.1f} GB  loader {loader / one.photos_per_second:.0f} x"
            )
