"""The numbers in docs/model.md are read from its tables and measured here, so that they cannot drift."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from nigdt.config import PRESETS, Architecture, ModelConfig
from nigdt.model import NIGDT, Discriminator, DualPath, PublishedDiscriminator
from nigdt.model.match import MatchNetwork

torch.set_num_threads(1)
DOC = Path(__file__).parents[2] / "docs" / "model.md"
WORDS, LENGTH, SIDE = 1000, 12, 256
MEASURED = ("paper", "authors", "small")


def table(heading: str) -> dict[str, dict[str, str]]:
    """The first table under a heading: row name to preset to cell."""
    section = DOC.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = itertools.dropwhile(lambda line: not line.startswith("|"), section.splitlines())
    lines = itertools.takewhile(lambda line: line.startswith("|"), lines)
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    head = rows[0]
    return {row[0].strip("`*"): dict(zip(head[1:], row[1:], strict=True)) for row in rows[2:]}


@pytest.fixture(autouse=True, scope="module")
def _default_weights() -> Iterator[None]:
    """Orthogonal weights take seconds at these widths, and no number here depends on them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nn.init, "orthogonal_", lambda weight, gain=1.0: weight)
        yield


@cache
def model(preset: str) -> NIGDT:
    return NIGDT(PRESETS[preset], WORDS).eval()


def discriminator(preset: str) -> Discriminator | PublishedDiscriminator:
    return (PublishedDiscriminator if preset == "authors" else Discriminator)(PRESETS[preset])


@cache
def inputs() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    torch.manual_seed(0)
    M = torch.ones(1, 1, SIDE, SIDE)
    M[:, :, 64:192, 64:192] = 0
    tokens = torch.randint(1, WORDS + 1, (1, LENGTH))
    return torch.rand(1, 3, SIDE, SIDE) * 2 - 1, M, tokens, torch.tensor([LENGTH])


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize("preset", MEASURED)
def test_parameter_counts(preset: str) -> None:
    m = model(preset)
    match = MatchNetwork(lambda x: (x, x), 112, 1280, WORDS)
    measured = {
        "image encoder": count(m.image_encoder),
        "text encoder": count(m.text_encoder),
        "attention (Q)": count(m.attention),
        "further blocks": count(m.further),
        "prior projection": count(m.projection),
        "residual representation": count(m.representation),
        "generator": count(m.generator),
        "at inference": count(m),
        "posterior projection": count(DualPath(m).posterior_projection),
        "D1, D2, each": count(discriminator(preset)),
        "D3 and D4": count(match),
    }
    stated = {row: int(cells[preset].replace(",", "")) for row, cells in table("Parameters").items()}
    assert stated == measured


@pytest.mark.parametrize("preset", MEASURED)
def test_shapes_at_256(preset: str) -> None:
    m, (image, M, tokens, lengths) = model(preset), inputs()
    measured: dict[str, tuple[int, ...]] = {}
    hooks = [
        layer.register_forward_hook(
            lambda _m, _i, output, n=n: measured.__setitem__(f"layer {n}", output.shape[1:])
        )
        for n, layer in enumerate(m.image_encoder.layers, start=1)
    ]
    with torch.no_grad():
        picture = m.encode_image(image, M)
        for hook in hooks:
            hook.remove()
        text = m.text_encoder(tokens, lengths)
        answer = m.generate(picture, text)
        assert answer.attention is not None
        D = discriminator(preset).eval()
        z = answer.prior.sample(torch.randn(1, *m.latent_shape(SIDE, SIDE)))
        measured |= {
            "v_l": picture.v_l.shape[1:],
            "v_h": picture.v_h.shape[1:],
            "t_wrd": text.words.shape[1:],
            "t_sent": text.sentence.shape[1:],
            "beta": answer.attention.shape[1:],
            "h": answer.h.shape[1:],
            "mu, sigma, z": z.shape[1:],
            "r": m.representation(answer.h, z).shape[1:],
            "map of the self-attention": answer.compared.shape[1:],
            "D1's feature": D.features(answer.image).shape[1:],
            "D2's scores": D(answer.image).shape[1:],
        }
        measured |= {f"head {n}": p.shape[1:] for n, p in enumerate(answer.pyramid, start=1)}
    stated = {row: cells[preset] for row, cells in table("Shapes at 256 px").items()}
    stated = {row: cell for row, cell in stated.items() if cell != "-"}  # layers it has not
    sizes = {
        row: tuple(LENGTH if n == "L" else int(n) for n in re.split(r"\s*x\s*", cell))
        for row, cell in stated.items()
    }
    assert sizes == {row: tuple(shape) for row, shape in measured.items()}


@pytest.mark.parametrize("preset", MEASURED)
def test_flops_of_a_256_px_fill(preset: str) -> None:
    m, (image, M, tokens, lengths) = model(preset), inputs()
    with torch.no_grad():
        with FlopCounterMode(display=False) as first:
            picture = m.encode_image(image, M)
        text = m.text_encoder(tokens, lengths)
        with FlopCounterMode(display=False) as second:
            m.generate(picture, text)
    halves = {"image half": first.get_total_flops(), "text half": second.get_total_flops()}
    measured = {**halves, "fill": sum(halves.values())}
    stated = {row: float(cells[preset]) for row, cells in table("Work of one fill at 256 px").items()}
    assert stated == pytest.approx({row: flops / 1e9 for row, flops in measured.items()}, abs=0.05)


def test_every_switch_is_described() -> None:
    """The table names every field of the configuration with the values of the presets."""
    rows = table("Presets and switches")
    beside = table("Beside the preset")
    assert {*rows, *beside} == set(ModelConfig().to_dict())
    assert {*beside} == {one.name for one in fields(ModelConfig)} - {one.name for one in fields(Architecture)}
    assert all(row["default"] == str(ModelConfig().to_dict()[key]).lower() for key, row in beside.items())
    assert {*PRESETS} == {*MEASURED, "wide"}
    for preset in MEASURED:
        for field, value in PRESETS[preset].to_dict().items():
            if field in beside:
                continue
            shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value).lower()
            assert rows[field][preset] == shown, field
