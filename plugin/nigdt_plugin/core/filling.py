"""Asking for fills: what to ask for, in which context, at once or live. UI thread only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from nigdt.colours import find_colours
from nigdt.context import Context
from nigdt.errors import SelectionError, TransparentError
from nigdt.recipe import Recipe, Variant, variants_from_seed
from nigdt.recolouring import check_caption
from nigdt_plugin.core import fills as fills_
from nigdt_plugin.core.answering import Answering
from nigdt_plugin.core.document import Document
from nigdt_plugin.core.failures import failure_of
from nigdt_plugin.core.fills import Candidate, Round
from nigdt_plugin.core.jobs import PendingRequest, Purpose
from nigdt_plugin.core.link import Link
from nigdt_plugin.core.selection import Patch, Selection
from nigdt_plugin.core.source import ContextSource
from nigdt_plugin.core.tasks import Tasks

_LARGE = 500_000
"""Pixels from which on a context is cut out in a thread."""


class Filling(Answering):
    """The fills of one photo, asked for, taken in and chosen.

    Args:
        document: The photo.
        link: To the daemon.
        tasks: Threads for blending.
        model: Name of the bundle to ask.
        size: Side in pixels at which that model works; the context's least side.
    """

    def __init__(self, document: Document, link: Link, tasks: Tasks, model: str, size: int) -> None:
        super().__init__(document, tasks)
        self.model = model
        self.size = size
        self._link = link
        self._tasks = tasks
        self._seeds = np.random.default_rng()
        self._source: tuple[Round, ContextSource] | None = None  # what a round's context was cut out of
        self._preparations = 0
        self._preparing = 0  # number of the large context that is being cut out, 0 = none
        self._waiting_live: tuple[str, int] | None = None

    @property
    def busy(self) -> bool:
        """Whether any job is on its way."""
        return bool(self.jobs) or bool(self._preparing)

    @property
    def stoppable(self) -> bool:
        """Whether something is on its way that the user asked for; live fills come and go by themselves."""
        return bool(self._preparing) or any(job.purpose is not Purpose.LIVE for job in self.jobs.values())

    def take_context(self, recipe: Recipe, selection: Selection | None = None) -> Context:
        """Return the context as it is now.

        Args:
            recipe: What the context is for.
            selection: What is to be filled; that of the photo by default.

        Raises:
            SelectionError: Nothing is selected.
        """
        document, chosen = self.document, selection or self.document.selection
        if chosen.empty:
            raise SelectionError("Nothing is selected.", "Select the region to fill.")
        # Fills start from the photo with its layers, but without the layer of their own round.
        return Context.of(document.rgb, chosen.mask, self.size, recipe, document.alpha)

    def fill(
        self, caption: str, variants: int, seed: int | None = None, selection: Selection | None = None
    ) -> None:
        """Ask for fills.

        Args:
            caption: What they show.
            variants: How many: the mean, then random ones.
            seed: Of the first one, if the user names it; the others have those that follow.
            selection: What is to be filled; that of the photo by default.

        Raises:
            CaptionError: A colour was to be named and is not.
            SelectionError: Nothing is selected.
        """
        self._check(caption)
        if seed is None:
            first = fills_.new_seed(self._seeds)
            wanted = [Variant(), *(Variant(seed=first + i) for i in range(1, variants))]
        else:
            wanted = variants_from_seed(variants, seed)

        def send(recipe: Recipe) -> None:
            self.cancel()
            if recipe.effective_mode == "recolour":
                del wanted[1:]
            elif recipe.effective_mode == "remove" and seed is None:
                wanted[:] = self._removals(variants)
            self._send(recipe, wanted, Purpose.FILLS, fresh=True)
            self.changed()

        self._enter_round(caption, send, selection)

    def _check(self, caption: str) -> None:
        if self.recipe.mode == "recolour":
            check_caption(caption)

    def _removals(self, count: int) -> list[Variant]:
        """Return the next removals: the best guess first, then those with other sources."""
        have = {fill.variant.seed or 0 for fill in self.round.fills} if self.round is not None else set()
        first = max(have, default=-1) + 1
        return variants_from_seed(count, first)

    def fill_live(self, caption: str, variants: int = 1) -> bool:
        """Let the fills follow the typing: one request on its way, and of those that wait only the newest.

        Returns:
            Whether something had to be asked for.

        Raises:
            SelectionError: Nothing is selected.
        """
        if self.recipe.mode == "recolour":
            if not find_colours(caption):
                return False
            variants = 1
        if self._preparing or any(job.purpose is Purpose.LIVE for job in self.jobs.values()):
            self._waiting_live = (caption, variants)
            return True
        self._waiting_live = None
        every = [Variant(), *(Variant(seed=i) for i in range(1, variants))]
        wanted: list[Variant] = []

        def send(recipe: Recipe) -> None:
            assert self.round is not None
            if self._waiting_live is not None:  # the caption has changed while the context was cut out
                self._next_live()
                return
            kept = [fill for fill in self.round.fills if fill.caption == caption]
            have = {fill.variant for fill in kept}
            wanted.extend(variant for variant in every if variant not in have)
            if wanted:
                self._send(recipe, wanted, Purpose.LIVE, fresh=not kept)
            self.changed()

        self._enter_round(caption, send)
        return bool(wanted) or bool(self._preparing)

    def compare(self, captions: Sequence[str], seed: int | None = None) -> None:
        """Ask for one fill for each caption on the same hole, with the same draw (fig. 6 of the paper).

        Args:
            captions: None of them empty; one that names no colour is left out where that is needed.
            seed: Of the draw, None for the mean.

        Raises:
            SelectionError: Nothing is selected.
        """
        if self.recipe.mode == "recolour":
            captions = [caption for caption in captions if find_colours(caption)]
        if not captions:
            return
        variant = Variant(seed=seed)

        def send(recipe: Recipe) -> None:
            assert self.round is not None
            self.cancel()
            have = {fill.caption for fill in self.round.fills if fill.variant == variant}
            for caption in captions:
                if caption not in have:
                    self._send(replace(recipe, caption=caption), [variant], Purpose.FILLS)
            self.changed()

        self._enter_round(captions[0], send)

    def more_like(self, fill: Candidate, variants: int) -> None:
        """Keep a fill and ask for others near it, in place of those that are no favourites."""
        if self.round is None:
            return
        self.cancel()
        before = list(self.round.fills)
        self.round.sweep(keep=fill)
        self._discarded(before)
        first = fills_.new_seed(self._seeds)
        wanted = [fills_.near(fill.variant, first + i) for i in range(max(1, variants - 1))]
        self._send(fill.recipe, wanted, Purpose.FILLS)
        self.choose(fill)

    def re_roll(self, fill: Candidate) -> None:
        """Ask for another draw in place of this fill."""
        if self.round is not None:
            removal = fill.effective_mode == "remove"
            variant = self._removals(1)[0] if removal else Variant(seed=fills_.new_seed(self._seeds))
            purpose = Purpose.FILLS if fill.favourite else Purpose.REPLACE  # a favourite stays
            self._send(fill.recipe, [variant], purpose, target=fill)
            self.changed()

    def explain(self, fill: Candidate) -> None:
        """Ask what each word did to a fill."""
        if self.round is None or fill.effective_mode != "describe" or fill.words or fill in self._unexplained:
            return
        if not any(job.target is fill and job.purpose is Purpose.WORDS for job in self.jobs.values()):
            self._send(fill.recipe, [fill.variant], Purpose.WORDS, target=fill)
            self.changed()

    def cancel(self) -> None:
        """Drop everything that is on its way."""
        self._waiting_live = None
        for name in list(self.jobs):
            self._link.cancel(name)
        if self.jobs or self._preparing:
            for job in self.jobs.values():
                self._forget_foreseen(job)
            self.jobs.clear()
            self._preparing = 0
            self.changed()

    def _enter_round(
        self, caption: str, then: Callable[[Recipe], None], selection: Selection | None = None
    ) -> None:
        """Go on with the round if the model would see the same, else begin a new one.

        A large context is cut out in a thread, which takes as long as a fill: not while only words change.

        Args:
            caption: What will be asked for.
            then: Called next, with the recipe that the context was cut out by.
            selection: What is to be filled; that of the photo by default.
        """
        recipe = replace(self.recipe, caption=caption, bundle=self.model)
        source = ContextSource.of(self.document, selection or self.document.selection, self.size, recipe)
        if self._source is not None and self._source[0] is self.round and self._source[1].same(source):
            then(recipe)
            return
        selected = source.selection.patch()
        wide = recipe.effective_mode == "remove"  # its context reaches far beyond the selection
        pixels = self.document.width * self.document.height if wide else selected.mask.size
        if pixels < _LARGE:
            try:
                context = self.take_context(recipe, selection)
            except TransparentError as error:
                self.failed(failure_of(error))
                return
            self._entered(context, selected, source)
            then(recipe)
            return
        self._preparations += 1
        mine = self._preparing = self._preparations

        def work() -> Context:
            context = self.take_context(recipe, selection)
            _ = context.sent  # worked out here rather than on the UI thread
            return context

        def ready(context: Context) -> None:
            if mine == self._preparing:
                self._preparing = 0
                self._entered(context, selected, source)
                then(recipe)

        def failed(error: Exception) -> None:
            if mine == self._preparing:
                self._preparing = 0
                self.failed(failure_of(error))

        self._tasks.run(work, ready, failed)
        self.changed()

    def _entered(self, context: Context, selected: Patch, source: ContextSource) -> None:
        if self.round is None or not fills_.continues(self.document, self.round, context, selected):
            waiting = self._waiting_live
            self.cancel()
            self._waiting_live = waiting
            self.preview.drop()
            self.chosen = None
            self.round = Round(context, selected)
        self._source = self.round, source

    def _send(
        self,
        recipe: Recipe,
        variants: list[Variant],
        purpose: Purpose,
        *,
        target: Candidate | None = None,
        fresh: bool = False,
    ) -> None:
        assert self.round is not None
        live, effects = purpose is Purpose.LIVE, purpose is Purpose.WORDS
        previews = purpose in (Purpose.FILLS, Purpose.LIVE)
        request = self.round.request(recipe, variants, live=live, effects=effects, previews=previews)
        job = PendingRequest(request, self.round, purpose, target, fresh)
        self.jobs[job.request.job] = job
        self._link.submit(job.request)

    def _next_live(self) -> None:
        if self._waiting_live is not None and not self.jobs and not self.document.selection.empty:
            caption, variants = self._waiting_live
            self._waiting_live = None
            self.fill_live(caption, variants)
