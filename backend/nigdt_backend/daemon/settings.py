"""Settings of the daemon: one YAML file, checked key by key."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml

from nigdt import schema
from nigdt.limits import NAME
from nigdt.schema import Meta, SettingsError
from nigdt_backend.connection import is_address

__all__ = ["DaemonSettings", "SettingsError", "template"]

_BUNDLE = rf"^(|{NAME})$"
_DEVICES = "auto, cpu, cuda, cuda:N or mps"


def _setting(default: Any, doc: str) -> Any:
    return field(default=default, metadata={"doc": doc})


@dataclass(frozen=True)
class DaemonSettings:
    """Every setting with its default. A test holds `docs/settings.md` to this class."""

    device: Annotated[str, Meta(pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$", description=_DEVICES)] = _setting(
        "auto",
        "Where the model runs: auto (CUDA, else Apple MPS, else CPU), cpu, cuda, cuda:N or mps.",
    )
    precision: Literal["auto", "float32", "bfloat16"] = _setting(
        "auto",
        "Number format of the model: float32, bfloat16 (pictures differ by up to 1 grey level on average), "
        "or auto (bfloat16 on CUDA devices that support it, else float32).",
    )
    threads: Annotated[int, Meta(ge=0, le=1024)] = _setting(
        0,
        "CPU threads of the model; 0 = one for models that work below 192 px, because more do not make "
        "them faster, else one per core. Never more than there are cores.",
    )
    preload: Annotated[str, Meta(pattern=_BUNDLE, description="a bundle's name or empty")] = _setting(
        "default",
        "Bundle to load at startup; empty = load on first use.",
    )
    idle_exit_seconds: Annotated[float, Meta(ge=0, le=1e7)] = _setting(
        3600.0,
        "Exit after this time without a job, if a client started the daemon, and unload models after a "
        "quarter of it; 0 = never.",
    )
    watchdog_seconds: Annotated[float, Meta(ge=1, le=86_400)] = _setting(
        120.0,
        "After so long without a sign of life from a fill (a stage, a fill, a removal's step) it is "
        "considered hung. A removal is then ended; for the model the daemon restarts itself.",
    )
    batch_variants: Annotated[int, Meta(ge=0, le=256)] = _setting(
        0,
        "Largest number of variants computed in one pass; 0 = 1 on the CPU, so that equal requests get "
        "equal bytes, and 8 elsewhere. Larger passes give more fills per second.",
    )
    context_cache_mib: Annotated[int, Meta(ge=0, le=1 << 24)] = _setting(
        256,
        "Memory for image encodings, which are kept for further captions.",
    )
    listen: str = _setting(
        "",
        "Address for clients on other machines, as tcp://ADDRESS:PORT; empty = only this machine. Only "
        "keys added with `nigdt keys add` may connect.",
    )

    @property
    def idle_unload_seconds(self) -> float:
        """Seconds without a job after which models are unloaded; 0 is never."""
        return self.idle_exit_seconds / 4

    @classmethod
    def from_mapping(cls, values: object, source: str) -> DaemonSettings:
        """Validate plain values, as YAML gives them.

        Raises:
            SettingsError: a key is unknown, of the wrong type or out of range; the message names it.
        """
        if isinstance(values, dict):  # files of earlier versions may have it
            values = {key: value for key, value in values.items() if key != "idle_unload_seconds"}
        settings = schema.build(cls, {} if values is None else values, source)
        if settings.listen and not is_address(settings.listen):
            raise SettingsError(
                f"{source}: `listen` must be tcp://ADDRESS:PORT or empty, not {settings.listen!r}."
            )
        return settings

    @classmethod
    def read(cls, path: Path) -> DaemonSettings:
        """Read a YAML file; a missing one means all defaults.

        Raises:
            SettingsError: it cannot be read or breaks the schema.
        """
        return cls.from_mapping(schema.read(path) if path.exists() else None, str(path))


def template() -> str:
    """Return a settings file with every key, its meaning and its default, all commented out."""
    lines = ["# Settings of the NIGDT daemon. Remove the # before a key to change it.", ""]
    for item in fields(DaemonSettings):
        default = yaml.safe_dump(item.default).splitlines()[0]
        lines += [f"# {item.metadata['doc']}", f"#{item.name}: {default}", ""]
    return "\n".join(lines)
