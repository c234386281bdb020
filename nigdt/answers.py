"""What goes into an `nigdt.Inpainter` and what comes out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nigdt.context.detail import Residual
from nigdt.locating import Location
from nigdt.photo.photo import Photo
from nigdt.recipe import Recipe, Variant

if TYPE_CHECKING:  # a removal's answer needs no torch, which takes seconds to load
    from nigdt.model import ImageFeatures

__all__ = ["CompletionJob", "EncodedContext", "Fill", "RawFill", "WordEffect", "WordUse"]


@dataclass(frozen=True)
class WordUse:
    """What the model made of one word of the caption (eq. 5).

    Attributes:
        word: Lower case.
        known: Whether it is in the model's vocabulary.
        weight: 0 to 1, its fraction of all attention that the caption's words got; they add up to 1.
        map: (gh, gw) float32 over the context, 0 to 1: where. Cells inside the hole are 0, the model looks at
            the surroundings to find the words they do not explain.
    """

    word: str
    known: bool
    weight: float
    map: NDArray[np.float32]


@dataclass(frozen=True)
class WordEffect:
    """What one word of a caption did to a fill.

    Attributes:
        word: Lower case.
        known: Whether it is in the model's vocabulary; one that is not has no effect.
        change: Mean absolute difference in the hole between the fills with and without it, in grey levels of
            255.
        map: (gh, gw) float32, where, in grey levels; 0 outside the hole.
        without: (H, W, 3) uint8, the fill without the word, at the model's working size.
    """

    word: str
    known: bool
    change: float
    map: NDArray[np.float32]
    without: NDArray[np.uint8]


@dataclass(frozen=True)
class RawFill:
    """The model's picture of the context, neither colour matched nor blended.

    Attributes:
        pixels: (h, w, 3) uint8 at the crop's resolution, hole and surroundings; where that is larger than the
            model's, the hole carries the photo's own fine detail (`nigdt.context.detail`).
        variant: The recipe it came from.
        attention: One entry per word of the caption where asked for, else None; empty for models without
            attention.
        notices: What a user should know about it, one sentence each.
        maps: Of a recolouring (`nigdt.recolouring`), with which it is painted at any size.
        effects: What each word of the caption did, where asked for (`nigdt.effects`).
        outline: (H, W) in 0 to 1, where the model was told to draw (`nigdt.outlines`); None where it was not.
    """

    pixels: NDArray[np.uint8]
    variant: Variant
    attention: list[WordUse] | None = None
    notices: tuple[str, ...] = ()
    maps: NDArray[np.float32] | None = None
    effects: list[WordEffect] | None = None
    outline: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class EncodedContext:
    """The image half of a fill. Does not depend on the caption; belongs to what made it.

    Attributes:
        crop: (h, w, 3) uint8, the context.
        hole: (h, w) uint8, 255 = made by the model, else 0.
        visible: (H, W) float32, the model's M: 1 where the photo is visible, else 0.
        seen: (H, W, 3) float32 in [-1, 1], the visible picture that the model sees, 0 in the hole.
        features: What the image encoder gave, for a batch of one.
        residual: The photo's detail that fills are enlarged with; None where the crop is no larger than the
            model's picture.
        backdrop: (h, w, 3) uint8, what words draw is laid over it (`nigdt.backdrop`): the context itself, or
            with its surroundings continued where something has to make room; None leaves all to the model.
        location: How the hole lies to the things that the photo shows there; None where nobody looked.
        footing: Row of `visible` at which a bird in the hole can stand; None where nothing is seen there.
    """

    crop: NDArray[np.uint8]
    hole: NDArray[np.uint8]
    visible: NDArray[np.float32]
    seen: NDArray[np.float32]
    features: ImageFeatures
    residual: Residual | None
    backdrop: NDArray[np.uint8] | None = None
    location: Location | None = None
    footing: int | None = None

    @property
    def lies(self) -> Location:
        """How the hole lies to what the photo shows there; where nobody looked, it shows nothing."""
        return self.location or Location()

    @property
    def vacant(self) -> bool:
        """Whether nothing has to make room for what is drawn: all that the photo shows there can stay."""
        return self.location is not None and (self.location.within or self.location.thing is None)

    @property
    def nbytes(self) -> int:
        """Memory it holds, for caches."""
        held = [self.crop, self.hole, self.visible, self.seen, self.backdrop, *vars(self.features).values()]
        size = sum(array.nbytes for array in held if array is not None)
        return size + (self.residual.nbytes if self.residual is not None else 0)


@dataclass(frozen=True)
class CompletionJob:
    """The text half of a fill.

    Attributes:
        context: From `Completer.encode`.
        caption: What is to be drawn in the hole; unknown words guide nothing, none known is empty guidance.
        variants: Which fills.
        attention: Whether `RawFill.attention` is wanted.
        guidance: As `Recipe.guidance`.
        detail: As `Recipe.detail`.
        whole: What is to be seen, where a thing is drawn without the colours of its parts and gets all its
            colours afterwards (`nigdt.finisher`); else None.
    """

    context: EncodedContext
    caption: str
    variants: Sequence[Variant] = field(default_factory=lambda: (Variant(),))
    attention: bool = False
    guidance: float = 1.0
    detail: float = 1.0
    whole: str | None = None


@dataclass(frozen=True)
class Fill:
    """One answer, in the photo.

    Attributes:
        photo: Pillow picture of the size and mode of the input; pixels outside the hole are untouched.
        result: The same as a `Photo`, which saves 16-bit colour and metadata too.
        recipe: Everything that decided its pixels.
        unknown_words: Words of the caption that the model does not know.
        notices: What a user should know about it, one sentence each.
    """

    photo: Image.Image
    result: Photo
    recipe: Recipe
    unknown_words: tuple[str, ...]
    notices: tuple[str, ...]

    @property
    def seed(self) -> int | None:
        """The variant's seed; None for the mean answer."""
        return self.recipe.variant.seed
