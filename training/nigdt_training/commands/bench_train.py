"""`nigdt bench train`: the speed of a training step."""

from __future__ import annotations

import json

import click


@click.command(name="train")
@click.option("--preset", "presets", multiple=True, default=("small", "paper"), show_default=True)
@click.option("--batch", type=click.IntRange(1), default=4, show_default=True, help="Pictures per step.")
@click.option("--repeats", type=click.IntRange(1), default=5, show_default=True, help="Timed steps of each.")
@click.option("--compiled/--no-compiled", default=False, help="Also compile the step (takes minutes).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def bench_train(presets: tuple[str, ...], batch: int, repeats: int, compiled: bool, as_json: bool) -> None:
    """Time training steps and set them beside what their arithmetic allows.

    The floor is the floating-point operations of the step divided by the rate of a large float32 matrix
    product measured in the same run.

    Example: nigdt bench train --preset small --batch 8
    """
    import torch

    from nigdt_training.bench import steps

    device = "cuda" if torch.cuda.is_available() else "cpu"
    machine = steps.describe_machine(device)
    results = []
    if not as_json:
        click.echo(", ".join(f"{key} {value}" for key, value in machine.items()))
    for preset in presets:
        settings = steps.bench_settings(preset, batch)
        rate = steps.matrix_rate(device, torch.float32)
        floor = eager = 0.0
        if not as_json:
            click.echo(
                f"\n{preset}, {settings.picture_size} px, batch {batch}; "
                f"matrix product {rate / 1e9:.0f} GFLOP/s"
            )
        for variant in steps.VARIANTS:
            if variant.compiled and not compiled:
                continue
            result = steps.measure(settings, variant, device, repeats)
            if not eager:
                eager, floor = result.seconds, result.flops / rate
            facts = {
                "preset": preset,
                "variant": variant.name,
                "photos_per_second": result.photos_per_second,
                "seconds": result.seconds,
                "slowest": result.slowest,
                "times_floor": result.seconds / floor,
                "times_eager": eager / result.seconds,
                "gflop": result.flops / 1e9,
                "peak_memory_gb": steps.peak_memory(device),
            }
            results.append(facts)
            if not as_json:
                click.echo(
                    f"  {variant.name:32s} {result.photos_per_second:7.2f} photos/s  "
                    f"{result.seconds:6.2f} s/step (slowest {result.slowest:.2f})  "
                    f"{result.seconds / floor:5.2f} x floor  {eager / result.seconds:5.2f} x eager  "
                    f"{facts['peak_memory_gb']:.1f} GB"
                )
    if as_json:
        click.echo(json.dumps({"machine": machine, "results": results}, indent=1))
