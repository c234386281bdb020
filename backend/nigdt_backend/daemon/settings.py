"""Settings of the daemon: one YAML file, validated key by key."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from nigdt_backend.connection import is_address
from nigdt_backend.protocol import LIMITS


class SettingsError(Exception):
    """A settings file cannot be used. The message names the key."""


def _setting(
    default: Any,
    doc: str,
    *,
    low: float | None = None,
    high: float | None = None,
    pattern: str = "",
    fits: Callable[[str], object] | None = None,
) -> Any:
    fits = fits or re.compile(pattern).fullmatch
    return field(default=default, metadata={"doc": doc, "low": low, "high": high, "fits": fits})


@dataclass(frozen=True)
class Settings:
    """Every setting with its default. A test holds `docs/settings.md` to this class."""

    device: str = _setting(
        "auto",
        "Where the model runs: auto (CUDA, else Apple MPS, else CPU), cpu, cuda, cuda:N or mps.",
        pattern=r"auto|cpu|mps|cuda(:\d+)?",
    )
    precision: str = _setting(
        "auto",
        "Number format of the model: float32, bfloat16 (pictures differ by up to 5 grey levels), or auto "
        "(bfloat16 on CUDA devices that support it, else float32).",
        pattern="auto|float32|bfloat16",
    )
    threads: int = _setting(
        0,
        "CPU threads of the model; 0 = one for models that work below 192 px, because more do not make them "
        "faster, else one per core. Never more than there are cores.",
        low=0,
        high=1024,
    )
    preload: str = _setting(
        "default",
        "Bundle to load at startup; empty = load on first use.",
        pattern=r"|[A-Za-z0-9][A-Za-z0-9._-]{0,63}",
    )
    idle_unload_seconds: float = _setting(
        900.0, "Unload models after this time without a job; 0 = never.", low=0, high=1e7
    )
    idle_exit_seconds: float = _setting(
        3600.0,
        "Exit after this time without a job, if a client started the daemon; 0 = never.",
        low=0,
        high=1e7,
    )
    stop_grace_seconds: float = _setting(
        10.0, "When stopped, wait this long for the running batch before abandoning it.", low=0, high=600
    )
    watchdog_seconds: float = _setting(
        120.0,
        "A batch that takes longer is considered hung, and the daemon restarts itself.",
        low=1,
        high=86_400,
    )
    batch_window_ms: float = _setting(
        3.0, "Wait this long for jobs of other clients that could share a batch.", low=0, high=1000
    )
    batch_variants: int = _setting(
        0,
        "Largest number of variants computed in one pass; 0 = 1 on the CPU, so that equal requests get equal "
        "bytes, and 8 elsewhere. Larger passes give more fills per second.",
        low=0,
        high=256,
    )
    model_memory_mib: int = _setting(
        4096,
        "Memory for loaded models and, on CUDA, their recorded graphs. The least recently used models are "
        "unloaded when it is exceeded.",
        low=16,
        high=1 << 24,
    )
    context_cache_mib: int = _setting(
        256, "Memory for image encodings, which are kept for further captions.", low=0, high=1 << 24
    )
    queue_jobs: int = _setting(
        LIMITS.queue_jobs,
        "Largest number of waiting jobs; further ones are refused as busy.",
        low=1,
        high=LIMITS.queue_jobs,
    )
    listen: str = _setting(
        "",
        "Address for clients on other machines, as tcp://ADDRESS:PORT; empty = only this machine. "
        "Only keys added with `nigdt keys add` may connect.",
        fits=lambda value: not value or is_address(value),
    )
    log_level: str = _setting("info", "debug, info, warning or error.", pattern="debug|info|warning|error")

    @classmethod
    def from_mapping(cls, values: object, source: str) -> Settings:
        """Validate plain values, as YAML gives them.

        Raises:
            SettingsError: a key is unknown, of the wrong type or out of range; the message names it.
        """
        if values is None:
            return cls()
        if not isinstance(values, dict):
            raise SettingsError(f"{source}: settings must be lines of `key: value`.")
        known = {item.name: item for item in fields(cls)}
        for key, value in values.items():
            if key not in known:
                near = difflib.get_close_matches(str(key), known, n=1)
                guess = f" Did you mean `{near[0]}`?" if near else ""
                raise SettingsError(f"{source}: unknown key `{key}`.{guess}")
            meta = known[key].metadata
            default = known[key].default
            values[key] = _check(source, key, value, default, meta)
        return cls(**values)

    @classmethod
    def read(cls, path: Path) -> Settings:
        """Read a YAML file; a missing one means all defaults.

        Raises:
            SettingsError: it cannot be read or breaks the schema.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return cls()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path}: cannot be read ({error}).") from None
        try:
            values, node = yaml.safe_load(text), yaml.compose(text, yaml.SafeLoader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f" line {mark.line + 1}" if mark is not None else ""
            raise SettingsError(f"{path}{where}: not valid YAML.") from None
        names = [str(key.value) for key, _ in node.value] if isinstance(node, yaml.MappingNode) else []
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise SettingsError(f"{path}: `{twice[0]}` occurs more than once.")
        return cls.from_mapping(values, str(path))


def _check(source: str, key: str, value: object, default: object, meta: Any) -> object:
    if isinstance(default, str):
        if not isinstance(value, str):
            raise SettingsError(f"{source}: `{key}` must be a text, not {value!r}.")
        if not meta["fits"](value):
            raise SettingsError(f"{source}: `{key}` cannot be {value!r}. {meta['doc']}")
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise SettingsError(f"{source}: `{key}` must be a number, not {value!r}.")
    if isinstance(default, int) and not isinstance(value, int):
        raise SettingsError(f"{source}: `{key}` must be a whole number, not {value!r}.")
    if not meta["low"] <= value <= meta["high"]:
        raise SettingsError(f"{source}: `{key}` is {value}; allowed are {meta['low']:g} to {meta['high']:g}.")
    return float(value) if isinstance(default, float) else value


def template() -> str:
    """Return a settings file with every key, its meaning and its default, all commented out."""
    lines = ["# Settings of the NIGDT daemon. Remove the # before a key to change it.", ""]
    for item in fields(Settings):
        default = yaml.safe_dump(item.default).splitlines()[0]
        lines += [f"# {item.metadata['doc']}", f"#{item.name}: {default}", ""]
    return "\n".join(lines)
