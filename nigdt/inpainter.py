"""Photo + selection + caption -> fills: the library's front door to the model."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from nigdt.answers import CompletionJob, EncodedContext, Fill, RawFill, WordUse
from nigdt.backdrop import has_surroundings
from nigdt.bundle.bundle import find_bundle
from nigdt.bundle.hub import from_pretrained, save_pretrained
from nigdt.bundle.weights import load_model
from nigdt.bystanders import Bystanders
from nigdt.colours import names_part
from nigdt.context import Context
from nigdt.continuation import Continuation, continues, drawn_words
from nigdt.errors import PhotoError
from nigdt.finisher import Finisher
from nigdt.limits import Mode
from nigdt.notices import (
    CHANGED_NOTHING,
    GOES_ON,
    MADE_COLOUR,
    NOTHING_FITS,
    PART_NOT_SELECTED,
)
from nigdt.photo.photo import Photo
from nigdt.recipe import Recipe, Variant, variants_from_seed
from nigdt.recolouring import check_caption, seen_to_change
from nigdt.runtime.devices import usable_device
from nigdt.runtime.recording import CudaGraphs
from nigdt.runtime.runner import Precision, prepare

__all__ = ["CompletionJob", "EncodedContext", "Fill", "Inpainter", "RawFill", "WordUse"]


class Inpainter(Finisher):
    """A loaded model bundle, and the way of a photo through it. Not safe to use from several threads at once.

    Attributes:
        bundle: What was loaded.
    """

    _continuation: Continuation | None = None
    _bystanders: Bystanders | None = None

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
        photo: Image.Image | NDArray | Photo,
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
            photo: Any mode that `Photo` takes, or uint8 (H, W), (H, W, 3) or (H, W, 4).
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
        photo: Image.Image | NDArray | Photo,
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
        whole = _as_photo(photo)
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
            return [
                self.recolour(crop, mask, recipe.caption, variant, recipe.reaches) for variant in variants
            ]
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

    def recolour(
        self,
        crop: NDArray[np.uint8],
        selection: NDArray[np.uint8],
        caption: str,
        variant: Variant,
        reaching: bool = False,
    ) -> RawFill:
        """Give what is selected the colour that a caption names.

        Args:
            crop: (h, w, 3), from `Context.sent`, as the next.
            selection: (h, w).
            caption: What is wanted; it must name a colour.
            variant: What the fill is called.
            reaching: As in `Recolourer.predict`.

        Raises:
            CaptionError: It names none.
            BundleError: The bundle cannot recolour.
        """
        check_caption(caption)  # before anything is loaded
        net = self._recolouring()
        found = net.predict(crop, selection, caption, reaching=reaching)
        pixels = found.apply(crop)[0]
        notices: tuple[str, ...] = ()
        if not seen_to_change(crop, pixels, selection):
            notices = (CHANGED_NOTHING,)
        elif found.goes_on:
            notices = (GOES_ON,)
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

    def object_within(self, photo: NDArray[np.uint8], selection: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Tell where the object is that a box or a lasso was drawn around; as `object_at` otherwise.

        Args:
            photo: (h, w, 3); a copy with a longer side of 500 to 1000 pixels is enough.
            selection: (h, w), above 0 where selected; not empty.
        """
        return self._recolouring().object_within(photo, selection)

    def _continue(
        self, crop: NDArray[np.uint8], hole: NDArray[np.uint8], recipe: Recipe, variant: Variant
    ) -> RawFill:
        if self._continuation is None or self._bystanders is None:
            self._continuation, self._bystanders = Continuation(), Bystanders()
        look = partial(self._bystanders.free, self.bundle, crop, hole)
        fill = self._continuation.fill(crop, hole, recipe, variant, free=look)
        if fill is not None:
            return fill
        drawn = self._describe(crop, hole, recipe, drawn_words(recipe), [variant])[0]
        return replace(drawn, notices=(NOTHING_FITS,))


def _as_photo(photo: Image.Image | NDArray | Photo) -> Photo:
    if isinstance(photo, Photo):
        return photo
    if isinstance(photo, np.ndarray):
        colours = photo.ndim == 3 and photo.shape[2] in (3, 4)
        if photo.dtype != np.uint8 or not (photo.ndim == 2 or colours) or not photo.size:
            raise PhotoError(
                f"An array of shape {photo.shape} and type {photo.dtype} is no photo.",
                "Give uint8 of shape (H, W), (H, W, 3) or (H, W, 4).",
            )
        photo = Image.fromarray(np.ascontiguousarray(photo))
    return Photo.from_image(photo)


def _as_selection(selection: Image.Image | NDArray) -> NDArray[np.uint8]:
    if isinstance(selection, Image.Image):
        return np.array(selection if selection.mode == "L" else selection.convert("L"))
    return selection.astype(np.uint8) * 255 if selection.dtype == np.bool_ else selection
