"""A plan of ablations, read strictly from YAML: a wrong key or value is one clear line."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, Any

from nigdt import schema
from nigdt.bundle.bundle import find_bundle, valid_name
from nigdt.errors import NigdtError
from nigdt.schema import Count, Meta
from nigdt_training.comparison.stage import MODELS
from nigdt_training.evaluation.baselines import BASELINES
from nigdt_training.evaluation.cases import HOLES, CaseSettings
from nigdt_training.evaluation.measures import Measures
from nigdt_training.evaluation.session import EvaluationRequest
from nigdt_training.settings import TrainSettings, find_config, load_settings, with_changes


@dataclass(frozen=True)
class PlannedTraining:
    """One training of the plan.

    Attributes:
        name: Its row in the table.
        settings: What it trains with.
        start_from: Checkpoint or bundle folder to begin with, or None.
        match_from: Match networks for its match loss; None trains them first where the loss is on.
        comparison: "picnet" or "csa"; None for the model itself.
        width: Channels of its first layers; None takes the paper's.
        evaluator: It is match networks alone, which measure the others' fills by R-precision.
        repeated: Name of the entry that this is one seed's training of; None where the plan has one seed.
    """

    name: str
    settings: TrainSettings
    start_from: Path | None = None
    match_from: Path | None = None
    comparison: str | None = None
    width: int | None = None
    evaluator: bool = False
    repeated: str | None = None

    @property
    def needs_match(self) -> bool:
        """Whether match networks are trained for it, or as it."""
        return self.evaluator or (self.settings.loss.match > 0 and self.match_from is None)

    @property
    def of_match(self) -> tuple[Any, ...]:
        """All that stage 1 depends on."""
        settings = self.settings
        shape = (settings.squares, settings.seed, settings.loss.kind)
        return settings.data, shape, settings.match, self.start_from

    def identity(self) -> dict[str, Any]:
        """Return plain values of everything that makes it the training it is."""
        return {
            "settings": self.settings.to_dict(),
            "from": None if self.start_from is None else str(self.start_from),
            "match_from": None if self.match_from is None else str(self.match_from),
            "comparison": self.comparison,
            "width": self.width,
            **({"evaluator": True} if self.evaluator else {}),
        }


@dataclass(frozen=True)
class PlannedMeasurement:
    """One table of the plan: the same photos and holes for all its trainings.

    Attributes:
        name: Its folder's name.
        request: What to measure; its systems stand beside those of the plan, and its photos are relative to
            the data folder.
        evaluator: Match networks for R-precision, an evaluator of the plan by its name or a file; or None.
    """

    name: str
    request: EvaluationRequest
    evaluator: str | None = None


@dataclass(frozen=True)
class AblationPlan:
    """All trainings, in order, and what to measure them on."""

    name: str
    entries: tuple[PlannedTraining, ...]
    measurements: tuple[PlannedMeasurement, ...] = field(default=())


@dataclass(frozen=True)
class _ComparisonFile:
    """A comparison system as a plan's file names it."""

    kind: str = ""
    width: Count | None = None
    set: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class _MeasurementFile(CaseSettings):
    """A measurement as a plan's file names it; further fields as of `EvaluationRequest`."""

    data: str
    samples: Count = 1
    evaluator: str | None = None
    compare: list[str] = field(default_factory=list)
    measure: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _PlanFile:
    """A plan's file, key by key."""

    config: str
    start_from: str | None = None
    match_from: str | None = None
    steps: Count | None = None
    set: list[str] = field(default_factory=list)
    seeds: list[Annotated[int, Meta(ge=0)]] = field(default_factory=list)
    entries: dict[str, list[str]] = field(default_factory=dict)
    comparisons: dict[str, Any] = field(default_factory=dict)
    evaluators: dict[str, list[str]] = field(default_factory=dict)
    evaluate: dict[str, Any] = field(default_factory=dict)


def load_plan(name: str | Path, further: Iterable[str] = ()) -> AblationPlan:
    """Read a plan: a file, or one of `nigdt_training/configs/plans` by its name.

    Its files (config, start_from, match_from, evaluator, masks) are relative to the current folder. Measuring
    comes after days of training: what cannot be measured is told before.

    Args:
        name: File or name.
        further: Changes such as "steps=2" for all, beside the plan's `set`.

    Raises:
        NigdtError: It cannot be read, or a key, a value or a setting is wrong, or a file is missing.
    """
    path = find_config(name, "plans")
    source = str(path)
    file = schema.build(_PlanFile, schema.read(path), source)
    base = with_changes(load_settings(file.config), file.set, f"{source}: set")
    if file.steps is not None:
        base = replace(base, steps=file.steps)
    base = with_changes(base, further, "--set")
    start_from = _existing(file.start_from, f"{source}: start_from")
    match_from = _existing(file.match_from, f"{source}: match_from")
    entries = []
    for name, changes in file.entries.items():
        settings = with_changes(base, changes, f"{source}: entries.{name}")
        settings.model_config  # noqa: B018 (a wrong change is told now, not hours later)
        entries.append(
            PlannedTraining(name, settings, start_from, match_from if settings.loss.match > 0 else None)
        )
    for name, values in file.comparisons.items():
        entries.append(_comparison(name, values or {}, base, source))
    if file.seeds:
        entries = _repeated(entries, file.seeds, source)
    for name, changes in file.evaluators.items():
        settings = with_changes(base, changes, f"{source}: evaluators.{name}")
        entries.append(PlannedTraining(name, settings, evaluator=True))
    _check_evaluators(entries, source)
    names = [entry.name for entry in entries]
    for name in names:
        if not valid_name(name) or names.count(name) > 1:
            raise NigdtError(f"{source}: {name!r} cannot be a name.", "Use letters, digits, dot, dash, once.")
    if not entries:
        raise NigdtError(f"{source}: there is nothing to train.", "Name entries or comparisons.")
    evaluators = {entry.name for entry in entries if entry.evaluator}
    measurements = tuple(
        _measurement(name, values, evaluators, source) for name, values in file.evaluate.items()
    )
    return AblationPlan(path.stem, tuple(entries), measurements)


def _repeated(entries: Sequence[PlannedTraining], seeds: Sequence[int], source: str) -> list[PlannedTraining]:
    """Return each entry once for every seed, seed by seed, so that whole comparisons are there early."""
    if len(set(seeds)) < 2 or len(set(seeds)) < len(seeds):
        raise NigdtError(f"{source}: `seeds` must be different numbers, at least two.")
    for entry in entries:
        if entry.settings.seed != entries[0].settings.seed:
            raise NigdtError(
                f"{source}: {entry.name} has a seed of its own beside `seeds`.", "Leave one of them out."
            )
    return [
        replace(
            entry,
            name=f"{entry.name}-seed-{seed}",
            settings=replace(entry.settings, seed=seed),
            repeated=entry.name,
        )
        for seed in seeds
        for entry in entries
    ]


def _check_evaluators(entries: Sequence[PlannedTraining], source: str) -> None:
    """Make sure that no evaluator is what trained those that it measures."""
    for evaluator in (entry for entry in entries if entry.evaluator):
        for entry in entries:
            trained = not entry.evaluator and entry.comparison is None and entry.settings.loss.match > 0
            if trained and entry.of_match == evaluator.of_match:
                raise NigdtError(
                    f"{source}: the evaluator {evaluator.name} would be the match networks that train "
                    f"{entry.name}.",
                    f"Change it: evaluators: {{{evaluator.name}: [seed={evaluator.settings.seed + 1}]}}.",
                )


def _comparison(name: str, values: Any, base: TrainSettings, source: str) -> PlannedTraining:
    where = f"comparisons.{name}"
    file = schema.build(_ComparisonFile, values, source, f"{where}.")
    kind = file.kind or name
    if kind not in MODELS:
        raise NigdtError(f"{source}: {where} is no comparison system.", f"Kinds: {', '.join(MODELS)}.")
    settings = with_changes(base, file.set, f"{source}: {where}.set")
    return PlannedTraining(name, settings, comparison=kind, width=file.width)


def _measurement(name: str, values: Any, evaluators: Collection[str], source: str) -> PlannedMeasurement:
    if not re.fullmatch(r"[\w-]+", name):
        raise NigdtError(f"{source}: {name!r} cannot be a folder's name.")
    where = f"evaluate.{name}."
    file = schema.build(_MeasurementFile, values, source, where)
    case_keys = {item.name for item in fields(CaseSettings)}
    cases = CaseSettings(**{key: value for key, value in vars(file).items() if key in case_keys})
    if file.mask not in HOLES and not Path(file.mask).exists():
        kinds = ", ".join(HOLES)
        raise NigdtError(
            f"{source}: {where}mask: there is no {file.mask}.", f"Name masks, or one of {kinds}."
        )
    for system in file.compare:
        _check_system(system, f"{source}: {where}compare")
    try:
        measures = Measures.named(file.measure)
    except NigdtError as error:
        raise NigdtError(f"{source}: {where}measure: {error.message}", error.hint) from None
    request = EvaluationRequest(
        systems=tuple(file.compare),
        data=Path(file.data),
        cases=cases,
        samples=file.samples,
        measures=measures,
    )
    return PlannedMeasurement(
        name, request, _evaluator(file.evaluator, f"{source}: {where}evaluator", evaluators)
    )


def _evaluator(value: str | None, where: str, evaluators: Collection[str]) -> str | None:
    if value is not None and value not in evaluators and not Path(value).is_file():
        known = f"The plan has {', '.join(evaluators)}." if evaluators else "Name a file."
        raise NigdtError(f"{where}: there is no {value}.", known)
    return value


def _check_system(name: str, where: str) -> None:
    place = name.rpartition("=")[2]
    if place not in BASELINES and not Path(place).exists():
        try:
            find_bundle(place)
        except NigdtError:
            hint = f"Name a bundle, a run of nigdt train comparison, or {', '.join(BASELINES)}."
            raise NigdtError(f"{where}: there is no {place}.", hint) from None


def _existing(value: str | None, where: str) -> Path | None:
    if value is not None and not Path(value).exists():
        raise NigdtError(f"{where}: there is no {value}.")
    return None if value is None else Path(value)
