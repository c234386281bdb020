"""What is drawn into an outline, finished: its colours, its shade and its light."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.answers import CompletionJob, EncodedContext, RawFill, WordUse
from nigdt.bird_colours import with_its_colours
from nigdt.bundle.bundle import BundleInfo
from nigdt.bundle.recolour import load_recolour
from nigdt.colours import find_colours
from nigdt.completer import Completer
from nigdt.drawn import coloured
from nigdt.model import NIGDT, ImageFeatures
from nigdt.notices import COLOURED_PART, THERE_ALREADY
from nigdt.part_words import asked_parts, split_parts
from nigdt.recipe import Variant
from nigdt.recolourer import Recolourer
from nigdt.recolouring import Recolouring
from nigdt.round_things import names_round_thing
from nigdt.runtime.recording import Recorder
from nigdt.runtime.runner import Precision, Runner
from nigdt.shading import shaded
from nigdt.spheres import is_lit, lit
from nigdt.text import Vocabulary, tokenise

__all__ = ["Finisher"]

_PLAIN, _PLAIN_BIRDS = "a bird", 8
"""What a bird is called whose shade others get, and how many are kept while only the caption changes."""


class Finisher(Completer):
    """A completer with the recolouring network of its bundle, which finishes what the model draws.

    Attributes:
        bundle: What was loaded.
    """

    def __init__(
        self,
        model: NIGDT,
        vocabulary: Vocabulary,
        bundle: BundleInfo,
        device: str,
        precision: Precision = "float32",
        recorder: Recorder | None = None,
        runner: Runner | None = None,
    ) -> None:
        super().__init__(model, vocabulary, device, precision, recorder, runner)
        self.bundle = bundle
        self._recolourer: Recolourer | None = None
        self._plain_birds: deque[tuple[ImageFeatures, Variant, NDArray[np.float32]]]
        self._plain_birds = deque(maxlen=_PLAIN_BIRDS)

    def complete(self, jobs: Sequence[CompletionJob], batch: int = 1) -> list[list[RawFill]]:
        """Run the text half, as `Completer.complete`.

        A thing that is drawn into an outline is drawn without the colours of its parts first; then it gets
        all colours that its caption names (`nigdt.drawn`).

        Where the photo itself shows the part that a caption gives a colour to, and the rest of the thing
        around the hole, the mean answer is the photo's own part in that colour.
        """
        told = [self._with_its_colours(job) for job in jobs]
        things = [self._thing_alone(job) for job in told]
        fills = super().complete([thing or job for job, thing in zip(told, things, strict=True)], batch)
        return [
            [self._finished(asked, job, thing is not None, fill) for fill in made]
            for asked, job, thing, made in zip(jobs, told, things, fills, strict=True)
        ]

    def _finished(self, asked: CompletionJob, job: CompletionJob, drawn: bool, fill: RawFill) -> RawFill:
        """Return the photo's own part in its colour, or what was drawn in all its colours.

        Args:
            asked: What was asked for.
            job: The same with the colours that the bird is known to have.
            drawn: Whether the thing was drawn without the colours of its parts.
            fill: What was drawn.
        """
        mean = fill.variant.seed is None
        own = self._own_part(asked) if mean else None
        if drawn and (own is None or job.attention):
            fill = self._shaded(job, self._coloured(job, fill))
        if fill.attention and job.caption != asked.caption:
            fill = replace(fill, attention=_of_words(fill.attention, asked.caption))
        if own is not None:
            return replace(fill, pixels=own.apply(job.context.crop)[0], notices=(COLOURED_PART,))
        if not drawn:
            return fill
        told = mean and job.context.occupied and not names_round_thing(job.caption)
        return replace(fill, notices=(*fill.notices, THERE_ALREADY)) if told else fill

    def shown(self, job: CompletionJob) -> list[NDArray[np.float32]]:
        """Return fills as they are seen in the photo, as `Completer.shown`."""
        if self._thing_alone(self._with_its_colours(job)) is None and not (
            job.context.part and split_parts(job.caption)[1]
        ):
            return super().shown(job)
        size = job.context.visible.shape[::-1]
        pictures = [fill.pixels for fill in self.complete([job])[0]]
        return [
            np.asarray(cv2.resize(one, size, interpolation=cv2.INTER_AREA), np.float32) for one in pictures
        ]

    def _with_its_colours(self, job: CompletionJob) -> CompletionJob:
        """Return a job with the colours of the bird that is to be drawn into an outline."""
        if self._outlines is None or job.context.within or not self.bundle.recolours:
            return job
        return replace(job, caption=with_its_colours(job.caption)) if self._names_outline(job) else job

    def _thing_alone(self, job: CompletionJob) -> CompletionJob | None:
        """Return a job without the colours of parts; None where all colours are left to the model."""
        within = job.context.within and not names_round_thing(job.caption)
        if self._outlines is None or within or not self.bundle.recolours:
            return None
        thing, _ = split_parts(job.caption)
        mended = find_colours(job.caption) and self._names_outline(replace(job, caption=thing))
        return replace(job, caption=thing, attention=False) if mended else None

    def _own_part(self, job: CompletionJob) -> Recolouring | None:
        """Return the colour of a part that the photo shows, if the caption gives one to such alone."""
        thing, parts = split_parts(job.caption)
        if not job.context.part or not parts or find_colours(thing):
            return None
        return self._recolouring().predict_parts(job.context.crop, job.context.hole, parts, selected=True)

    def _coloured(self, job: CompletionJob, fill: RawFill) -> RawFill:
        """Give a drawn thing its colours; draw all of the caption where its parts are not seen."""
        found = coloured(self._recolouring(), job.context, fill, job.caption)
        if found is not None and not job.attention:
            return found
        whole = super().complete([replace(job, variants=[fill.variant])])[0][0]
        return whole if found is None else replace(found, attention=whole.attention)

    def forget_recordings(self) -> None:
        """As `Completer.forget_recordings`."""
        super().forget_recordings()
        self._plain_birds.clear()

    def _shaded(self, job: CompletionJob, fill: RawFill) -> RawFill:
        """Give a drawn bird the shade that it has where no colour is asked for."""
        if fill.outline is None:
            return fill
        if names_round_thing(job.caption) and is_lit(job.caption):
            return replace(fill, pixels=lit(fill.pixels, fill.outline, job.context.hole > 0, job.caption))
        if "wing" not in fill.parts or not fill.parts["wing"].any():
            return fill
        asked = frozenset(part for one in asked_parts(job.caption)[0] for part in one.parts)
        plain = self._plain(job, fill)
        pixels = shaded(fill.pixels, plain, fill.outline, fill.parts, asked)
        inside = cv2.copyTo(pixels, job.context.hole, fill.pixels.copy())
        return replace(fill, pixels=np.asarray(inside, np.uint8))

    def _plain(self, job: CompletionJob, fill: RawFill) -> NDArray[np.float32]:
        """Return the model's picture of a bird without colours."""
        for features, variant, picture in self._plain_birds:
            if features is job.context.features and variant == fill.variant:
                return picture
        picture = self.pictures(replace(job, caption=_PLAIN, variants=[fill.variant], guidance=1.0))[0]
        self._plain_birds.append((job.context.features, fill.variant, picture))
        return picture

    def located(self, context: EncodedContext) -> EncodedContext:
        """Return a context that says how its hole lies to the thing there; see `Completer.located`."""
        if self._outlines is None or not self.bundle.recolours:
            return context
        found = self._recolouring().locate(context.crop, context.hole)
        return replace(context, within=found.within, part=found.part, occupied=found.whole)

    def _recolouring(self) -> Recolourer:
        if self._recolourer is None:
            self._recolourer = Recolourer(*load_recolour(self.bundle.folder, self.device), self.device)
        return self._recolourer


def _of_words(attention: list[WordUse], caption: str) -> list[WordUse]:
    """Return what a caption's own words got of all attention, which adds up to 1 again."""
    words = set(tokenise(caption))
    own = [word for word in attention if word.word in words]
    total = sum(word.weight for word in own)
    return [replace(word, weight=word.weight / total) if total else word for word in own]
