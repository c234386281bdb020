"""`nigdt train tdanet`: a checkpoint of the paper's authors as a bundle."""

from __future__ import annotations

from pathlib import Path

import click

_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.command("tdanet")
@click.argument("encoder", type=_FILE)
@click.argument("generator", type=_FILE)
@click.argument("text", type=_FILE)
@click.argument("captions", type=_FILE)
@click.argument("output", type=click.Path(path_type=Path))
def tdanet(encoder: Path, generator: Path, text: Path, captions: Path, output: Path) -> None:
    """Take over a checkpoint of the published code (TDANet) as a model bundle, the folder OUTPUT.

    It needs the two networks and, as that code does, DAMSM's text encoder with the words in captions.pickle.

    Example: nigdt train tdanet latest_net_E.pth latest_net_G.pth text_encoder.pth captions.pickle tdanet
    """
    from nigdt_training.inpaint.tdanet import import_tdanet, read_tdanet

    model, vocabulary = read_tdanet(encoder, generator, text, captions)
    info = import_tdanet(model, vocabulary, output, output.name)
    click.echo(f"{info.folder}: {info.parameters / 1e6:.1f} M parameters, {len(vocabulary)} words")
