"""Writing model bundles, all or nothing. Needs no torch."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import yaml
from numpy.typing import NDArray

from nigdt.bundle.bundle import (
    CARD,
    CONFIG,
    FORMAT,
    RECOLOUR_CONFIG,
    RECOLOUR_WEIGHTS,
    SUMS,
    VERSION,
    VOCABULARY,
    WEIGHTS,
    BundleInfo,
    file_digest,
    files_of,
    list_bundles,
    read_bundle,
    user_bundles_folder,
    valid_name,
    verify_bundle,
)
from nigdt.bundle.exchange import replaced
from nigdt.bundle.reading import check_sizes
from nigdt.config import ModelConfig
from nigdt.errors import BundleError
from nigdt.files import check_folder_writable
from nigdt.text import Vocabulary

__all__ = ["check_target", "install_bundle", "plain_weights", "save_bundle", "write_sums"]


class _Module(Protocol):
    """What `save_bundle` needs of a `torch.nn.Module`; named so that this file needs no torch."""

    config: ModelConfig
    training: bool

    def eval(self) -> Any: ...
    def train(self, mode: bool = True) -> Any: ...
    def state_dict(self) -> Mapping[str, Any]: ...
    def named_modules(self) -> Any: ...


def plain_weights(model: _Module) -> dict[str, NDArray[np.float32]]:
    """Return the model's weights with every parametrization (spectral norm) computed into its plain weight.

    Args:
        model: A `torch.nn.Module`.

    Returns:
        Name to array, as the same model without parametrizations names them.
    """
    was_training = model.training
    model.eval()  # in training mode reading a weight would run a power iteration
    try:
        tensors = {k: v for k, v in model.state_dict().items() if ".parametrizations." not in k}
        for name, module in model.named_modules():
            for weight in getattr(module, "parametrizations", ()):
                tensors[f"{name}.{weight}" if name else weight] = getattr(module, weight)
        return {name: value.detach().float().cpu().numpy() for name, value in tensors.items()}
    finally:
        model.train(was_training)


def check_target(folder: Path) -> None:
    """Refuse a place where no bundle may be written: before hours of training, before anything is lost.

    Raises:
        BundleError: The name is none for a bundle, what is there is neither a bundle nor an empty folder, or
            nothing can be written there.
    """
    if not valid_name(folder.name):
        raise BundleError(f"A bundle cannot be called {folder.name!r}.", "Use letters, digits, dot, dash.")
    damaged_or_whole = any((folder / name).is_file() for name in (WEIGHTS, CONFIG))
    if folder.exists() and not damaged_or_whole and (folder.is_file() or any(folder.iterdir())):
        raise BundleError(f"{folder} exists and is not a model bundle.", "Name another folder.")
    try:
        check_folder_writable(folder.parent)
    except OSError as error:
        raise BundleError(
            f"Cannot write into {folder.parent}: {error.strerror}.", "Name another folder."
        ) from None


def _check_weights(weights: Mapping[str, np.ndarray[Any, Any]], half: bool) -> None:
    for name, value in weights.items():
        if not np.isfinite(value).all():
            raise BundleError(f"Weight {name} is not finite.", "Export an earlier checkpoint.")
        if half and np.abs(value).max(initial=0) > np.finfo(np.float16).max:
            raise BundleError(f"Weight {name} is too large for half precision.", "Export with half=False.")


def _check_texts(*texts: object) -> None:
    """Refuse what UTF-8 cannot encode: YAML would write it escaped, and no reader takes it."""
    try:
        json.dumps(texts, ensure_ascii=False, default=str, skipkeys=True).encode("utf-8")
    except UnicodeEncodeError:
        raise BundleError(
            "The title, the training's summary or the card holds text that UTF-8 cannot encode.",
            "Write it without lone surrogates.",
        ) from None


def save_bundle(
    folder: str | os.PathLike[str],
    model: _Module,
    vocabulary: Vocabulary,
    *,
    title: str,
    training: Mapping[str, Any] | None = None,
    card: str | None = None,
    half: bool = True,
) -> BundleInfo:
    """Write a bundle, all or nothing; a bundle already there is replaced.

    Args:
        folder: The bundle's folder; its name is the bundle's name.
        model: The `nigdt.model.NIGDT` with the weights to ship (averaged ones, usually).
        vocabulary: The one it was trained with.
        title: One line for people.
        training: Summary of the training: plain values that YAML can hold.
        card: Text of README.md; None writes a short one from title and summary.
        half: Store half-precision weights, which the loader widens again.

    Raises:
        BundleError: A weight is not finite or too large for half precision, a text cannot be encoded in
            UTF-8, the disk refuses, or something else is there (`check_target`).
    """
    from safetensors.numpy import save

    folder = Path(folder)
    check_target(folder)
    weights = plain_weights(model)
    _check_weights(weights, half)
    description = {
        "format": FORMAT,
        "version": VERSION,
        "title": title,
        "parameters": sum(value.size for value in weights.values()),
        "architecture": model.config.with_changes(spectral_norm=False).to_dict(),
        "training": dict(training or {}),
    }
    text = yaml.safe_dump(description, sort_keys=False, allow_unicode=True)
    if card is None:
        card = f"# {title}\n\n```yaml\n{yaml.safe_dump(description['training'], sort_keys=False)}```\n"
    _check_texts(description, card)
    try:
        with replaced(folder) as new:
            kind = np.float16 if half else np.float32
            stored = {name: np.ascontiguousarray(value, kind) for name, value in weights.items()}
            # Files that safetensors writes itself only their owner may read, and its errors are its own.
            (new / WEIGHTS).write_bytes(save(stored))
            (new / CONFIG).write_text(text, encoding="utf-8")
            vocabulary.save(new / VOCABULARY)
            (new / CARD).write_text(card, encoding="utf-8")
            write_sums(new)
            check_sizes(new)
    except OSError as error:
        raise BundleError(f"Cannot write bundle {folder}: {error.strerror or error}.") from None
    return read_bundle(folder)


def take_over_recolouring(source: BundleInfo, folder: Path) -> None:
    """Give a bundle the recolouring network of another, which also finds objects, if that has one.

    Raises:
        BundleError: The disk refuses.
    """
    if not source.recolours:
        return
    try:
        for name in (RECOLOUR_WEIGHTS, RECOLOUR_CONFIG):
            shutil.copyfile(source.folder / name, folder / name)
        write_sums(folder)
    except OSError as error:
        raise BundleError(f"Cannot write into bundle {folder}: {error.strerror or error}.") from None


def write_sums(folder: Path) -> None:
    """Write SHA256SUMS for the other files of a bundle."""
    lines = [f"{file_digest(folder / name)}  {name}\n" for name in files_of(folder) if name != SUMS]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")


def _check_links(source: Path) -> None:
    """Refuse links out of a bundle, whose copy would hold another file of the user's.

    The Hugging Face Hub's cache has links of its own, from `snapshots/REVISION` to `blobs`.

    Raises:
        BundleError: A file is such a link.
    """
    folder = source.resolve()
    allowed = {folder}
    if folder.parent.name == "snapshots":
        allowed.add(folder.parents[1] / "blobs")
    for file in files_of(source):
        if (source / file).resolve().parent not in allowed:
            raise BundleError(
                f"{file} in {source} is a link to a file elsewhere.", "Put the file itself in its place."
            )


def check_new_name(name: str, *, replace: bool = False) -> Path:
    """Return where a user's bundle of that name will lie, before anything is done for it.

    Args:
        name: What to call it.
        replace: Whether one of that name may be replaced.

    Raises:
        BundleError: The name is taken or not allowed, or nothing can be written there.
    """
    if not valid_name(name):
        raise BundleError(f"A bundle cannot be called {name!r}.", "Give a name: --name my-model.")
    target = user_bundles_folder() / name
    if target.exists() and not replace:
        raise BundleError(f"There is a bundle {name!r} already.", "Give another --name, or --replace it.")
    try:
        check_folder_writable(target.parent)
    except OSError as error:
        raise BundleError(f"Cannot install bundle {name}: {error.strerror or error}.") from None
    return target


def install_bundle(source: Path, name: str, *, replace: bool = False) -> BundleInfo:
    """Copy a verified bundle into the user's folder.

    Args:
        source: Folder of the bundle.
        name: What to call it.
        replace: Whether a user's bundle of that name may be replaced.

    Raises:
        BundleError: The bundle is broken, the name is taken or not allowed, or the disk refuses.
    """
    target = check_new_name(name, replace=replace)
    verify_bundle(source)
    _check_links(source)
    try:
        with replaced(target) as new:
            for file in files_of(source):
                shutil.copyfile(source / file, new / file)
            verify_bundle(new)  # as it lies on this disk
    except OSError as error:
        raise BundleError(f"Cannot install bundle {name}: {error.strerror or error}.") from None
    return read_bundle(target)


def remove_bundle(name: str) -> None:
    """Delete one of the user's bundles; where it is a link, what it leads to stays.

    Raises:
        BundleError: The name is not one of the user's, or the disk refuses.
    """
    folder = user_bundles_folder() / name
    if not valid_name(name) or not folder.is_dir():
        embedded = any(info.name == name and info.embedded for info in list_bundles())
        reason = "came with the program and stays" if embedded else "is not one of yours"
        raise BundleError(f"Bundle {name!r} {reason}.", "nigdt models lists what there is.")
    try:
        if folder.is_symlink():  # to where the user keeps it
            folder.unlink()
        else:
            shutil.rmtree(folder)
    except OSError as error:
        raise BundleError(f"Cannot remove bundle {name}: {error.strerror or error}.") from None
