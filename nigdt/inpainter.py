"""Photo + selection + caption -> fills: the library's front door to the model."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from nigdt.answers import CompletionJob, EncodedContext, Fill, RawFill, WordUse
from nigdt.backdrop import has_surroundings
from nigdt.bundle.bundle import BundleInfo, find_bundle
from nigdt.bundle.hub import from_pretrained, save_pretrained
from nigdt.bundle.recolour import load_recolour
from nigdt.bundle.weights import load_model
from nigdt.colours import find_colours, names_part
from nigdt.completer import Completer
from nigdt.context import Context
from nigdt.continuation import Continuation, continues, drawn_words
from nigdt.drawn import coloured
from nigdt.limits import Mode
from nigdt.model import NIGDT, ImageFeatures
from nigdt.notices import (
    CHANGED_NOTHING,
    COLOURED_PART,
    MADE_COLOUR,
    NOTHING_FITS,
    PART_NOT_SELECTED,
    THERE_ALREADY,
)
from nigdt.part_words import asked_parts, split_parts
from nigdt.photo.photo import Photo
from nigdt.recipe import Recipe, Variant, variants_from_seed
from nigdt.recolourer import Recolourer
from nigdt.recolouring import Recolouring, check_caption
from nigdt.round_things import names_round_thing
from nigdt.runtime.devices import usable_device
from nigdt.runtime.recording import CudaGraphs, Recorder
from nigdt.runtime.runner import Precision, Runner, prepare
from nigdt.shading import shaded
from nigdt.spheres import is_lit, lit
from nigdt.text import Vocabulary

__all__ = ["CompletionJob", "EncodedContext", "Fill", "Inpainter", "RawFill", "WordUse"]

_NOTICED = 6
"""Grey levels of 255 that a recolouring must change a pixel by to be seen."""
_LEAST_CHANGED = 0.02
"""Fraction of the selection that it must change; less is told."""
_PLAIN, _PLAIN_BIRDS = "a bird", 8
"""What a bird is called whose shade others get, and how many are kept while only the caption changes."""


class Inpainter(Completer):
    """A loaded model bundle, and the way of a photo through it. Not safe to use from several threads at once.

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
        self._continuation: Continuation | None = None
        self._recolourer: Recolourer | None = None
        self._plain_birds: deque[tuple[ImageFeatures, Variant, NDArray[np.float32]]]
        self._plain_birds = deque(maxlen=_PLAIN_BIRDS)

    @classmethod
    def from_bundle(
        cls,
        name_or_folder: str = "default",
        device: str | None = None,
        precision: Precision = "float32",
        onnx: Path | None = None,
    ) -> Inpainter:
        """Load a bundle.

        Args:
            name_or_folder: "default", a bundle's name, or its folder.
            device: "cpu", "cuda", "cuda:1"; None takes CUDA where there is one.
            precision: "float32", or "bfloat16" for half the memory and, where the processor has instructions
                for it, less time; pictures then differ by up to
                `nigdt.runtime.runner.BFLOAT16_LEVELS` on average.
            onnx: Folder of the bundle's ONNX graphs (`nigdt models onnx`), which ONNX Runtime then runs on
                the CPU in single precision, whatever `device` and `precision`.

        Raises:
            BundleError: The bundle, or its graphs, are missing or broken.
            DeviceError: The device is not there, or does not compute in that precision.
        """
        bundle = find_bundle(name_or_folder)
        if onnx is not None:
            from nigdt.runtime.onnx import OnnxRunner

            model, vocabulary = load_model(bundle, "cpu")
            ready = OnnxRunner(prepare(model, "cpu", "float32"), onnx, bundle.digest)
            return cls(model, vocabulary, bundle, "cpu", runner=ready)
        chosen = usable_device(device)
        model, vocabulary = load_model(bundle, chosen)
        recorder = CudaGraphs() if torch.device(chosen).type == "cuda" else None
        return cls(prepare(model, chosen, precision), vocabulary, bundle, chosen, precision, recorder)

    @classmethod
    def from_pretrained(
        cls, name_or_folder: str | os.PathLike[str], device: str | None = None, revision: str | None = None
    ) -> Inpainter:
        """Load a bundle from a folder in the Hugging Face Hub's layout, or from the Hub.

        Args:
            name_or_folder: As for `nigdt.bundle.hub.from_pretrained`.
            device: As for `from_bundle`.
            revision: Branch, tag or commit on the Hub.

        Raises:
            BundleError: There is none, or it is damaged.
            DeviceError: The device is not there.
        """
        return cls.from_bundle(str(from_pretrained(name_or_folder, revision).folder), device)

    def save_pretrained(self, folder: str | os.PathLike[str], license_id: str = "other") -> None:
        """Write the bundle in the Hub's layout; see `nigdt.bundle.hub.save_pretrained`."""
        save_pretrained(self.bundle, folder, license_id)

    def fill(
        self,
        photo: Image.Image | Photo,
        selection: Image.Image | NDArray,
        caption: str = "",
        mode: Mode = "describe",
        *,
        variants: int = 1,
        seed: int = 0,
        widen: float = 1.0,
        grow: int | None = None,
        feather: int | None = None,
        guidance: float = 1.0,
        detail: float = 1.0,
    ) -> list[Fill]:
        """Fill the selected region of a photo.

        Args:
            photo: Any mode that `Photo` takes.
            selection: Mode L, 1 or bool / uint8 (H, W), of the photo's size as it is seen upright; 255 =
                fill.
            caption: What is to be seen; which colour, to recolour; to remove it may be empty.
            mode: "describe", "recolour" or "remove".
            variants: How many, 1 to 16.
            seed: Of the first one; 0 is the mean answer.
            widen: As `Recipe.widen`.
            grow: As `Recipe.grow`.
            feather: As `Recipe.feather`.
            guidance: As `Recipe.guidance`.
            detail: As `Recipe.detail`.

        Returns:
            One fill per variant.

        Raises:
            SelectionError: The selection is empty or does not fit.
            PhotoError: The photo's mode is not supported.
            CaptionError: A colour was to be named and is not.
            ModelError: The model's answer holds values that are not numbers.
            ValueError: Another argument is out of range.
        """
        recipe = Recipe(
            caption, mode, widen=widen, grow=grow, feather=feather, guidance=guidance, detail=detail
        )
        return self.draw(photo, selection, recipe, variants_from_seed(variants, seed))

    def draw(
        self,
        photo: Image.Image | Photo,
        selection: Image.Image | NDArray,
        recipe: Recipe,
        variants: Sequence[Variant] | None = None,
    ) -> list[Fill]:
        """Fill the selected region of a photo by a recipe, such as one that a saved picture carries.

        Args:
            photo: As in `fill`.
            selection: As in `fill`.
            recipe: What to draw; its bundle and digest are replaced by this model's.
            variants: Which of the possible answers; None takes the recipe's own.

        Raises:
            NigdtError: As in `fill`.
        """
        whole = photo if isinstance(photo, Photo) else Photo.from_image(photo)
        grey = recipe.effective_mode == "recolour" and whole.grey
        whole = whole.in_colour() if grey else whole
        context = Context.of(whole.rgb8, _as_selection(selection), self.size, recipe, whole.alpha8)
        recipe = replace(recipe, bundle=self.bundle.name, digest=self.bundle.digest)
        wanted = (recipe.variant,) if variants is None else variants
        unknown = tuple(self.unknown_words(recipe.caption))
        fills = []
        for raw in self.answer(*context.sent, recipe, wanted):
            result = context.onto(whole, raw.pixels, recipe, raw.maps)
            notices = (*([MADE_COLOUR] if grey else []), *context.notices(recipe), *raw.notices)
            fills.append(Fill(result.to_image(), result, recipe.with_variant(raw.variant), unknown, notices))
        return fills

    def answer(
        self, crop: NDArray[np.uint8], mask: NDArray[np.uint8], recipe: Recipe, variants: Sequence[Variant]
    ) -> list[RawFill]:
        """Draw a recipe in a context, in whichever mode.

        Args:
            crop: (h, w, 3), from `Context.sent`, as the next.
            mask: (h, w), the hole; to recolour, the selection.
            recipe: What to draw.
            variants: Which of the possible answers.
        """
        if recipe.effective_mode == "recolour":
            return [self.recolour(crop, mask, recipe.caption, variant) for variant in variants]
        if continues(crop, mask, recipe):
            return [self._continue(crop, mask, recipe, variant) for variant in variants]
        return self._describe(crop, mask, recipe, recipe.caption, variants)

    def _describe(
        self,
        crop: NDArray[np.uint8],
        hole: NDArray[np.uint8],
        recipe: Recipe,
        caption: str,
        variants: Sequence[Variant],
    ) -> list[RawFill]:
        context = self.located(self.encode(crop, hole))
        if has_surroundings(caption):
            context = self.surrounded(context)
        job = CompletionJob(context, caption, variants, guidance=recipe.guidance, detail=recipe.detail)
        return self.complete([job])[0]

    def complete(self, jobs: Sequence[CompletionJob], batch: int = 1) -> list[list[RawFill]]:
        """Run the text half, as `Completer.complete`.

        A thing that is drawn into an outline is drawn without the colours of its parts first; then it gets
        all colours that its caption names (`nigdt.drawn`).

        Where the photo itself shows the part that a caption gives a colour to, and the rest of the thing
        around the hole, the mean answer is the photo's own part in that colour.
        """
        things = [self._thing_alone(job) for job in jobs]
        fills = super().complete([thing or job for job, thing in zip(jobs, things, strict=True)], batch)
        return [
            [self._finished(job, thing is not None, fill) for fill in made]
            for job, thing, made in zip(jobs, things, fills, strict=True)
        ]

    def _finished(self, job: CompletionJob, drawn: bool, fill: RawFill) -> RawFill:
        """Return the photo's own part in its colour, or what was drawn in all its colours."""
        mean = fill.variant.seed is None
        own = self._own_part(job) if mean else None
        if drawn and (own is None or job.attention):
            fill = self._shaded(job, self._coloured(job, fill))
        if own is not None:
            return replace(fill, pixels=own.apply(job.context.crop)[0], notices=(COLOURED_PART,))
        if not drawn:
            return fill
        told = mean and job.context.occupied and not names_round_thing(job.caption)
        return replace(fill, notices=(*fill.notices, THERE_ALREADY)) if told else fill

    def shown(self, job: CompletionJob) -> list[NDArray[np.float32]]:
        """Return fills as they are seen in the photo, as `Completer.shown`."""
        if self._thing_alone(job) is None and not (job.context.part and split_parts(job.caption)[1]):
            return super().shown(job)
        size = job.context.visible.shape[::-1]
        pictures = [fill.pixels for fill in self.complete([job])[0]]
        return [
            np.asarray(cv2.resize(one, size, interpolation=cv2.INTER_AREA), np.float32) for one in pictures
        ]

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
        if not np.any(fill.parts.get("wing", False)):
            return fill
        asked = frozenset(part for one in asked_parts(job.caption)[0] for part in one.parts)
        plain = self._plain(job, fill)
        pixels = shaded(fill.pixels, plain, fill.outline, fill.parts, asked)
        return replace(fill, pixels=np.where(job.context.hole[..., None] > 0, pixels, fill.pixels))

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

    def recolour(
        self, crop: NDArray[np.uint8], selection: NDArray[np.uint8], caption: str, variant: Variant
    ) -> RawFill:
        """Give what is selected the colour that a caption names.

        Raises:
            CaptionError: It names none.
            BundleError: The bundle cannot recolour.
        """
        check_caption(caption)  # before anything is loaded
        net = self._recolouring()
        found = net.predict(crop, selection, caption)
        pixels = found.apply(crop)[0]
        notices: tuple[str, ...] = ()
        changed = np.abs(pixels.astype(np.int16) - crop).max(axis=2)[selection > 0] > _NOTICED
        if changed.mean() < _LEAST_CHANGED:
            notices = (CHANGED_NOTHING,)
        elif not names_part(caption) and net.locate(crop, selection).left:
            notices = (PART_NOT_SELECTED,)
        return RawFill(pixels, variant, notices=notices, maps=found.maps)

    def object_at(self, photo: NDArray[np.uint8], x: float, y: float) -> NDArray[np.uint8]:
        """Tell where in a photo the object is that was clicked, as far as the model can see it.

        Args:
            photo: (h, w, 3); a copy with a longer side of 500 to 1000 pixels is enough.
            x: Column of the click, 0 to w.
            y: Row of the click, 0 to h.

        Returns:
            (h, w), 255 where the model is sure of it; 0 everywhere if it sees none there.

        Raises:
            BundleError: The bundle finds no objects.
        """
        return self._recolouring().object_at(photo, x, y)

    def _recolouring(self) -> Recolourer:
        if self._recolourer is None:
            self._recolourer = Recolourer(*load_recolour(self.bundle.folder, self.device), self.device)
        return self._recolourer

    def _continue(
        self, crop: NDArray[np.uint8], hole: NDArray[np.uint8], recipe: Recipe, variant: Variant
    ) -> RawFill:
        if self._continuation is None:
            self._continuation = Continuation()
        fill = self._continuation.fill(crop, hole, recipe, variant)
        if fill is not None:
            return fill
        drawn = self._describe(crop, hole, recipe, drawn_words(recipe), [variant])[0]
        return replace(drawn, notices=(NOTHING_FITS,))


def _as_selection(selection: Image.Image | NDArray) -> NDArray[np.uint8]:
    if isinstance(selection, Image.Image):
        return np.array(selection if selection.mode == "L" else selection.convert("L"))
    return selection.astype(np.uint8) * 255 if selection.dtype == np.bool_ else selection
