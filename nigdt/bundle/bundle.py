"""Model bundles: folders with weights, configuration, vocabulary and model card. Needs no torch.

A bundle holds five files::

    model.safetensors   weights of `nigdt.model.NIGDT` without spectral norm, in half or single precision
    model.yaml          format version, title, architecture (`ModelConfig`), summary of the training
    vocabulary.json     the words it knows
    README.md           model card
    SHA256SUMS          checksums of the others, as `sha256sum` writes them

and, if somebody drew it (`nigdt models picture`), `sample.png`, a fill by the bundle's own model; and,
if it can recolour, `recolour.safetensors` and `recolour.json` (`nigdt.bundle.recolour`); and, if it was
trained on somebody's own photos, what it keeps of these, `cutouts.safetensors` (`nigdt.bundle.cutouts`).

Nothing in it is executed or unpickled. Embedded bundles lie in `nigdt/bundles/<name>`, the user's in
`<user data>/bundles/<name>` (environment variable `NIGDT_DATA_DIR` replaces `<user data>`); a user's
bundle hides an embedded one of the same name. `default` means `DEFAULT_NAME` or else the first there is.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import platformdirs

from nigdt.bundle.exchange import recover
from nigdt.bundle.reading import check_sizes, parse_description, plain_values
from nigdt.config import ModelConfig
from nigdt.errors import BundleError, NigdtError, printable
from nigdt.files import is_folder
from nigdt.limits import NAME
from nigdt.text import Vocabulary

__all__ = [
    "CUT_OUTS",
    "DEFAULT_NAME",
    "FILES",
    "OPTIONAL",
    "PICTURE",
    "RECOLOUR_CONFIG",
    "RECOLOUR_WEIGHTS",
    "BundleInfo",
    "broken_bundles",
    "default_of",
    "find_bundle",
    "list_bundles",
    "read_bundle",
    "user_bundles_folder",
    "valid_name",
    "verify_bundle",
]

FORMAT = "nigdt-bundle"
VERSION = 1
DEFAULT_NAME = "nigdt-small"
WEIGHTS, CONFIG, VOCABULARY, CARD, SUMS = FILES = (
    "model.safetensors",
    "model.yaml",
    "vocabulary.json",
    "README.md",
    "SHA256SUMS",
)
PICTURE, RECOLOUR_WEIGHTS, RECOLOUR_CONFIG, CUT_OUTS = OPTIONAL = (
    "sample.png",
    "recolour.safetensors",
    "recolour.json",
    "cutouts.safetensors",
)
_EMBEDDED = Path(__file__).parents[1] / "bundles"
_TITLE_CHARS = 200
_MOST_PARAMETERS = 10**10


@dataclass(frozen=True)
class BundleInfo:
    """What is known of a bundle without loading its weights.

    Attributes:
        name: Name of its folder.
        folder: Where it lies.
        title: One line for people.
        config: Architecture.
        parameters: Number of weights.
        bytes: Size of all its files together.
        embedded: Whether it came with the program.
        training: Summary of the training, plain values.
    """

    name: str
    folder: Path
    title: str
    config: ModelConfig
    parameters: int
    bytes: int
    embedded: bool
    training: Mapping[str, Any]

    @property
    def size_px(self) -> int:
        """Side in pixels of the square the model works at."""
        return self.config.size

    @property
    def digest(self) -> str:
        """Which files it consists of: 16 hexadecimal digits of the SHA-256 of its checksum file."""
        return hashlib.sha256((self.folder / SUMS).read_bytes()).hexdigest()[:16]

    @property
    def picture(self) -> Path | None:
        """A fill that its own model drew, None if nobody had it drawn."""
        path = self.folder / PICTURE
        return path if path.is_file() else None

    @property
    def recolours(self) -> bool:
        """Whether it has a recolouring network."""
        return (self.folder / RECOLOUR_WEIGHTS).is_file()

    def vocabulary(self) -> Vocabulary:
        """Return the words the model knows.

        Raises:
            BundleError: The file is missing or damaged.
        """
        try:
            return Vocabulary.load(self.folder / VOCABULARY)
        except NigdtError as error:
            raise BundleError(f"Bundle {self.name}: {error.message}", error.hint) from None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {
            "name": self.name,
            "folder": str(self.folder),
            "title": self.title,
            "size_px": self.size_px,
            "parameters": self.parameters,
            "bytes": self.bytes,
            "embedded": self.embedded,
            "training": dict(self.training),
        }


def user_bundles_folder() -> Path:
    """Return where the user's own bundles lie; it need not exist."""
    base = os.environ.get("NIGDT_DATA_DIR") or platformdirs.user_data_dir("nigdt", appauthor=False)
    return Path(base) / "bundles"


def valid_name(name: str) -> bool:
    """Return whether a bundle may be called so: letters, digits, dot, dash, underscore; not "default"."""
    return bool(re.fullmatch(NAME, name)) and name != "default"


def files_of(folder: Path) -> tuple[str, ...]:
    """Return the names of a bundle's files: `FILES`, and those of `OPTIONAL` that it has."""
    return (*FILES, *(name for name in OPTIONAL if (folder / name).is_file()))


def read_bundle(folder: str | os.PathLike[str]) -> BundleInfo:
    """Read what a bundle says of itself; checksums are not verified.

    Raises:
        BundleError: The folder is no bundle, or of a version this program does not read.
    """
    folder = Path(folder)
    if not (folder / CONFIG).is_file():
        raise BundleError(f"{folder} is not a model bundle: it has no {CONFIG}.", "Name another folder.")
    for name in FILES:
        if not (folder / name).is_file():
            raise BundleError(
                f"Bundle {folder.name} is incomplete: {name} is missing.", "Get the bundle again."
            )
    total = check_sizes(folder)
    try:
        status = (folder / CONFIG).stat()
        data = _load_yaml(folder / CONFIG, status.st_ino, status.st_mtime_ns, status.st_size)
    except (OSError, ValueError) as error:
        raise BundleError(f"Bundle {folder.name}: {CONFIG} cannot be read ({error}).") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise BundleError(f"Bundle {folder.name}: {CONFIG} does not describe a {FORMAT}.")
    if data.get("version") != VERSION:
        raise BundleError(
            f"Bundle {folder.name} has format version {plain_values(data.get('version'))}; "
            f"this program reads {VERSION}.",
            "Update nigdt, or take a bundle made for this version.",
        )
    try:
        config = ModelConfig.from_dict(data["architecture"])
        title, parameters, training = data["title"], data["parameters"], data["training"] or {}
    except KeyError as error:
        raise BundleError(f"Bundle {folder.name}: {CONFIG} is incomplete ({error} is missing).") from None
    except NigdtError as error:
        raise BundleError(f"Bundle {folder.name}: {error.message}", error.hint) from None
    wrong = {
        "title": not isinstance(title, str),
        "parameters": type(parameters) is not int or not 0 <= parameters <= _MOST_PARAMETERS,
        "training": not isinstance(training, dict),
    }
    if any(wrong.values()):
        names = ", ".join(name for name, is_wrong in wrong.items() if is_wrong)
        raise BundleError(f"Bundle {folder.name}: {CONFIG} is wrong in {names}.", "Get the bundle again.")
    return BundleInfo(
        name=folder.resolve().name,
        folder=folder,
        title=printable(title)[:_TITLE_CHARS],
        config=config,
        parameters=parameters,
        bytes=total,
        embedded=folder.resolve().parent == _EMBEDDED.resolve(),
        training=plain_values(training),
    )


@lru_cache(maxsize=64)
def _load_yaml(path: Path, *_state: int) -> Any:
    """Return a file's content, parsed anew only when its state has changed: every fill looks at it."""
    return parse_description(path.read_text(encoding="utf-8"))


def verify_bundle(folder: str | os.PathLike[str]) -> BundleInfo:
    """Read a bundle and check every file against its checksum.

    Raises:
        BundleError: Something is missing, damaged or was changed.
    """
    info = read_bundle(folder)
    sums: dict[str, str] = {}
    for line in (info.folder / SUMS).read_text(encoding="utf-8", errors="replace").splitlines():
        digest, _, name = line.partition(" ")
        sums[name.lstrip(" *")] = digest.lower()
    for name in dict.fromkeys((*files_of(info.folder), *sorted(sums.keys() & set(OPTIONAL)))):
        if name == SUMS:
            continue
        if name not in sums:
            raise BundleError(f"Bundle {info.name}: {SUMS} does not list {name}.", "Get the bundle again.")
        if not (info.folder / name).is_file():
            raise BundleError(
                f"Bundle {info.name} is incomplete: {name} is missing.", "Get the bundle again."
            )
        if file_digest(info.folder / name) != sums[name]:
            raise BundleError(
                f"Bundle {info.name}: {name} is damaged or was changed (checksum differs).",
                "Get the bundle again.",
            )
    info.vocabulary()
    return info


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def list_bundles() -> list[BundleInfo]:
    """List readable bundles by name, the user's in place of embedded ones so called, no broken ones."""
    return _all_bundles()[0]


def broken_bundles() -> list[BundleError]:
    """Say what is wrong with the bundles that `list_bundles` leaves out."""
    return _all_bundles()[1]


def _all_bundles() -> tuple[list[BundleInfo], list[BundleError]]:
    found: dict[str, BundleInfo] = {}
    broken: list[BundleError] = []
    recover(user_bundles_folder())
    for parent in (_EMBEDDED, user_bundles_folder()):
        try:
            folders = sorted(entry for entry in parent.iterdir() if entry.is_dir() or entry.is_symlink())
        except OSError:
            continue
        for folder in folders:
            if not valid_name(folder.name):
                if parent != _EMBEDDED and not folder.name.startswith("."):
                    problem = f"Cannot use {folder}: no bundle can be called {printable(folder.name)!r}."
                    broken.append(BundleError(problem, "Rename it: letters, digits, dots, dashes."))
                continue
            try:
                found[folder.name] = read_bundle(folder)
            except BundleError as error:  # one broken folder must not hide the others
                broken.append(error)
    return [found[name] for name in sorted(found)], broken


def default_of(bundles: Sequence[BundleInfo]) -> BundleInfo:
    """Return which of the bundles that `list_bundles` gives the name "default" means.

    Raises:
        BundleError: There is none.
    """
    if not bundles:
        raise BundleError("No model bundle is installed.", "Add one: nigdt models add FOLDER.")
    embedded = [info for info in bundles if info.embedded]
    named = [info for info in bundles if info.name == DEFAULT_NAME]
    return (named or embedded or bundles)[0]


def find_bundle(name_or_folder: str | os.PathLike[str] = "default") -> BundleInfo:
    """Return the bundle of that name, or in that folder.

    Args:
        name_or_folder: "default", the name of an embedded or a user's bundle, or a folder's path.

    Raises:
        BundleError: There is none, or it cannot be read.
    """
    text = os.fspath(name_or_folder)
    if text != "default" and not valid_name(text) and is_folder(text):
        return read_bundle(text)
    bundles = {info.name: info for info in list_bundles()}
    if text == "default":
        return default_of(list(bundles.values()))
    if text in bundles:
        return bundles[text]
    if valid_name(text):
        for parent in (user_bundles_folder(), _EMBEDDED):
            if is_folder(parent / text):
                return read_bundle(parent / text)  # broken, and says how
    if is_folder(text):
        return read_bundle(text)
    known = ", ".join(bundles) or "none"
    raise BundleError(f"There is no model bundle {text!r}.", f"Installed: {known}.")
