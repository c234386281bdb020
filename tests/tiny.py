"""The tiny models of the tests: their shapes, and a bundle with random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

TINY_WORDS = ("a", "bird", "with", "red", "blue", "belly", "the", "sky", "grass", "dog")

# What settings of a training, or `ModelConfig.from_dict`, need for a step in milliseconds.
TINY_MODEL: dict[str, Any] = {
    "size": 64,
    "encoder_channels": [4, 4, 8, 8, 8, 8, 8],
    "text_channels": 8,
    "embedding": 8,
    "latent_channels": 4,
    "projection_channels": 8,
    "representation_channels": 8,
    "generator_channels": [8, 8, 8, 4, 4],
    "discriminator_channels": [4, 4, 8, 8, 8],
    # Half of the time that making so small a model takes; the discriminators have it all the same.
    "spectral_norm": False,
}

# Widths that differ where they may, so that one taken for another is noticed.
ODD_MODEL: dict[str, Any] = {
    "size": 64,
    "encoder_channels": [4, 4, 6, 6, 6, 6, 8],
    "text_channels": 6,
    "embedding": 5,
    "text_dropout": 0.0,
    "latent_channels": 3,
    "projection_channels": 6,
    "representation_channels": 8,
    "generator_channels": [8, 8, 6, 6, 4],
    "discriminator_channels": [4, 4, 6, 6, 6],
}


def write_tiny_bundle(folder: Path) -> None:
    """Write a complete bundle that works at 64 px in a few milliseconds and knows `TINY_WORDS`."""
    import torch

    from nigdt.bundle.recolour import save_recolour
    from nigdt.bundle.writing import save_bundle, write_sums
    from nigdt.config import ModelConfig
    from nigdt.model import NIGDT
    from nigdt.model.recolour import RecolourConfig, RecolourNet
    from nigdt.text import Vocabulary

    config = ModelConfig(
        size=64,
        encoder_channels=(8, 8, 16, 16, 16, 16, 16),
        text_channels=16,
        embedding=12,
        latent_channels=8,
        projection_channels=16,
        representation_channels=16,
        generator_channels=(16, 16, 16, 8, 8),
        discriminator_channels=(8, 8, 8, 8, 8),
    )
    with torch.random.fork_rng():
        torch.manual_seed(20)
        model = NIGDT(config, len(TINY_WORDS))
        with torch.no_grad():
            # Parts that start at 0 would hide their own defects.
            model.generator.attention.gamma.fill_(0.5)
            model.generator.attention.alpha.fill_(0.5)
    save_bundle(
        folder, model, Vocabulary(TINY_WORDS), title="Tiny random model for tests", training={"steps": 0}
    )
    with torch.random.fork_rng():
        torch.manual_seed(21)
        net = RecolourNet(
            RecolourConfig(size=64, channels=(8, 8, 8, 8, 8), head_channels=8, embedding=8, text_channels=8),
            len(TINY_WORDS),
        )
    save_recolour(folder, net, Vocabulary(TINY_WORDS), {})
    write_sums(folder)
