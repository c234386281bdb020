"""What is on its way from the daemon, and what comes of it. UI thread only."""

from __future__ import annotations

from nigdt_backend.client import DaemonError
from nigdt_backend.protocol import Event, FillPicture

from nigdt_plugin.core import fills as fills_
from nigdt_plugin.core.choosing import Choosing
from nigdt_plugin.core.document import Document
from nigdt_plugin.core.failures import failure_of
from nigdt_plugin.core.fills import Candidate
from nigdt_plugin.core.jobs import QUIET, PendingRequest, Purpose
from nigdt_plugin.core.tasks import Hook, Tasks


class Answering(Choosing):
    """The fills of one photo that were asked for: takes them in as they come.

    Args:
        document: The photo.
        tasks: Threads for blending.

    Attributes:
        jobs: What is on its way, by its id; whoever asks puts it there.
        seconds: How long the model took for each of the fills that came last.

    Hooks:
        explained: The words of a fill have come; told the fill.
        failed: A job failed; told the `Failure`.
    """

    def __init__(self, document: Document, tasks: Tasks) -> None:
        super().__init__(document, tasks)
        self.jobs: dict[str, PendingRequest] = {}
        self.seconds: float | None = None
        self.explained = Hook()
        self.failed = Hook()
        self._unexplained: set[Candidate] = set()

    @property
    def awaited(self) -> int:
        """How many fills are still to come for the strip."""
        return sum(
            len(job.request.variants) - len(job.seen)
            for job in self.jobs.values()
            if job.purpose in (Purpose.FILLS, Purpose.LIVE)
        )

    @property
    def fraction(self) -> float | None:
        """How much of what the user asked for is done, 0 to 1; None where nobody knows."""
        known = [job.fraction for job in self.jobs.values() if job.fraction is not None]
        return min(known, default=None)

    def _next_live(self) -> None:
        """Ask for what waited for a job's end; whoever asks for fills says how."""

    def on_event(self, event: Event) -> None:
        """Take in what the daemon says about a job; what belongs to a dropped one is ignored."""
        job = self.jobs.get(event.job or "")
        if job is None:
            return
        if event.kind == "progress":
            job.stage = str(event.data.get("stage", job.stage))
            job.fraction = event.data.get("fraction", job.fraction)
            self.changed()
        elif event.kind == "preview":
            self._foresee(job, FillPicture.from_event(event))
        elif event.kind == "fill":
            self._take(job, FillPicture.from_event(event))
        elif event.kind == "done":
            self._done(job, event)
        elif event.kind == "error":
            del self.jobs[job.request.job]
            error = DaemonError.from_event(event)
            if job.purpose is Purpose.WORDS and job.target is not None and error.code not in QUIET:
                self._unexplained.add(job.target)  # or it would be asked again at once
            self._forget_foreseen(job)
            self._next_live()
            self.changed()
            if error.code not in QUIET:
                self.failed(failure_of(error))

    def _foresee(self, job: PendingRequest, picture: FillPicture) -> None:
        """Show an early state of a fill in its place, as long as there is nothing better to show."""
        if job.round is self.round and self.chosen is None and not job.seen:
            fill = fills_.fill_of(picture)
            self.preview.show(self.round, fill, self._blended(fill))

    def _forget_foreseen(self, job: PendingRequest) -> None:
        """Take an early state away whose fill will not come."""
        if job.round is self.round and self.chosen is None:
            self.preview.drop()

    def _take(self, job: PendingRequest, picture: FillPicture) -> None:
        if job.purpose is Purpose.WORDS:
            assert job.target is not None
            job.target.words = fills_.effects_of(picture)
            self.explained(job.target)
            return
        if picture.index in job.seen:  # sent again after the daemon died
            return
        job.seen.add(picture.index)
        fill = fills_.fill_of(picture)
        first_live = job.fresh and job.purpose is Purpose.LIVE
        if job.fresh:
            job.fresh = False
            job.round.sweep()
        chosen_gone = self.chosen not in job.round.fills
        if job.purpose is Purpose.REPLACE and job.target in job.round.fills:
            before, position = list(job.round.fills), job.round.fills.index(job.target)
            chosen_gone = self.chosen is job.target
            job.round.fills[position] = fill
            if job.round is self.round:
                self._discarded(before)
        else:
            job.round.fills.append(fill)
        if chosen_gone or first_live:
            self.choose(fill)
        else:
            self.changed()

    def _done(self, job: PendingRequest, event: Event) -> None:
        del self.jobs[job.request.job]
        if job.purpose is not Purpose.WORDS:
            spent = dict(event.data["seconds"])
            whole = float(spent.pop("total"))  # with the wait for the model's start and for others' fills
            self.seconds = (sum(map(float, spent.values())) or whole) / len(job.request.variants)
            job.round.told = tuple(dict.fromkeys((*job.round.told, *event.data.get("notices", ()))))
        self._next_live()
        self.changed()
        if job.purpose in (Purpose.FILLS, Purpose.REPLACE) and not self.awaited:
            self.finished(job.round)
