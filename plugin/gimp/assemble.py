"""Put the plug-in together: its own files, the client's modules and pyzmq, in one folder for GIMP.

Nothing is installed into GIMP's Python. pyzmq comes as a wheel for the stable interface of CPython 3.12 and
later, which is enough to be unpacked; `wheel_arguments` says what to ask pip for. Standard library only,
Python >= 3.11, so that the installer can use it before there is any environment.

A newer GIMP copies the plug-ins of an older one into its own profile, but no deeper than `MAX_DEPTH` folders
below the plug-in's. Hence all packages lie side by side in the plug-in's folder.
"""

from __future__ import annotations

import ast
import hashlib
import json
import shutil
import struct
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree

NAME = "nigdt-fill"
SUMS = "SHA256SUMS"
"""The plug-in's file with the hashes of all others, as `sha256sum` writes it; `nigdt doctor` checks them."""
MAX_DEPTH = 3
PACKAGES = {"nigdt": ".", "nigdt_backend": "backend"}
"""NIGDT's packages that the plug-in may carry parts of, and where they lie in its sources."""
SHARED = ("Failures", "Notices")
"""Contexts of the panel's translations that hold what the plug-in says too."""
HERE = Path(__file__).resolve().parent

PLATFORMS = {
    ("linux", "x86_64"): ("manylinux_2_28_x86_64", "manylinux_2_26_x86_64", "manylinux2014_x86_64"),
    ("linux", "aarch64"): ("manylinux_2_28_aarch64", "manylinux_2_26_aarch64", "manylinux2014_aarch64"),
    ("win32", "AMD64"): ("win_amd64",),
    ("win32", "ARM64"): ("win_arm64",),
    ("darwin", "x86_64"): ("macosx_10_15_universal2", "macosx_11_0_universal2"),
    ("darwin", "arm64"): ("macosx_10_15_universal2", "macosx_11_0_universal2"),
}
"""Wheel tags for (sys.platform, platform.machine())."""


def wheel_arguments(platform: str, machine: str, folder: Path) -> list[str]:
    """Return the arguments for `python -m pip` that fetch the right wheel of pyzmq into `folder`.

    Args:
        platform: As `sys.platform` says.
        machine: As `platform.machine()` says.
        folder: Where the wheel goes.

    Raises:
        KeyError: There is no wheel for such a machine.
    """
    tags = [part for tag in PLATFORMS[platform, machine] for part in ("--platform", tag)]
    return [
        *(
            "download",
            "--no-deps",
            "--only-binary=:all:",
            "--implementation",
            "cp",
            "--python-version",
            "3.12",
        ),
        *("--abi", "abi3", *tags, "--dest", str(folder), "pyzmq>=27"),
    ]


def contents(wheel: Path | None, sources: Path = HERE.parent.parent) -> dict[str, bytes]:
    """Return the plug-in's files, except those of one installation alone: path with slashes -> content.

    Args:
        wheel: pyzmq's wheel; without it, all but pyzmq.
        sources: Root of NIGDT's sources.

    Raises:
        ValueError: `wheel` is not a wheel of pyzmq.
        OSError: Something cannot be read.
    """
    own = sources / "plugin" / "gimp" / NAME
    files = {path.relative_to(own).as_posix(): path.read_bytes() for path in sorted(own.rglob("*.py"))}
    for catalogue in sorted((own / "locale").glob("*/LC_MESSAGES/*.po")):
        compiled = catalogue.relative_to(own).with_suffix(".mo").as_posix()
        words = panels_words(sources, language=catalogue.parent.parent.name)
        files[compiled] = compile_catalogue(catalogue.read_text(encoding="utf-8"), words)
    for path, module in _client(sources).items():
        files[path] = module.read_bytes()
    for path, part in _manual(sources).items():
        files[path] = part.read_bytes()
    return files if wheel is None else files | _unpacked(wheel)


def differences(target: Path, wheel: Path | None, sources: Path = HERE.parent.parent) -> list[str]:
    """Return the paths of the files in which a ready plug-in at `target` is not what would be written now."""
    return [
        path
        for path, content in contents(wheel, sources).items()
        if not (target / path).is_file() or (target / path).read_bytes() != content
    ]


def assemble(
    target: Path,
    wheel: Path,
    sources: Path = HERE.parent.parent,
    *,
    python: Path | None = None,
    state: Path | None = None,
    foreign: Callable[[Path], Iterable[Path]] = lambda _older: (),
) -> None:
    """Write the ready plug-in to `target`, replacing an older one in one go.

    Args:
        target: The plug-in's folder; GIMP runs it only when its name is `nigdt-fill`.
        wheel: pyzmq's wheel.
        sources: Root of NIGDT's sources.
        python: The Python that has NIGDT, noted so that the plug-in can start service and panel.
        state: The service's state folder, noted where GIMP's environment would name another (Flatpak, Snap).
        foreign: Tells which files and empty folders in an older one are not NIGDT's. They stay; one whose
            name the plug-in needs itself gets `.yours` behind it.

    Raises:
        ValueError: `wheel` is not a wheel of pyzmq, or `target` has the wrong name.
        OSError: Something cannot be read or written; an older plug-in is then still whole.
    """
    if target.name != NAME:
        raise ValueError(f"GIMP looks for the plug-in in a folder named {NAME}, not {target.name}.")
    files = contents(wheel, sources)
    note = {"python": str(python) if python else None, "state": str(state) if state else None}
    files["install.json"] = (json.dumps(note, indent=1) + "\n").encode()
    sums = [f"{hashlib.sha256(content).hexdigest()}  {path}\n" for path, content in sorted(files.items())]
    files[SUMS] = "".join(sums).encode()
    target.parent.mkdir(parents=True, exist_ok=True)
    for left in target.parent.glob(f".{NAME}-*"):  # by one that was killed
        if (left / "old").is_dir() and not target.exists():
            (left / "old").rename(target)
        shutil.rmtree(left, ignore_errors=True)
    making = Path(tempfile.mkdtemp(prefix=f".{NAME}-", dir=target.parent))
    try:
        made = making / NAME
        for path, content in files.items():
            (made / path).parent.mkdir(parents=True, exist_ok=True)
            (made / path).write_bytes(content)
        (made / f"{NAME}.py").chmod(0o755)
        if target.exists():
            for path in foreign(target):
                _keep(path, made / path.relative_to(target))
            target.rename(making / "old")
        made.rename(target)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _keep(path: Path, place: Path) -> None:
    """Copy a file, link or empty folder of somebody else's to its place in the new plug-in."""
    while place.exists():
        place = place.with_name(f"{place.name}.yours")
    place.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir() and not path.is_symlink():
        place.mkdir()
    else:
        shutil.copy2(path, place, follow_symlinks=False)


def _client(sources: Path) -> dict[str, Path]:
    """Return the client and whatever else of NIGDT runs in GIMP: path in the plug-in -> file."""
    own = sources / "plugin" / "gimp" / NAME
    wanted = ["nigdt_backend.client", *(name for file in own.rglob("*.py") for name in _imports(file))]
    found: dict[str, Path] = {}
    while wanted:
        parts = wanted.pop().split(".")
        home = PACKAGES.get(parts[0])
        if home is None:
            continue
        for length in range(1, len(parts) + 1):
            stem = "/".join(parts[:length])
            for path in (f"{stem}/__init__.py", f"{stem}.py"):
                file = sources / home / path
                if path not in found and file.is_file():
                    found[path] = file
                    wanted.extend(_imports(file))
    return found


def _manual(sources: Path) -> dict[str, Path]:
    """Return the manual with its pictures, where the sources have it: path in the plug-in -> file."""
    text = sources / "docs" / "gimp.md"
    parts = [text, *sorted((text.parent / "pictures").glob("gimp-*.png"))] if text.is_file() else []
    return {f"manual/{part.relative_to(text.parent).as_posix()}": part for part in parts}


def _imports(source: Path) -> Iterator[str]:
    """List what a module imports when it runs, each name once with its module and once without."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
    for branch in ast.walk(tree):
        if isinstance(branch, ast.If) and ast.unparse(branch.test) == "TYPE_CHECKING":
            branch.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{name.name}" for name in node.names)


def _unpacked(wheel: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(wheel) as archive:
            files = {
                name: archive.read(name)
                for name in archive.namelist()
                if not name.endswith("/") and not name.startswith("zmq/tests/")
            }
    except zipfile.BadZipFile:
        raise ValueError(f"{wheel.name} is not a whole wheel.") from None
    if "zmq/__init__.py" not in files:
        raise ValueError(f"{wheel.name} is not a wheel of pyzmq.")
    deep = [name for name in files if name.count("/") > MAX_DEPTH]
    if deep:
        raise ValueError(f"{deep[0]} lies too deep for GIMP to copy it.")
    return files


def panels_words(sources: Path, language: str) -> dict[str, str]:
    """Return the panel's translations of what both say, so that both say it alike: English -> translated.

    Args:
        sources: Root of NIGDT's sources.
        language: Its code, such as "de"; one that the panel does not speak has none.
    """
    texts = sources / "plugin" / "nigdt_plugin" / "assets" / "i18n" / f"nigdt_{language}.ts"
    if not texts.is_file():
        return {}
    parsed = ElementTree.parse(texts)  # noqa: S314 - a file of these sources
    return {
        message.findtext("source", ""): message.findtext("translation", "")
        for context in parsed.iter("context")
        if context.findtext("name") in SHARED
        for message in context.iter("message")
    }


def compile_catalogue(text: str, shared: Mapping[str, str] | None = None) -> bytes:
    """Return the compiled form (`.mo`) of a catalogue of translations (`.po`).

    Entries that are marked fuzzy or not yet translated are left out, so that English is shown for them.

    Args:
        text: The catalogue.
        shared: Further entries, from `panels_words`.
    """
    entries = {original: translated for original, translated in (shared or {}).items() if translated}
    for block in text.split("\n\n"):
        if any(line.startswith("#,") and "fuzzy" in line for line in block.splitlines()):
            continue
        fields: dict[str, str] = {}
        key = ""
        for line in block.splitlines():
            if line.startswith("#") or not line.strip():
                continue
            if not line.startswith('"'):
                key, _, line = line.partition(" ")
            fields[key] = fields.get(key, "") + ast.literal_eval(line.strip())
        plurals = [value for name, value in sorted(fields.items()) if name.startswith("msgstr[")]
        if plurals and all(plurals):
            entries[f"{fields['msgid']}\0{fields['msgid_plural']}"] = "\0".join(plurals)
        elif fields.get("msgstr"):
            entries[fields["msgid"]] = fields["msgstr"]
    pairs = sorted((original.encode(), translated.encode()) for original, translated in entries.items())
    return _pack_catalogue(pairs)


def _pack_catalogue(pairs: list[tuple[bytes, bytes]]) -> bytes:
    """Lay out a `.mo` file (GNU gettext manual, 10.3): header, two tables of (length, offset), the texts."""
    header = struct.Struct("<7I")
    tables = 8 * len(pairs)
    offset = header.size + 2 * tables
    index: list[bytes] = []
    texts = b""
    for column in (0, 1):
        for pair in pairs:
            index.append(struct.pack("<2I", len(pair[column]), offset + len(texts)))
            texts += pair[column] + b"\0"
    head = header.pack(
        0x950412DE, 0, len(pairs), header.size, header.size + tables, 0, header.size + 2 * tables
    )
    return head + b"".join(index) + texts
