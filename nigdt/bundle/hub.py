"""Bundles in the layout of the Hugging Face Hub: `save_pretrained` and `from_pretrained`.

Such a folder is a bundle still: beside a bundle's files it holds `config.json`, and its model card begins
with the metadata that the Hub reads. Folders need no further package; names on the Hub need huggingface_hub.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import yaml

from nigdt.bundle.bundle import CARD, FILES, OPTIONAL, BundleInfo, files_of, read_bundle, verify_bundle
from nigdt.bundle.writing import check_target, write_sums
from nigdt.errors import BundleError, NigdtError

__all__ = ["from_pretrained", "save_pretrained"]

HUB_CONFIG = "config.json"
_METADATA = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)


def save_pretrained(
    bundle: BundleInfo, folder: str | os.PathLike[str], license_id: str = "other"
) -> BundleInfo:
    """Copy a bundle into a folder that can be put on the Hub as it is.

    Args:
        bundle: The bundle; it is verified first.
        folder: A new or empty folder, or a bundle's, which is replaced file by file.
        license_id: The weights' licence, as the Hub abbreviates it.

    Raises:
        BundleError: The bundle is damaged, something else is in the folder, or the disk refuses.
    """
    bundle, folder = verify_bundle(bundle.folder), Path(folder)
    check_target(folder)
    metadata = {
        "library_name": "nigdt",
        "pipeline_tag": "image-to-image",
        "license": license_id,
        "language": "en",
        "tags": ["inpainting", "text-guided-inpainting", "image-editing", "nigdt"],
    }
    config = {"model_type": "nigdt", "architectures": ["NIGDT"], **bundle.config.to_dict()}
    text = (bundle.folder / CARD).read_text(encoding="utf-8")
    head = yaml.safe_dump(metadata, sort_keys=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in files_of(bundle.folder):
            shutil.copyfile(bundle.folder / name, folder / name)
        (folder / HUB_CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        (folder / CARD).write_text(f"---\n{head}---\n{_METADATA.sub('', text)}", encoding="utf-8")
        write_sums(folder)
    except OSError as error:
        raise BundleError(f"Cannot write bundle {folder}: {error.strerror or error}.") from None
    return read_bundle(folder)


def from_pretrained(name_or_folder: str | os.PathLike[str], revision: str | None = None) -> BundleInfo:
    """Return a verified bundle from a folder, or download one from the Hub.

    Args:
        name_or_folder: A folder, or a name on the Hub ("owner/name"). A folder that exists wins.
        revision: Branch, tag or commit on the Hub.

    Raises:
        BundleError: There is none, or it is damaged.
        NigdtError: The package huggingface_hub is missing.
    """
    folder = Path(name_or_folder)
    if not folder.is_dir():
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", str(name_or_folder)):
            raise BundleError(f"There is no folder {name_or_folder}.", "Give a folder, or owner/name.")
        folder = _download(str(name_or_folder), revision)
    return verify_bundle(folder)


def _download(name: str, revision: str | None) -> Path:
    try:
        import huggingface_hub
    except ImportError:
        raise NigdtError("The package huggingface_hub is missing.", "pip install 'nigdt[hub]'") from None
    wanted: dict[str, Any] = {"revision": revision, "allow_patterns": [*FILES, *OPTIONAL]}
    try:
        return Path(huggingface_hub.snapshot_download(name, **wanted))
    except (OSError, ValueError) as error:  # the Hub's errors derive from these
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise BundleError(f"{name} cannot be had from the Hub: {reason.rstrip('.')}.") from None
