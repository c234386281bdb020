"""Fixtures for every package: a tiny random model bundle, and a data folder of its own for every test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Tiny models lose more to threads that wait for each other than they win. Started processes inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Time says nothing about a test on a busy machine.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

TINY_WORDS = ("a", "bird", "with", "red", "blue", "belly", "the", "sky", "grass", "dog")


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a complete bundle with random weights that works at 64 px in a few milliseconds.

    Its name is ``tiny``; it knows `TINY_WORDS`. Do not change it; copy it.
    """
    import torch

    from nigdt.bundle.bundle import save_bundle, write_sums
    from nigdt.bundle.recolour import save_recolour
    from nigdt.config import ModelConfig
    from nigdt.model import NIGDT
    from nigdt.model.recolour import RecolourConfig, RecolourNet
    from nigdt.text import Vocabulary

    config = ModelConfig(
        size=64,
        encoder_channels=(8, 8, 16, 16, 16, 16, 16),
        text_channels=16,
        embedding=12,
        max_words=8,
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
    folder = tmp_path_factory.mktemp("bundles") / "tiny"
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
    return folder


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep tests out of the user's own data and state."""
    monkeypatch.setenv("NIGDT_DATA_DIR", str(tmp_path_factory.mktemp("data")))
    monkeypatch.setenv("NIGDT_STATE_DIR", str(tmp_path_factory.mktemp("state")))
