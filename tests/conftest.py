"""Fixtures for every package: a tiny random model bundle, and a data folder of its own for every test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.tiny import write_tiny_bundle

# Tiny models lose more to threads that wait for each other than they win. Started processes inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Time says nothing about a test on a busy machine.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a complete bundle with random weights that works at 64 px in a few milliseconds.

    Its name is ``tiny``. Do not change it; copy it.
    """
    folder = tmp_path_factory.mktemp("bundles") / "tiny"
    write_tiny_bundle(folder)
    return folder


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep tests out of the user's own data, state and cache, and out of each other's."""
    monkeypatch.setenv("NIGDT_DATA_DIR", str(tmp_path_factory.mktemp("data")))
    monkeypatch.setenv("NIGDT_STATE_DIR", str(tmp_path_factory.mktemp("state")))
    monkeypatch.setenv("NIGDT_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
