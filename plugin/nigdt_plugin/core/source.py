"""What a context was cut out of, so that it need not be cut out again for other words."""

from __future__ import annotations

from dataclasses import dataclass

from nigdt.limits import Mode
from nigdt.photo.photo import Photo
from nigdt.recipe import Recipe
from nigdt_plugin.core.document import Document
from nigdt_plugin.core.layers import Layer
from nigdt_plugin.core.selection import Selection


@dataclass(frozen=True, eq=False)
class ContextSource:
    """All that a context depends on.

    Attributes:
        photo: Below the layers.
        layers: Of the document.
        selection: What is to be filled.
        revision: Of the selection.
        how: The model's size, and what of a recipe counts.
    """

    photo: Photo
    layers: tuple[Layer, ...]
    selection: Selection
    revision: int
    how: tuple[int, Mode, float, int]

    @classmethod
    def of(cls, document: Document, selection: Selection, size: int, recipe: Recipe) -> ContextSource:
        """Take note of what a context will be cut out of now."""
        how = size, recipe.effective_mode, recipe.widen, recipe.grown
        return cls(document.photo, document.layers, selection, selection.revision, how)

    def same(self, other: ContextSource) -> bool:
        """Return whether both give the same context."""
        return (
            self.photo is other.photo
            and self.layers == other.layers
            and self.selection is other.selection
            and (self.revision, self.how) == (other.revision, other.how)
        )
