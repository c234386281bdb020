"""Settings files: read YAML, hold values to a dataclass's types and ranges, and name whatever is wrong.

A range stands in the field that it limits, as `Annotated[int, Meta(ge=1)]`; msgspec does the checking. Model,
trainer and daemon refuse wrong values (`build`); the panel takes the default instead (`build_leniently`).
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec
import yaml
from msgspec import Meta
from msgspec import inspect as kinds

from nigdt.errors import NigdtError

__all__ = [
    "Count",
    "Fraction",
    "Meta",
    "Probability",
    "SettingsError",
    "Weight",
    "build",
    "build_leniently",
    "check",
    "check_yaml",
    "describe",
    "parse",
    "read",
]

T = TypeVar("T")

Count = Annotated[int, Meta(ge=1)]
Weight = Annotated[float, Meta(ge=0)]
Probability = Annotated[float, Meta(ge=0, le=1)]
Fraction = Annotated[float, Meta(ge=0, lt=1)]


class SettingsError(NigdtError):
    """A settings file cannot be read, or a key or value in it is wrong."""


_MOST_BYTES = 2**16
_DEPTH = 32
_BRACKETS = 100
_NODES = 100_000
_EVENTS = 4_000  # the parser takes milliseconds over ten of them


def check_yaml(text: str) -> None:
    """Refuse YAML that is deep, long, or that would grow without bounds when its aliases are followed.

    Raises:
        ValueError: It is too deep or too large.
        yaml.YAMLError: It is no YAML.
    """
    depth = deepest = 0
    for bracket in re.findall(r"[][{}]", text):  # the parser takes quadratic time over them
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    if deepest > _BRACKETS:
        raise ValueError("too deep")
    sizes: dict[str, int] = {}
    open_nodes: list[tuple[str | None, int]] = []  # anchor and size so far
    for number, event in enumerate(yaml.parse(text, yaml.SafeLoader)):
        if number > _EVENTS:
            raise ValueError("too deep, or too large")
        size = 0
        if isinstance(event, yaml.CollectionStartEvent):
            open_nodes.append((event.anchor, 1))
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, size = open_nodes.pop()
            if anchor is not None:
                sizes[anchor] = size
        elif isinstance(event, yaml.AliasEvent):
            size = sizes.get(str(event.anchor), _NODES + 1)  # of a node that is still open: without end
        elif isinstance(event, yaml.ScalarEvent):
            size = 1
            if event.anchor is not None:
                sizes[event.anchor] = 1
        if size and open_nodes:
            anchor, before = open_nodes[-1]
            open_nodes[-1] = anchor, before + size
        if len(open_nodes) > _DEPTH or size > _NODES or (open_nodes and open_nodes[-1][1] > _NODES):
            raise ValueError("too deep, or too large")


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader that also reads 3e-4 as a number, as YAML 1.2 does, and refuses double keys."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        names = [key.value for key, _ in node.value]
        twice = next((key for i, (key, _) in enumerate(node.value) if key.value in names[:i]), None)
        if twice is not None:
            raise yaml.constructor.ConstructorError(
                None, None, f"`{twice.value}` occurs more than once", twice.start_mark
            )
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
)


def parse(text: str, source: str) -> Any:
    """Read one YAML document.

    Args:
        text: The YAML.
        source: What errors call it, such as a file's path.

    Raises:
        SettingsError: It is not valid YAML, or a key occurs twice; the message tells the line.
    """
    try:
        check_yaml(text)
        return yaml.load(text, _Loader)  # noqa: S506 (derived from the safe loader)
    except (ValueError, OverflowError, RecursionError, TypeError) as error:
        reason = "too deep" if isinstance(error, RecursionError) else "a value cannot be read"
        raise SettingsError(f"{source}: not valid YAML: {reason}.") from None
    except yaml.YAMLError as error:
        mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        raise SettingsError(f"{source}{line}: not valid YAML: {problem or 'it cannot be parsed'}.") from None


def read(path: Path) -> dict[str, Any]:
    """Read a YAML file of settings; an empty one has none.

    Raises:
        SettingsError: It cannot be read, or is no mapping of keys to values.
    """
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for
            raise SettingsError(f"The settings file {path} is not a regular file.")
        if path.stat().st_size > _MOST_BYTES:
            raise SettingsError(f"The settings {path} are too large to be settings.")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise SettingsError(f"The settings {path} cannot be read: {reason}.") from None
    values = parse(text, str(path))
    if values is not None and not isinstance(values, dict):
        raise SettingsError(f"{path}: settings must be lines of `key: value`.")
    return values or {}


def build(cls: type[T], values: object, source: str, prefix: str = "") -> T:
    """Make a dataclass from plain values, as YAML and JSON hold them.

    Args:
        cls: The dataclass; its fields may be dataclasses, or lists of them.
        values: A mapping of keys to values.
        source: What errors call it, such as a file's path.
        prefix: What errors put before a key.

    Raises:
        SettingsError: A key is unknown or missing, or a value has the wrong type or is out of range. The
            message names source, key and value, and tells what is allowed.
    """
    if not isinstance(values, Mapping):
        where = f"`{prefix.rstrip('.')}`" if prefix else "settings"
        raise SettingsError(f"{source}: {where} must be lines of `key: value`.")
    hints = _hints(cls)
    for key in values:
        if key not in hints:
            near = difflib.get_close_matches(str(key), hints, n=1)
            hint = f"Did you mean `{prefix}{near[0]}`?" if near else f"Keys: {', '.join(hints)}."
            raise SettingsError(f"{source}: unknown key `{prefix}{key}`.", hint)
    clean = {key: _convert(hints[key], value, source, f"{prefix}{key}") for key, value in values.items()}
    for field in fields(cls):  # type: ignore[arg-type]
        if field.name not in clean and field.default is MISSING and field.default_factory is MISSING:
            raise SettingsError(f"{source}: `{prefix}{field.name}` is missing.")
    return cls(**clean)


def build_leniently(cls: type[T], values: object) -> T:
    """Make a dataclass from plain values, whatever is in them.

    Numbers out of range become the nearest allowed one; what is missing or wrong otherwise, the default.
    """
    clean = {}
    for key, hint in _hints(cls).items():
        if isinstance(values, Mapping) and key in values:
            try:
                clean[key] = _convert(hint, _within(hint, values[key]), "", key)
            except SettingsError:
                continue
    return cls(**clean)


def _within(hint: Any, value: Any) -> Any:
    """Bring a number into its field's range; return anything else as it is."""
    info = kinds.type_info(hint)
    info = info.type if isinstance(info, kinds.Metadata) else info
    if not isinstance(info, kinds.IntType | kinds.FloatType) or type(value) not in (int, float):
        return value
    if info.ge is not None and value < info.ge:
        return info.ge
    return info.le if info.le is not None and math.isfinite(value) and value > info.le else value


def check(instance: Any, source: str) -> None:
    """Hold a dataclass that code has made to the types and ranges of its own fields.

    Raises:
        SettingsError: As `build`.
    """
    for key, hint in _hints(type(instance)).items():
        if not is_dataclass(getattr(instance, key)):
            _convert(hint, getattr(instance, key), source, key)


def describe(hint: Any) -> str:
    """Say in words what a field's type allows, such as "a whole number from 1 up"."""
    return _describe(kinds.type_info(hint))


def _describe(info: Any) -> str:
    if isinstance(info, kinds.Metadata):
        extra = (info.extra_json_schema or {}).get("description")
        if extra:
            return str(extra)
        info = info.type
    if isinstance(info, kinds.UnionType):
        return " or ".join(_describe(one) for one in info.types if not isinstance(one, kinds.NoneType))
    if isinstance(info, kinds.BoolType):
        return "true or false"
    if isinstance(info, kinds.StrType):
        return "text"
    if isinstance(info, kinds.LiteralType):
        return " or ".join(str(value) for value in info.values)
    if isinstance(info, kinds.IntType | kinds.FloatType):
        return _describe_number(info)
    if isinstance(info, kinds.VarTupleType | kinds.ListType):
        exact = info.min_length and info.min_length == info.max_length
        count = f"{info.min_length} values" if exact else "values"
        return f"a list of {count}, each {_describe(info.item_type)}"
    return "a mapping"


def _describe_number(info: kinds.IntType | kinds.FloatType) -> str:
    text = "a whole number" if isinstance(info, kinds.IntType) else "a number"
    if info.multiple_of:
        text = f"a multiple of {info.multiple_of:g}"
    if info.gt is not None:
        text += f" above {info.gt:g}"
    if info.ge is not None:
        text += f" from {info.ge:g}"
    if info.le is not None:
        text += f" to {info.le:g}"
    elif info.lt is not None:
        text += f" to below {info.lt:g}"
    elif info.ge is not None:
        text += " up"
    return text


def _convert(hint: Any, value: Any, source: str, key: str) -> Any:
    if is_dataclass(hint) and isinstance(hint, type):
        return build(hint, value, source, f"{key}.")
    entry = get_args(hint)[0] if get_origin(hint) is list else None
    if isinstance(value, list) and is_dataclass(entry) and isinstance(entry, type):
        return [build(entry, one, source, f"{key}[{i}].") for i, one in enumerate(value)]
    if get_origin(hint) is dict and isinstance(value, dict):
        return {
            name: _convert(get_args(hint)[1], one, source, f"{key}.{name}") for name, one in value.items()
        }
    try:
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError
        return msgspec.convert(value, hint)
    except (msgspec.ValidationError, ValueError):
        raise SettingsError(f"{source}: `{key}` must be {describe(hint)}, not {_shown(value)}.") from None


def _shown(value: Any) -> str:
    """Return a value as a message quotes it."""
    try:
        return repr(value)[:200]
    except (ValueError, RecursionError):  # a whole number of thousands of digits
        return "what is there"


def _hints(cls: type) -> dict[str, Any]:
    hints = get_type_hints(cls, include_extras=True)
    return {field.name: hints[field.name] for field in fields(cls)}
