"""Trains what a plan lists, one after the other; called again, it goes on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nigdt.errors import NigdtError
from nigdt.files import write_atomically
from nigdt.runtime.devices import usable_device
from nigdt_training.ablation.plan import AblationPlan, PlannedMeasurement, PlannedTraining
from nigdt_training.checkpoint import read_facts
from nigdt_training.comparison.stage import ComparisonTrainer
from nigdt_training.data.data_set import read_records
from nigdt_training.evaluation.report import seeds_table
from nigdt_training.evaluation.run import SystemResult
from nigdt_training.evaluation.session import evaluate_systems
from nigdt_training.evaluation.systems import Original
from nigdt_training.inpaint.session import Machine, Places, export_run, run_stages
from nigdt_training.match.backbone import load_backbone
from nigdt_training.match.stage import match_is_trained
from nigdt_training.pools import open_pools
from nigdt_training.run import Run, writing
from nigdt_training.settings import settings_from

RECORD = "trainings.json"
Say = Callable[..., None]


class InterruptedQueueError(NigdtError):
    """Somebody stopped the training at hand; the queue must not go on to the next."""


@dataclass
class Queue:
    """A plan at work.

    Attributes:
        plan: What to train and measure.
        places: Data, run folders and caches.
        out: Folder for the record of trainings, tables and sheets.
        device: "auto", "cpu", "cuda", ....
        say: Told one line at a time what happens.
    """

    plan: AblationPlan
    places: Places
    out: Path
    device: str
    say: Say

    def look(self) -> None:
        """Say what `train` and `evaluate` would do: settings, photos and pretrained weights are read.

        Raises:
            NigdtError: Something that a training needs is not there.
        """
        left = [entry for entry in self.plan.entries if not self._finished(entry)]
        for settings in {str(entry.settings.data): entry.settings for entry in left}.values():
            learnt, kept = open_pools(settings, self.places.data, self.places.caches, self.say)
            learn, measure = (sum(len(pool.photos) for pool in pools) for pools in (learnt, kept))
            self.say(f"Photos: {learn} to learn from, {measure} to watch the training by.")
        pictures = 0
        for number, entry in enumerate(self.plan.entries, 1):
            title = f"{number}/{len(self.plan.entries)} {entry.name}"
            settings = entry.settings
            if entry not in left:
                self.say(f"{title}: finished before.")
            elif entry.evaluator:
                self.say(f"{title}: match networks alone, {settings.match.epochs} epochs.")
            else:
                pictures += settings.steps * settings.batch
                size = f"{settings.batch} pictures of {settings.picture_size} px"
                self.say(f"{title}: {settings.steps} steps of {size}.")
        self.say(f"In all {pictures:,} pictures, besides those of match networks.")
        for measurement in self.plan.measurements:
            split = measurement.request.cases.split
            records = read_records(self.places.data / measurement.request.data)
            found = sum(bool(record.captions) and split in (None, record.split) for record in records)
            count = min(found, measurement.request.cases.limit or found)
            kind = measurement.request.cases.mask
            self.say(f"Table {measurement.name}: {kind} holes, {count} photos at most.")
        reading = [entry.settings.match for entry in left if entry.comparison is None and entry.needs_match]
        for match in {(match.backbone, match.size): match for match in reading}.values():
            load_backbone(match.backbone, match.size)

    def train(self) -> dict[str, str]:
        """Train every entry that is not finished; one that fails does not keep the others from running.

        Returns:
            Name -> reason of those that failed.

        Raises:
            InterruptedQueueError: Training was stopped; the same call goes on.
        """
        failed = {}
        for number, entry in enumerate(self.plan.entries, 1):
            title = f"{number}/{len(self.plan.entries)} {entry.name}"
            if self._finished(entry):
                self.say(f"{title}: finished before.")
                continue
            run = self._run(entry)
            self.say(f"{title}: {run.folder}")
            try:
                _train(entry, run, self.places, self.device, self._match_networks(entry), self.say)
                if entry.comparison is None and not entry.evaluator:
                    export_run(run, run.folder / entry.name, title=entry.name)
            except InterruptedQueueError:
                raise
            except NigdtError as error:
                failed[entry.name] = error.message
                self.say(f"{title} failed: {error.message}")
            finally:
                run.close()
        return failed

    def evaluate(self, measurement: PlannedMeasurement) -> Path | None:
        """Measure all finished trainings on the same photos and holes; None when none is finished.

        Returns:
            The folder of table, figures and sheets.
        """
        finished = [system for entry in self.plan.entries if (system := self.system(entry)) is not None]
        if not finished:
            return None
        planned = measurement.request
        request = replace(
            planned,
            systems=(*finished, *planned.systems),
            data=self.places.data / planned.data,
            evaluator=self._evaluator(measurement),
            device=None if self.device == "auto" else self.device,
        )
        evaluation = evaluate_systems(request)
        evaluation.found["trainings"] = self._record()
        seeds = self._by_seed(evaluation.results)
        if len(seeds) > 1:
            evaluation = replace(evaluation, table=f"{evaluation.table}\n\n{seeds_table(seeds, 'trainings')}")
        folder = self.out / measurement.name
        evaluation.write(folder)
        self.say(evaluation.table)
        return folder

    def system(self, entry: PlannedTraining) -> str | None:
        """Return a finished entry as `open_system` takes it; None where unfinished or an evaluator."""
        run = self._known_run(entry)
        if run is None or entry.evaluator:
            return None
        if entry.comparison is not None:
            path = run.folder / "comparison.safetensors"
            done = path.exists() and read_facts(path)["step"] >= entry.settings.steps
            return f"{entry.name}={run.folder}" if done else None
        # The bundle is put in place as a whole, and only after the last step.
        bundle = run.folder / entry.name
        return f"{entry.name}={bundle}" if bundle.is_dir() else None

    def _by_seed(self, results: list[SystemResult]) -> list[list[SystemResult]]:
        """Return, for every seed that all entries have finished, their figures and those of `compare`."""
        found = {result.name: result for result in results}
        repeated: dict[int, list[PlannedTraining]] = {}
        for entry in self.plan.entries:
            if entry.repeated is not None:
                repeated.setdefault(entry.settings.seed, []).append(entry)
        trained = {entry.name for entries in repeated.values() for entry in entries}
        others = [result for result in results if result.name not in trained | {Original.name}]
        return [
            [*(replace(found[entry.name], name=str(entry.repeated)) for entry in entries), *others]
            for entries in repeated.values()
            if all(entry.name in found for entry in entries)
        ]

    def _finished(self, entry: PlannedTraining) -> bool:
        if not entry.evaluator:
            return self.system(entry) is not None
        run = self._known_run(entry)
        return run is not None and match_is_trained(run)

    def _evaluator(self, measurement: PlannedMeasurement) -> Path | None:
        """Return the measurement's evaluator; one of the plan only when it is trained."""
        for entry in self.plan.entries:
            if entry.evaluator and entry.name == measurement.evaluator:
                run = self._known_run(entry)
                if run is not None and match_is_trained(run):
                    return run.match_checkpoint
                self.say(f"{measurement.name}: no R-precision, {entry.name} is not trained.")
                return None
        return None if measurement.evaluator is None else Path(measurement.evaluator)

    def _match_networks(self, entry: PlannedTraining) -> Path | None:
        """Match networks that the plan names, or that another entry trained from the same settings."""
        if entry.match_from is not None or entry.settings.loss.match == 0 or entry.evaluator:
            return entry.match_from
        for other in self.plan.entries:
            lends = other is not entry and other.comparison is None and not other.evaluator
            run = self._known_run(other) if lends else None
            if run is not None and match_is_trained(run) and other.of_match == entry.of_match:
                self.say(f"match networks of {other.name}")
                return run.match_checkpoint
        return None

    def _run(self, entry: PlannedTraining) -> Run:
        run = self._known_run(entry)
        if run is None:
            run = Run.create(self.places.runs, f"{self.plan.name}-{entry.name}", entry.settings)
            record = self._record()
            record[entry.name] = {"run": run.folder.name, **entry.identity()}
            with writing(self.out):
                self.out.mkdir(parents=True, exist_ok=True)
                write_atomically(self.out / RECORD, json.dumps(record, indent=1).encode())
        return run

    def _known_run(self, entry: PlannedTraining) -> Run | None:
        """Return the entry's run folder, unless the plan has changed since: then it is another training."""
        record = dict(self._record().get(entry.name, {}))
        folder = self.places.runs / record.pop("run", "")
        same = _comparable(record) == _comparable(json.loads(json.dumps(entry.identity())))
        return Run.open(folder) if same and (folder / "settings.yaml").is_file() else None

    def _record(self) -> dict[str, Any]:
        path = self.out / RECORD
        try:
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        except (OSError, ValueError) as error:
            raise NigdtError(
                f"Cannot read {path}: {error}",
                "It says which run is which: repair it, or give another --out.",
            ) from error
        return found


def _train(
    entry: PlannedTraining, run: Run, places: Places, device: str, match_from: Path | None, say: Say
) -> None:
    settings = entry.settings
    if entry.comparison is not None:
        chosen = usable_device(None if device == "auto" else device)
        trainer = ComparisonTrainer(
            run, entry.comparison, entry.width, places.data, places.caches, chosen, say
        )
        try:
            trainer.train()
        except KeyboardInterrupt:
            raise InterruptedQueueError("Interrupted.") from None
        return
    fabric = Machine(device).fabric(settings.precision)
    stages = ("match",) if entry.evaluator else ("match", "inpaint")
    try:
        finished = run_stages(
            run, places, fabric, say, stages=stages, start_from=entry.start_from, match_from=match_from
        )
    except KeyboardInterrupt:
        raise InterruptedQueueError("Interrupted.") from None
    if not finished:
        raise InterruptedQueueError(f"Interrupted at step {read_facts(run.last)['step']}.")


def _comparable(identity: dict[str, Any]) -> dict[str, Any]:
    """Return a training's identity in today's keys, with the whole configuration of its model."""
    if "settings" not in identity:
        return identity
    settings = settings_from(identity["settings"], recorded=True)
    whole = {**settings.to_dict(), "preset": "", "model": settings.model_config.to_dict()}
    return {**identity, "settings": whole}
