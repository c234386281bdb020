"""Bundles exchanged, added and broken beneath a daemon that runs."""

from __future__ import annotations

import shutil
import time

import pytest
import torch
from nigdt_backend.client import Client, DaemonError

from nigdt.bundle.bundle import read_bundle
from nigdt.bundle.weights import load_model
from nigdt.bundle.writing import save_bundle


def broken(folder):
    """Damage a bundle as an interrupted copy would."""
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-2000])
    (folder / "SHA256SUMS").write_text((folder / "SHA256SUMS").read_text() + "\n")


def test_corrupted_bundle_at_hot_swap_leaves_the_old_model(real_client, bundles, request_fill, wait_until):
    request = request_fill("a red bird", side=64)
    before = real_client.fill(request)
    broken(bundles / "nigdt-small")
    with pytest.raises(DaemonError) as raised:
        real_client.load("nigdt-small")
    assert raised.value.code == "bundle-broken"
    assert "old model stays" in raised.value.message
    request.job = "again"
    after = real_client.fill(request)
    assert after.fills[0].pixels == before.fills[0].pixels


def test_hot_swap_takes_the_new_model_and_drops_no_job(real_client, bundles, tiny_bundle, request_fill):
    request = request_fill("a red bird", side=64)
    before = real_client.fill(request)
    info = read_bundle(tiny_bundle)
    model, vocabulary = load_model(info)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1.5)
    jobs = [real_client.submit(request_fill("a red bird", side=64)) for _ in range(6)]
    save_bundle(bundles / "nigdt-small", model, vocabulary, title="changed", training={})
    jobs += [real_client.submit(request_fill("a red bird", side=64)) for _ in range(6)]
    pixels = {}
    ended = []
    deadline = time.monotonic() + 120
    while len(ended) < len(jobs) and time.monotonic() < deadline:
        for event in real_client.events(0.2):
            if event.kind == "fill":
                pixels[event.job] = event.frames[0]
            elif event.kind in ("done", "error"):
                ended.append(event.data.get("code", "done"))
    assert ended == ["done"] * 12
    assert pixels[jobs[-1]] != before.fills[0].pixels


def test_new_bundle_shows_up_without_a_restart_and_a_broken_one_is_named(
    real_client, bundles, tiny_bundle, request_fill
):
    assert [model["name"] for model in real_client.models() if not model["default"]] == []
    shutil.copytree(tiny_bundle, bundles / "second")
    assert "second" in {model["name"] for model in real_client.models()}
    assert all("words" not in model for model in real_client.models())
    assert all("bird" in model["words"] for model in real_client.models(words=True))
    assert len(real_client.fill(request_fill("a dog", side=64, bundle="second")).fills) == 1
    shutil.copytree(tiny_bundle, bundles / "third")
    broken(bundles / "third")
    with pytest.raises(DaemonError) as raised:
        real_client.fill(request_fill("a dog", side=64, bundle="third"))
    assert raised.value.code == "bundle-broken"
    with pytest.raises(DaemonError) as raised:
        real_client.fill(request_fill("a dog", side=64, bundle="fourth"))
    assert raised.value.code == "unknown-bundle"
    assert len(real_client.fill(request_fill("a dog", side=64)).fills) == 1


def test_answer_that_is_not_a_number_is_an_error(bundles, tiny_bundle, request_fill):
    model, vocabulary = load_model(read_bundle(tiny_bundle))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(6e4 / parameter.abs().max().clamp_min(1e-6))
    save_bundle(bundles / "overflowing", model, vocabulary, title="overflows", training={}, half=False)
    with Client.connect() as client:
        with pytest.raises(DaemonError) as raised:
            client.fill(request_fill("a dog", side=64, bundle="overflowing"))
        assert raised.value.code == "not-a-number"
        assert len(client.fill(request_fill("a dog", side=64)).fills) == 1


def test_no_usable_bundle_is_said_by_status_and_fill_until_there_is_one(bundles, tiny_bundle, request_fill):
    broken(bundles / "nigdt-small")
    with Client.connect() as client:
        with pytest.raises(DaemonError) as raised:
            client.fill(request_fill("a dog", side=64))
        assert raised.value.code == "bundle-broken"
        status = client.status()
        assert status["state"] == "failed"
        assert status["failure"]["code"] == "bundle-broken"
        shutil.rmtree(bundles / "nigdt-small")
        shutil.copytree(tiny_bundle, bundles / "nigdt-small")
        assert len(client.fill(request_fill("a dog", side=64)).fills) == 1
        assert client.status()["state"] in ("ready", "busy")
