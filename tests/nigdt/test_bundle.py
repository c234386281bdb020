"""A bundle read, written, found by name, and refused where it is damaged."""

from __future__ import annotations

import json
import pickle
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from safetensors.numpy import load_file, save_file

from nigdt import limits
from nigdt.bundle import bundle, reading
from nigdt.bundle.bundle import (
    FILES,
    RECOLOUR_CONFIG,
    RECOLOUR_WEIGHTS,
    find_bundle,
    list_bundles,
    read_bundle,
    user_bundles_folder,
    verify_bundle,
)
from nigdt.bundle.weights import load_model
from nigdt.bundle.writing import check_target, install_bundle, plain_weights, save_bundle, write_sums
from nigdt.config import ModelConfig
from nigdt.errors import BundleError
from nigdt.inpainter import Inpainter
from nigdt.model import NIGDT
from nigdt.text import Vocabulary


def change_config(folder: Path, **changes: object) -> None:
    data = yaml.safe_load((folder / "model.yaml").read_text())
    data.update(changes)
    (folder / "model.yaml").write_text(yaml.safe_dump(data))
    write_sums(folder)


def change_weights(folder: Path, change) -> None:
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors")
    write_sums(folder)


def refused(folder: Path) -> str:
    """The one line that loading the bundle fails with."""
    with pytest.raises(BundleError) as caught:
        Inpainter.from_bundle(str(folder), device="cpu")
    text = str(caught.value)
    assert "\n" not in text
    assert folder.name in text
    return text


def test_a_bundle_says_what_it_is(tiny_bundle: Path) -> None:
    info = verify_bundle(tiny_bundle)
    assert (info.name, info.size_px, info.title, info.embedded) == (
        "tiny",
        64,
        "Tiny random model for tests",
        False,
    )
    assert info.bytes == sum(path.stat().st_size for path in tiny_bundle.iterdir())
    assert info.vocabulary().words[:2] == ("a", "bird")
    assert json.loads(json.dumps(info.to_dict()))["parameters"] == info.parameters > 1000
    assert sorted(path.name for path in tiny_bundle.iterdir()) == sorted(
        (*FILES, RECOLOUR_WEIGHTS, RECOLOUR_CONFIG)
    )


def test_the_default_model_is_named_for_people() -> None:
    info = find_bundle()
    assert info.title.startswith("NIGDT small")
    card = (info.folder / "README.md").read_text(encoding="utf-8")
    assert card.startswith("# NIGDT small")


def test_saved_model_and_loaded_model_are_the_same(tmp_path: Path) -> None:
    """The loaded model has plain weights without spectral norm, and answers alike on every call."""
    torch.manual_seed(0)
    config = ModelConfig(
        size=64,
        encoder_channels=(4,) * 7,
        text_channels=4,
        embedding=4,
        latent_channels=4,
        projection_channels=4,
        representation_channels=4,
        generator_channels=(4,) * 5,
    )
    model = NIGDT(config, 3)
    model.train()
    vocabulary = Vocabulary(["a", "b", "c"])
    info = save_bundle(tmp_path / "m", model, vocabulary, title="M", half=False)
    assert model.training  # as it was before
    loaded, words = load_model(info)
    assert words.words == vocabulary.words
    assert not any("parametrizations" in name for name in loaded.state_dict())
    assert not any(weight.requires_grad for weight in loaded.parameters())
    inputs = torch.rand(1, 3, 64, 64), torch.ones(1, 1, 64, 64), torch.tensor([[1, 2]]), torch.tensor([2])
    model.eval()
    with torch.no_grad():
        first = loaded(*inputs).image
        torch.testing.assert_close(first, model(*inputs).image, rtol=1e-5, atol=1e-6)
        assert torch.equal(loaded(*inputs).image, first)


def test_half_precision_rounds_and_halves(tmp_path: Path, tiny_bundle: Path) -> None:
    model, vocabulary = load_model(read_bundle(tiny_bundle))
    half = save_bundle(tmp_path / "half", model, vocabulary, title="H")
    full = save_bundle(tmp_path / "full", model, vocabulary, title="F", half=False)
    sizes = [(info.folder / "model.safetensors").stat().st_size for info in (half, full)]
    assert sizes[1] > 1.7 * sizes[0]
    a, b = (load_model(info)[0].state_dict() for info in (half, full))
    assert all(value.dtype == torch.float32 for value in a.values())
    assert all(torch.equal(a[name], b[name]) for name in a)  # tiny came from half precision already


def test_saving_again_replaces_and_leaves_nothing_behind(tmp_path: Path, tiny_bundle: Path) -> None:
    model, vocabulary = load_model(read_bundle(tiny_bundle))
    for title in ("One", "Two"):
        save_bundle(tmp_path / "m", model, vocabulary, title=title, training={"steps": 5}, card="# Card\n")
    assert read_bundle(tmp_path / "m").title == "Two"
    assert (tmp_path / "m" / "README.md").read_text() == "# Card\n"
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_a_place_that_takes_no_files_is_refused_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BundleError, match=r"Cannot write into .*file: Not a directory"):
        check_target(tmp_path / "file" / "mine")
    check_target(tmp_path / "not" / "there" / "yet")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_only_bundles_and_empty_folders_are_replaced(tmp_path: Path, tiny_bundle: Path) -> None:
    model, vocabulary = load_model(read_bundle(tiny_bundle))
    photos, file, empty = tmp_path / "photos", tmp_path / "file", tmp_path / "empty"
    photos.mkdir()
    empty.mkdir()
    (photos / "dear.jpg").write_text("irreplaceable")
    file.write_text("also")
    for place in (photos, file):
        with pytest.raises(BundleError, match="exists and is not a model bundle"):
            save_bundle(place, model, vocabulary, title="M")
    assert [path.name for path in photos.iterdir()] == ["dear.jpg"]
    assert file.read_text() == "also"
    assert save_bundle(empty, model, vocabulary, title="M").title == "M"
    (empty / "model.yaml").unlink()  # damaged, but still a bundle's folder
    assert save_bundle(empty, model, vocabulary, title="N").title == "N"


@pytest.mark.parametrize(
    "texts",
    [{"title": "\ud800"}, {"title": "M", "training": {"note": ["\udce9"]}}, {"title": "M", "card": "\udfff"}],
)
def test_texts_that_utf_8_cannot_encode_are_refused(
    tmp_path: Path, tiny_bundle: Path, texts: dict[str, Any]
) -> None:
    model, vocabulary = load_model(read_bundle(tiny_bundle))
    with pytest.raises(BundleError, match="UTF-8 cannot encode"):
        save_bundle(tmp_path / "m", model, vocabulary, **texts)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e6])
def test_weights_that_cannot_be_stored_are_refused(tmp_path: Path, tiny_bundle: Path, value: float) -> None:
    model, vocabulary = load_model(read_bundle(tiny_bundle))
    model.generator.heads[0].bias[0] = value
    with pytest.raises(BundleError, match=r"generator\.heads\.0\.bias"):
        save_bundle(tmp_path / "m", model, vocabulary, title="M")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", FILES)
def test_missing_file(broken: Path, name: str) -> None:
    (broken / name).unlink()
    assert name in refused(broken)


@pytest.mark.parametrize("name", [name for name in FILES if name != "SHA256SUMS"])
def test_tampered_file(broken: Path, name: str) -> None:
    with (broken / name).open("ab") as file:
        file.write(b"\n")
    assert f"{name} is damaged or was changed" in refused(broken)


@pytest.mark.parametrize("keep", [0, 4, 200, 5000])
def test_truncated_weights(broken: Path, keep: int) -> None:
    path = broken / "model.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    assert "model.safetensors is damaged" in refused(broken)
    write_sums(broken)  # truncated before it was published
    assert "model.safetensors cannot be read" in refused(broken)


def test_sums_that_leave_a_file_out(broken: Path) -> None:
    lines = (broken / "SHA256SUMS").read_text().splitlines()
    (broken / "SHA256SUMS").write_text("\n".join(line for line in lines if "safetensors" not in line))
    assert "does not list model.safetensors" in refused(broken)
    (broken / "SHA256SUMS").write_bytes(b"\xff\xfe\x00")
    assert "does not list" in refused(broken)


def test_wrong_shape(broken: Path) -> None:
    def change(weights: dict) -> None:
        weights["generator.heads.0.weight"] = np.zeros((3, 9, 3, 3), np.float16)

    change_weights(broken, change)
    text = refused(broken)
    assert "do not fit the architecture" in text
    assert "generator.heads.0.weight: (3, 9, 3, 3) instead of (3, 16, 3, 3)" in text


def test_weight_missing_or_too_many(broken: Path) -> None:
    change_weights(broken, lambda weights: weights.pop("generator.heads.0.weight"))
    assert "generator.heads.0.weight: missing instead of" in refused(broken)
    change_weights(broken, lambda weights: weights.update(extra=np.zeros(3, np.float16)))
    assert "2 differ" in refused(broken)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite(broken: Path, value: float) -> None:
    def change(weights: dict) -> None:
        weights["generator.heads.0.bias"][:] = value

    change_weights(broken, change)
    assert "not finite" in refused(broken)


def test_integer_weights(broken: Path) -> None:
    def change(weights: dict) -> None:
        weights["generator.heads.0.bias"] = np.zeros(3, np.int32)

    change_weights(broken, change)
    assert "holds no floating-point numbers" in refused(broken)


def test_vocabulary_of_another_model(broken: Path) -> None:
    Vocabulary(["only", "three", "words"]).save(broken / "vocabulary.json")
    write_sums(broken)
    assert "text_encoder.embedding.weight" in refused(broken)
    (broken / "vocabulary.json").write_text('{"format": 1}')
    write_sums(broken)
    assert "vocabulary" in refused(broken)


def test_other_versions_and_formats(broken: Path) -> None:
    change_config(broken, version=2)
    assert "format version 2; this program reads 1. Update nigdt" in refused(broken)
    change_config(broken, version=1, format="something else")
    assert "does not describe a nigdt-bundle" in refused(broken)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("format: [", "cannot be read"),
        ("just words", "does not describe"),
        ("", "does not describe"),
        ("format: nigdt-bundle\nversion: 1\n", "incomplete"),
        ("!!python/object/apply:os.system ['touch pwned']", "cannot be read"),
    ],
)
def test_unreadable_config(broken: Path, text: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(broken)
    (broken / "model.yaml").write_text(text)
    assert words in refused(broken)
    assert not (broken / "pwned").exists()


def test_unfit_architecture(broken: Path) -> None:
    architecture = yaml.safe_load((broken / "model.yaml").read_text())["architecture"]
    change_config(broken, architecture={**architecture, "size": 65})
    assert "multiple of 32" in refused(broken)
    change_config(broken, architecture={**architecture, "colour": "red"})
    assert "unknown key `colour`" in refused(broken)
    change_config(broken, architecture=None)
    assert "lines of `key: value`" in refused(broken)
    # Gigabytes, were they allocated before the weights are compared.
    change_config(broken, architecture={**architecture, "projection_channels": 4_000})
    assert "do not fit the architecture" in refused(broken)


def test_pickled_weights_are_not_run(broken: Path) -> None:
    class Harm:
        def __reduce__(self) -> tuple:
            return (Path.touch, (broken / "pwned",))

    (broken / "model.safetensors").write_bytes(pickle.dumps(Harm()))
    write_sums(broken)
    assert "cannot be read" in refused(broken)
    torch.save({"harm": Harm()}, broken / "model.safetensors")
    write_sums(broken)
    assert "cannot be read" in refused(broken)
    assert not (broken / "pwned").exists()


def test_oversized_text_is_not_parsed(broken: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(reading.LARGEST, "model.yaml", 100)
    assert "too large" in refused(broken)


def test_bundles_are_found_by_name_folder_and_default(tiny_bundle: Path) -> None:
    mine = user_bundles_folder()
    shutil.copytree(tiny_bundle, mine / "mine")
    assert find_bundle("mine").folder == mine / "mine"
    assert find_bundle(str(tiny_bundle)).folder == tiny_bundle
    assert find_bundle(tiny_bundle).name == "tiny"
    embedded = [info.name for info in list_bundles() if info.embedded]
    assert find_bundle().name == (
        bundle.DEFAULT_NAME if bundle.DEFAULT_NAME in embedded else (embedded or ["mine"])[0]
    )
    with pytest.raises(BundleError, match=r"no model bundle 'nowhere'.*Installed: .*mine"):
        find_bundle("nowhere")


def test_contexts_are_cut_for_the_model_that_comes_along() -> None:
    assert find_bundle(bundle.DEFAULT_NAME).size_px == limits.DEFAULT_SIZE


def test_users_bundle_hides_the_embedded_one(
    tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "_EMBEDDED", tmp_path)
    with pytest.raises(BundleError, match="No model bundle is installed"):
        find_bundle()
    shutil.copytree(tiny_bundle, tmp_path / "zeta")
    assert find_bundle().embedded
    shutil.copytree(tiny_bundle, tmp_path / "nigdt-small")
    assert find_bundle().name == "nigdt-small"
    shutil.copytree(tiny_bundle, user_bundles_folder() / "nigdt-small")
    assert not find_bundle().embedded
    assert [info.name for info in list_bundles()] == ["nigdt-small", "zeta"]


def test_one_broken_bundle_does_not_hide_the_others(tiny_bundle: Path) -> None:
    mine = user_bundles_folder()
    shutil.copytree(tiny_bundle, mine / "good")
    (mine / "bad").mkdir()
    (mine / "bad" / "model.yaml").write_text("{")
    names = [info.name for info in list_bundles()]
    assert "good" in names
    assert "bad" not in names
    with pytest.raises(BundleError, match="bad is incomplete"):
        find_bundle("bad")


def test_links_out_of_a_bundle_are_not_copied(
    tmp_path: Path, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGDT_DATA_DIR", str(tmp_path / "data"))
    secret = tmp_path / "id_ed25519"
    secret.write_text("a secret key")
    folder = tmp_path / "cloned"
    shutil.copytree(tiny_bundle, folder)
    (folder / "README.md").unlink()
    (folder / "README.md").symlink_to(secret)
    write_sums(folder)
    with pytest.raises(BundleError, match=r"README.md in .+ is a link to a file elsewhere"):
        install_bundle(folder, "mine")
    assert not (tmp_path / "data" / "bundles" / "mine").exists()
    snapshot, blobs = tmp_path / "models--a--b" / "snapshots" / "f00", tmp_path / "models--a--b" / "blobs"
    snapshot.mkdir(parents=True)
    blobs.mkdir()
    for path in tiny_bundle.iterdir():  # as the Hugging Face Hub's cache has them
        shutil.copy(path, blobs / path.name)
        (snapshot / path.name).symlink_to(Path("..", "..", "blobs", path.name))
    assert install_bundle(snapshot, "hub").name == "hub"


def test_describing_bundles_needs_no_torch(tiny_bundle: Path) -> None:
    import subprocess

    code = (
        "import sys\n"
        "from nigdt.bundle.bundle import verify_bundle\n"
        f"assert len(verify_bundle({str(tiny_bundle)!r}).vocabulary()) == 10\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_folding_reads_weights_without_a_power_iteration() -> None:
    layer = torch.nn.utils.parametrizations.spectral_norm(torch.nn.Conv2d(3, 4, 3))
    model = torch.nn.Sequential(layer)
    model.config = None  # type: ignore[assignment]
    vectors = [v.clone() for name, v in model.state_dict().items() if "._u" in name or "._v" in name]
    first, second = plain_weights(model), plain_weights(model)  # type: ignore[arg-type]
    assert first.keys() == {"0.weight", "0.bias"}
    np.testing.assert_array_equal(first["0.weight"], second["0.weight"])
    after = [v for name, v in model.state_dict().items() if "._u" in name or "._v" in name]
    assert len(vectors) == 2
    assert all(torch.equal(a, b) for a, b in zip(vectors, after, strict=True))


def test_every_file_may_be_read_by_whoever_may_read_the_card(tiny_bundle):
    modes = {path.name: path.stat().st_mode for path in tiny_bundle.iterdir()}
    assert set(modes.values()) == {modes["README.md"]}
