"""A plan of ablations, read strictly from YAML: a wrong key or value is one clear line."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from nigdt.bundle.bundle import find_bundle, valid_name
from nigdt.errors import NigdtError
from nigdt_training.comparison.stage import MODELS
from nigdt_training.evaluation.baselines import BASELINES
from nigdt_training.evaluation.cases import HOLES, CaseSettings
from nigdt_training.settings import TrainSettings, load_settings, with_changes


@dataclass(frozen=True)
class Entry:
    """One training of the plan.

    Attributes:
        name: Its row in the table.
        settings: What it trains with.
        start_from: Checkpoint or bundle folder to begin with, or None.
        match_from: Match networks for its match loss; None trains them first where the loss is on.
        comparison: "picnet" or "csa"; None for the model itself.
        width: Channels of its first layers; None takes the paper's.
        judge: It is match networks alone, which judge the others' fills.
    """

    name: str
    settings: TrainSettings
    start_from: Path | None = None
    match_from: Path | None = None
    comparison: str | None = None
    width: int | None = None
    judge: bool = False

    @property
    def of_match(self) -> tuple[Any, ...]:
        """All that stage 1 depends on."""
        settings = self.settings
        return settings.data, settings.minimum_count, settings.seed, settings.match, self.start_from

    def identity(self) -> dict[str, Any]:
        """Plain values of everything that makes it the training it is."""
        return {
            "settings": self.settings.to_dict(),
            "from": None if self.start_from is None else str(self.start_from),
            "match_from": None if self.match_from is None else str(self.match_from),
            "comparison": self.comparison,
            "width": self.width,
            **({"judge": True} if self.judge else {}),
        }


@dataclass(frozen=True)
class Measurement:
    """One table of the plan: the same photos and holes for all its trainings.

    Attributes:
        name: Its folder's name.
        data: Captioned photos, relative to the data folder.
        cases: How photos and holes are drawn.
        samples: Answers per case.
        obedience: Swap colour words.
        judge: Match networks for R-precision, a judge of the plan by its name or a file; or None.
        compare: Systems besides those of the plan.
        features: FID and KID too.
        pictures: Rows of the sheets.
    """

    name: str
    data: Path
    cases: CaseSettings
    samples: int = 1
    obedience: bool = False
    judge: str | None = None
    compare: tuple[str, ...] = ()
    features: bool = False
    pictures: int = 8


@dataclass(frozen=True)
class Plan:
    """All trainings, in order, and what to measure them on."""

    name: str
    entries: tuple[Entry, ...]
    measurements: tuple[Measurement, ...] = field(default=())


_PLAN_KEYS = {"config", "from", "match_from", "steps", "set", "entries", "comparisons", "judges", "evaluate"}
_COMPARISON_KEYS = {"kind", "width", "set"}
_CASE_KEYS = {"mask", "size", "limit", "seed", "split", "held_out", "around_object"}


def _from(least: int, most: float = math.inf) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and least <= value <= most


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


# Measuring comes after days of training: what cannot be measured is told before.
_VALUES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "mask": (f"one of {', '.join(HOLES)}", lambda value: value in HOLES),
    "size": ("a whole number from 64 to 1024", _from(64, 1024)),
    "limit": ("a whole number from 1", _from(1)),
    "seed": ("a whole number from 0", _from(0)),
    "split": ("train, val or test", lambda value: value in ("train", "val", "test")),
    "held_out": ("above 0 and at most 1", lambda value: type(value) in (int, float) and 0 < value <= 1),
    "around_object": ("true or false", _is_flag),
    "samples": ("a whole number from 1", _from(1)),
    "pictures": ("a whole number from 1", _from(1)),
    "obedience": ("true or false", _is_flag),
    "features": ("true or false", _is_flag),
}
_MEASUREMENT_KEYS = {"data", "judge", "compare", *_VALUES}


def load_plan(path: Path) -> Plan:
    """Read a plan. Its files (config, from, match_from, judge) are relative to the current folder.

    Raises:
        NigdtError: It cannot be read, or a key, a value or a setting is wrong, or a file is missing.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise NigdtError(f"Cannot read the plan {path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise NigdtError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from error
    _check_keys(values, _PLAN_KEYS, "")
    if "config" not in values:
        raise NigdtError("plan: config names no settings file.")
    base = load_settings(Path(str(values["config"])))
    base = with_changes(base, _strings(values.get("set"), "set"))
    if "steps" in values:
        base = with_changes(base, [f"steps={values['steps']}"])
    start_from, match_from = (_existing(values.get(key), key) for key in ("from", "match_from"))
    entries = []
    for name, changes in _mapping(values.get("entries"), "entries").items():
        settings = with_changes(base, _strings(changes, f"entries.{name}"))
        settings.model_config  # noqa: B018 (a wrong change is told now, not hours later)
        entries.append(Entry(name, settings, start_from, match_from if settings.loss.match > 0 else None))
    for name, values_of in _mapping(values.get("comparisons"), "comparisons").items():
        entries.append(_comparison(name, values_of or {}, base))
    for name, changes in _mapping(values.get("judges"), "judges").items():
        settings = with_changes(base, _strings(changes, f"judges.{name}"))
        entries.append(Entry(name, settings, judge=True))
    _check_judges(entries)
    names = [entry.name for entry in entries]
    for name in names:
        if not valid_name(name) or names.count(name) > 1:
            raise NigdtError(f"plan: {name!r} cannot be a name.", "Letters, digits, dot, dash; each once.")
    if not entries:
        raise NigdtError("plan: there is nothing to train.", "Name entries or comparisons.")
    found = _mapping(values.get("evaluate"), "evaluate")
    judges = {entry.name for entry in entries if entry.judge}
    measurements = tuple(_measurement(name, found[name], judges) for name in found)
    return Plan(path.stem, tuple(entries), measurements)


def _check_judges(entries: Sequence[Entry]) -> None:
    """Refuse a judge that trained those that it judges."""
    for judge in (entry for entry in entries if entry.judge):
        for entry in entries:
            trained = not entry.judge and entry.comparison is None and entry.settings.loss.match > 0
            if trained and entry.of_match == judge.of_match:
                raise NigdtError(
                    f"plan: the judge {judge.name} would be the match networks that train {entry.name}.",
                    f"Change it: judges: {{{judge.name}: [seed={judge.settings.seed + 1}]}}",
                )


def _comparison(name: str, values: Any, base: TrainSettings) -> Entry:
    _check_keys(values, _COMPARISON_KEYS, f"comparisons.{name}.")
    kind, width = values.get("kind", name), values.get("width")
    if kind not in MODELS:
        raise NigdtError(f"plan: comparisons.{name} is no comparison system.", f"Kind: {' or '.join(MODELS)}")
    if width is not None and (type(width) is not int or width < 1):
        raise NigdtError(f"plan: comparisons.{name}.width cannot be {width!r}.")
    settings = with_changes(base, _strings(values.get("set"), f"comparisons.{name}.set"))
    return Entry(name, settings, comparison=kind, width=width)


def _measurement(name: str, values: Any, judges: Collection[str]) -> Measurement:
    where = f"evaluate.{name}."
    _check_keys(values, _MEASUREMENT_KEYS, where)
    if not re.fullmatch(r"[\w-]+", name):
        raise NigdtError(f"plan: {name!r} cannot be a folder's name.")
    if "data" not in values:
        raise NigdtError(f"plan: {where}data names no photos.")
    for key, (wanted, fits) in _VALUES.items():
        if key in values and not fits(values[key]):
            raise NigdtError(f"plan: {where}{key} must be {wanted}, not {values[key]!r}.")
    cases = CaseSettings(**{key: values[key] for key in _CASE_KEYS & values.keys()})
    compare = tuple(_strings(values.get("compare"), where + "compare"))
    for system in compare:
        _known_system(system, where + "compare")
    return Measurement(
        name=name,
        data=Path(str(values["data"])),
        cases=cases,
        samples=values.get("samples", 1),
        obedience=values.get("obedience", False),
        judge=_judge(values.get("judge"), where + "judge", judges),
        compare=compare,
        features=values.get("features", False),
        pictures=values.get("pictures", 8),
    )


def _judge(value: Any, where: str, judges: Collection[str]) -> str | None:
    if value is None or str(value) in judges:
        return value if value is None else str(value)
    if not Path(str(value)).is_file():
        known = f"Judges of the plan: {', '.join(judges)}." if judges else "Name a file, or one of judges:."
        raise NigdtError(f"plan: {where}: there is no {value}.", known)
    return str(value)


def _known_system(name: str, where: str) -> None:
    place = name.rpartition("=")[2]
    if place not in BASELINES and not Path(place).exists():
        try:
            find_bundle(place)
        except NigdtError:
            hint = f"a bundle, a run of nigdt train comparison, or {', '.join(BASELINES)}"
            raise NigdtError(f"plan: {where}: there is no {place}.", hint) from None


def _check_keys(values: Any, known: set[str], where: str) -> None:
    if not isinstance(values, dict):
        raise NigdtError(f"plan: {where.rstrip('.') or 'the file'} must be a mapping.")
    for key in values:
        if key not in known:
            raise NigdtError(f"plan: unknown key {where}{key}.", f"Keys: {', '.join(sorted(known))}.")


def _mapping(values: Any, where: str) -> dict[str, Any]:
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise NigdtError(f"plan: {where} must be a mapping of names.")
    return {str(name): value for name, value in values.items()}


def _strings(values: Any, where: str) -> list[str]:
    if values is None:
        return []
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise NigdtError(f"plan: {where} must be a list such as [loss.match=0].")
    return values


def _existing(value: Any, where: str) -> Path | None:
    if value is None:
        return None
    path = Path(str(value))
    if not path.exists():
        raise NigdtError(f"plan: {where}: there is no {path}.")
    return path
