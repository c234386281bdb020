"""`nigdt train damsm`: the match networks of AttnGAN, or of the paper's authors, as a run's."""

from __future__ import annotations

from pathlib import Path

import click

from nigdt.commands.options import OutputFile

_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.command("damsm")
@click.argument("text", type=_FILE)
@click.argument("image", type=_FILE)
@click.argument("captions", type=_FILE)
@click.argument("output", type=OutputFile())
def damsm(text: Path, image: Path, captions: Path, output: Path) -> None:
    """Take over pretrained match networks: text encoder, image encoder and captions.pickle of AttnGAN.

    OUTPUT (.safetensors) is for --match-from of nigdt train and --evaluator of nigdt evaluate.

    Example: nigdt train damsm text_encoder200.pth image_encoder200.pth captions.pickle damsm.safetensors
    """
    from nigdt_training.match.damsm import import_damsm

    vocabulary = import_damsm(text, image, captions, output)
    click.echo(f"{output}: {len(vocabulary)} words")
