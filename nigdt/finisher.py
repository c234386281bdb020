"""What is drawn into an outline, finished: its colours, its shade and its light."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.answers import CompletionJob, EncodedContext, RawFill, WordUse
from nigdt.backdrop import things_named, without_things
from nigdt.bird_colours import with_its_colours
from nigdt.bundle.bundle import BundleInfo
from nigdt.bundle.cutouts import load_cut_outs
from nigdt.bundle.recolour import load_recolour
from nigdt.colours import find_colours, names_part
from nigdt.completer import Completer
from nigdt.drawn import coloured, differs
from nigdt.footing import footing
from nigdt.harmonisation import harmonised
from nigdt.model import NIGDT, ImageFeatures
from nigdt.model_picture import ModelPicture
from nigdt.notices import (
    COLOURED_ALREADY,
    COLOURED_BIRD,
    COLOURED_PART,
    COLOURED_THING,
    PART_NOT_SELECTED,
    THERE_ALREADY,
)
from nigdt.outlines import Silhouette
from nigdt.part_words import Reading, asked_parts, by_order, split_parts
from nigdt.recipe import Variant
from nigdt.recolourer import Recolourer
from nigdt.recolouring import seen_to_change
from nigdt.round_things import names_round_thing
from nigdt.runtime.recording import Recorder
from nigdt.runtime.runner import Precision, Runner
from nigdt.shading import shaded
from nigdt.shown import ShownThings
from nigdt.spheres import is_lit, lit
from nigdt.text import Vocabulary, tokenise

__all__ = ["Finisher"]

_ANY_BIRD = frozenset({"bird", "birds", "songbird"})
_ADJECTIVES = """
beautiful big cute has have is large little lovely one pretty small that this tiny
"""
_BESIDE = frozenset(_ADJECTIVES.split())
"""Words beside which a caption still names any bird."""
_SEEN = 0.99
"""M from which on a place shows nothing of the hole."""
_PLAIN, _PLAIN_BIRDS = "a bird", 8
"""What a bird is called whose shade others get, and how many are kept while only the caption changes."""


@dataclass(frozen=True)
class _Own:
    """What the photo shows in a hole, in the colours that a caption gives it.

    Attributes:
        pixels: (h, w, 3), the context with them.
        maps: As `RawFill.maps`.
        notice: What is told of it.
    """

    pixels: NDArray[np.uint8]
    maps: NDArray[np.float32]
    notice: str


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
        self._teller.shown = ShownThings(self._teller.outlines, load_cut_outs(bundle))
        self._recolourer: Recolourer | None = None
        self._plain_birds: deque[tuple[ImageFeatures, Variant, NDArray[np.float32]]]
        self._plain_birds = deque(maxlen=_PLAIN_BIRDS)

    def complete(self, jobs: Sequence[CompletionJob], batch: int = 1) -> list[list[RawFill]]:
        """Run the text half, as `Completer.complete`.

        A thing that is drawn into an outline is drawn without the colours of its parts first; then it gets
        all colours that its caption names (`nigdt.drawn`).

        Where the photo itself shows in the hole what a caption gives colours to (a bird, the part of one, or
        a thing that the model has no shape for), the mean answer is that in those colours.
        """
        told = [self._with_its_colours(job) for job in jobs]
        things = [self._thing_alone(job) for job in told]
        own = [self._own(job) if _holds_mean(job.variants) else None for job in jobs]
        drawn = [
            replace(thing or job, variants=job.variants if found is None else _without_mean(job.variants))
            for job, thing, found in zip(told, things, own, strict=True)
        ]
        made = [iter(fills) for fills in super().complete(drawn, batch)]
        return [
            [
                self._own_fill(job, variant, found)
                if found is not None and variant.seed is None
                else self._with_all(job, whole, thing is not None, next(fills))
                for variant in job.variants
            ]
            for job, whole, thing, found, fills in zip(jobs, told, things, own, made, strict=True)
        ]

    def _own_fill(self, job: CompletionJob, variant: Variant, own: _Own) -> RawFill:
        """Return what the photo shows in other colours."""
        attention = self._words_used(job, variant) if job.attention else None
        told = own.notice != COLOURED_PART and job.context.lies.left
        notices = (own.notice, PART_NOT_SELECTED) if told else (own.notice,)
        return RawFill(own.pixels, variant, attention, notices, maps=own.maps)

    def _with_all(self, asked: CompletionJob, job: CompletionJob, thing: bool, fill: RawFill) -> RawFill:
        """Return what was drawn with its light, and with all that is to be told of it.

        Args:
            asked: What was asked for.
            job: The same with the colours that the bird is known to have.
            thing: Whether a thing was drawn without the colours of its parts.
            fill: What was drawn.
        """
        if not thing:
            return fill
        if fill.outline is not None and names_round_thing(job.caption) and is_lit(job.caption):
            fill = replace(fill, pixels=lit(fill.pixels, fill.outline, job.context.hole > 0, job.caption))
        if asked.attention:
            fill = replace(fill, attention=_of_words(self._words_used(job, fill.variant), asked.caption))
        told = fill.variant.seed is None and job.context.lies.whole and not names_round_thing(job.caption)
        return replace(fill, notices=(*fill.notices, THERE_ALREADY)) if told else fill

    def _finished(self, job: CompletionJob, drawn: ModelPicture, variant: Variant) -> ModelPicture:
        """Return what was drawn, in all its colours, its shade and the photo's light, at the model's size."""
        if self._teller.shown.of(drawn.told) is not None:  # it is not seen
            return drawn
        done = self._in_its_colours(job, drawn, variant)
        if done.told is None or not _is_bird(done.told):
            return done
        context = job.context
        seen = np.asarray(context.seen * 127.5 + 127.5, np.float32)
        picture = harmonised(done.picture, done.told.outline, seen, context.visible > _SEEN)
        return replace(done, picture=picture)

    def _pasted(
        self, job: CompletionJob, told: Silhouette, backdrop: NDArray[np.uint8]
    ) -> NDArray[np.uint8] | None:
        """As `Completer._pasted`, in the colours that a caption names."""
        asked = job.whole

        def paint(picture: NDArray[np.float32], where: NDArray[np.float32]) -> NDArray[np.float32]:
            assert asked is not None
            painted = coloured(self._recolouring(), picture, Silhouette(where), asked)
            return picture if painted is None else painted

        return self._teller.shown.laid(told, job.context, backdrop, None if asked is None else paint)

    def _in_its_colours(self, job: CompletionJob, drawn: ModelPicture, variant: Variant) -> ModelPicture:
        if job.whole is None:
            return super()._finished(job, drawn, variant)
        caption = job.whole
        done = None
        if drawn.told is not None:
            done = super()._finished(job, drawn, variant)
            seen = np.where(
                job.context.visible[..., None] > 0, job.context.seen * 127.5 + 127.5, done.picture
            )
            picture = coloured(self._recolouring(), seen.astype(np.float32), drawn.told, caption)
            done = None if picture is None else replace(done, picture=picture)
        if done is None:  # its parts are not seen, so the model draws them
            whole = replace(job, caption=caption, whole=None)
            done = super()._finished(whole, next(self._draw([(whole, variant)], 1)), variant)
        return self._shaded(job, variant, done)

    def _shaded(self, job: CompletionJob, variant: Variant, drawn: ModelPicture) -> ModelPicture:
        """Give a drawn bird the shade that it has where no colour is asked for."""
        if drawn.told is None or not _is_bird(drawn.told):
            return drawn
        caption = job.whole or ""
        asked = frozenset(part for one in asked_parts(caption, self._read(caption))[0] for part in one.parts)
        plain = self._plain(job, variant)
        return replace(
            drawn, picture=shaded(drawn.picture, plain, drawn.told.outline, drawn.told.parts, asked)
        )

    def _plain(self, job: CompletionJob, variant: Variant) -> NDArray[np.float32]:
        """Return the model's picture of a bird without colours."""
        for features, kept, picture in self._plain_birds:
            if features is job.context.features and kept == variant:
                return picture
        plain = replace(job, caption=_PLAIN, variants=[variant], guidance=1.0, whole=None)
        picture = self.pictures(plain)[0]
        self._plain_birds.append((job.context.features, variant, picture))
        return picture

    def shown(self, job: CompletionJob) -> list[NDArray[np.float32]]:
        """Return fills as they are seen in the photo, as `Completer.shown`."""
        thing = self._thing_alone(self._with_its_colours(job))
        is_ball = thing is not None and names_round_thing(job.caption)
        own = self._own(job)
        if not is_ball and own is None:
            return super().shown(thing or job)
        size = job.context.visible.shape[::-1]
        left = job.variants if own is None else _without_mean(job.variants)
        drawn = iter(self.complete([replace(job, variants=left)])[0])
        pictures = [
            own.pixels if own is not None and variant.seed is None else next(drawn).pixels
            for variant in job.variants
        ]
        return [
            np.asarray(cv2.resize(one, size, interpolation=cv2.INTER_AREA), np.float32) for one in pictures
        ]

    def _with_its_colours(self, job: CompletionJob) -> CompletionJob:
        """Return a job with the colours of the bird that is to be drawn into an outline."""
        if self._teller.outlines is None or job.context.lies.within or not self.bundle.recolours:
            return job
        if self._teller.shown.has(self._teller.outlines.kind_in(job.caption)):  # photos show its colours
            return job
        return replace(job, caption=with_its_colours(job.caption)) if self._teller.names_outline(job) else job

    def _thing_alone(self, job: CompletionJob) -> CompletionJob | None:
        """Return a job without the colours of parts; None where all colours are left to the model."""
        within = job.context.lies.within and not names_round_thing(job.caption)
        if self._teller.outlines is None or within or not self.bundle.recolours:
            return None
        thing, _ = split_parts(job.caption, self._read(job.caption))
        mended = find_colours(job.caption) and self._teller.names_outline(replace(job, caption=thing))
        return replace(job, caption=thing, attention=False, whole=job.caption) if mended else None

    def _own(self, job: CompletionJob) -> _Own | None:
        """Return what the photo shows in the hole in other colours, if a caption colours just that."""
        context, lies = job.context, job.context.lies
        if not find_colours(job.caption) or not self.bundle.recolours:
            return None
        thing, parts = split_parts(job.caption, self._read(job.caption))
        part_alone = bool(parts) and not find_colours(thing)
        most = lies.part and lies.left and not lies.within
        if part_alone and (lies.part or lies.whole):
            notice = COLOURED_PART
        elif (lies.whole or most) and _names_any_bird(job.caption):
            notice = COLOURED_BIRD
        elif lies.other and (self._teller.names_shapeless(job) or self._teller.names_other_kind(job)):
            notice = COLOURED_THING
        else:
            return None
        net, crop, hole = self._recolouring(), context.crop, context.hole
        if part_alone and lies.part:
            found = net.predict_parts(crop, hole, parts, selected=True)
        else:
            found = net.predict(crop, hole, parts if part_alone else job.caption)
        if found is None or _is_grey(crop):  # which has no place for colours
            return None
        pixels = found.apply(crop)[0]
        if not seen_to_change(crop, pixels, hole):
            if notice == COLOURED_PART or not _has_colour(context, job.caption):
                return None
            notice = COLOURED_ALREADY
        return _Own(pixels, found.maps, notice)

    def forget_recordings(self) -> None:
        """As `Completer.forget_recordings`."""
        super().forget_recordings()
        self._plain_birds.clear()

    def located(self, context: EncodedContext) -> EncodedContext:
        """Return a context that says how its hole lies to the thing there; see `Completer.located`."""
        if self._teller.outlines is None or not self.bundle.recolours:
            return context
        location = self._recolouring().locate(context.crop, context.hole)
        size = context.visible.shape[::-1]
        thing = location.thing
        if thing is not None:
            thing = cv2.resize(thing.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
        small = np.asarray(cv2.resize(context.crop, size, interpolation=cv2.INTER_AREA), np.uint8)
        return replace(context, location=location, footing=footing(small, context.visible < 0.5, thing))

    def surrounded(self, context: EncodedContext) -> EncodedContext:
        """Return a context whose fills show what words draw before what the photo shows; see `Completer`.

        What the photo shows in the hole stays, but for a thing that is to be replaced: behind it, its
        surroundings are continued.
        """
        if context.location is None:
            return super().surrounded(context)
        thing = context.location.thing
        if thing is None or context.vacant:
            return replace(context, backdrop=context.crop)
        return replace(context, backdrop=without_things(context.crop, context.hole, thing))

    def _read(self, caption: str) -> Reading:
        """Tell which of a caption's colours each part gets."""
        if not self.bundle.recolours or not names_part(caption) or not find_colours(caption):
            return by_order(caption)
        return self._recolouring().read(caption)

    def _recolouring(self) -> Recolourer:
        if self._recolourer is None:
            self._recolourer = Recolourer(*load_recolour(self.bundle.folder, self.device), self.device)
        return self._recolourer


def _is_bird(told: Silhouette) -> bool:
    """Return whether the model was told a bird: something with a wing."""
    return "wing" in told.parts and bool(told.parts["wing"].any())


def _has_colour(context: EncodedContext, caption: str) -> bool:
    """Return whether the thing in a hole has the first colour of a caption, so that it needs no other."""
    thing = None if context.location is None else context.location.thing
    if thing is None:
        return False
    size = context.crop.shape[1::-1]
    there = cv2.resize(thing.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    there &= context.hole > 0
    return bool(there.any()) and not differs(context.crop, there, np.array(find_colours(caption)[0].lab))


def _is_grey(picture: NDArray[np.uint8]) -> bool:
    red, green, blue = cv2.split(picture)
    return np.array_equal(red, green) and np.array_equal(green, blue)


def _names_any_bird(caption: str) -> bool:
    """Return whether a caption names a bird and not which: what it looks like beside its colours."""
    things = set(things_named(caption))
    return not things.isdisjoint(_ANY_BIRD) and things <= _ANY_BIRD | _BESIDE


def _holds_mean(variants: Sequence[Variant]) -> bool:
    return any(variant.seed is None for variant in variants)


def _without_mean(variants: Sequence[Variant]) -> list[Variant]:
    return [variant for variant in variants if variant.seed is not None]


def _of_words(attention: list[WordUse], caption: str) -> list[WordUse]:
    """Return what a caption's own words got of all attention, which adds up to 1 again."""
    words = set(tokenise(caption))
    own = [word for word in attention if word.word in words]
    total = sum(word.weight for word in own)
    return [replace(word, weight=word.weight / total) if total else word for word in own]
