"""What the panel remembers between starts."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any

from nigdt import limits, schema
from nigdt.recipe import Recipe
from nigdt.schema import Meta, Probability
from nigdt_plugin.core.files import panel_state_path, read_json, settings_path, write_json
from nigdt_plugin.core.presets import FillChoices, Preset

_RECENT = 12
_CAPTIONS = 60
BRUSH_MAX = 400
"""Largest diameter of the brush, in photo pixels."""


@dataclass
class State(FillChoices):
    """How the panel was left: the choices of `FillChoices`, tools, and what was used.

    Attributes:
        brush_size: Diameter in photo pixels, 1 to `BRUSH_MAX`.
        brush_hardness: 0..1.
        tolerance: Of the wand, 0..255.
        export_quality: Of exported pictures, 30..100.
        export_longest: Most pixels of their longer side, 0 for any.
        seen_hints: Whether the first-run hints were closed.
        recent: Paths of photos, newest first.
        captions: Captions used, newest first.
        presets: Mode, words and settings that the user keeps.
        window: Geometry as the window wrote it, base64.
    """

    brush_size: Annotated[float, Meta(ge=1, le=BRUSH_MAX)] = 40.0
    brush_hardness: Probability = 0.8
    tolerance: Annotated[int, Meta(ge=0, le=255)] = 24
    export_quality: Annotated[int, Meta(ge=30, le=100)] = 90
    export_longest: Annotated[int, Meta(ge=0, le=65_500)] = 0
    seen_hints: bool = False
    recent: list[str] = field(default_factory=list)
    captions: list[str] = field(default_factory=list)
    presets: list[Preset] = field(default_factory=list)
    window: str = ""


@dataclass
class Settings(State):
    """The user's settings, in a file that people may write, and the panel's state, in another.

    Attributes:
        theme: "system", "light" or "dark".
        language: "system", or a language code such as "de".
        model: Name of the bundle to fill with.
        variants: Answers per fill, 1 to 16.
        live: Whether fills follow the typing.
        provenance: Whether saved files say model, caption, seed and region.
        keys: Shortcuts of actions that the user changed, by the name of the action.
    """

    theme: str = "system"
    language: str = "system"
    model: str = "default"
    variants: Annotated[int, Meta(ge=1, le=limits.VARIANTS)] = 3
    live: bool = True
    provenance: bool = True
    keys: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls) -> Settings:
        """Read settings and state; damage never stops the panel, see `nigdt.schema.build_leniently`.

        Earlier versions kept the state with the settings: it is read there until it has a file of its own.
        """
        settings = schema.build_leniently(cls, read_json(settings_path()) | read_json(panel_state_path()))
        settings.feather = float(round(settings.feather))
        return settings

    def files(self) -> dict[Path, dict[str, Any]]:
        """Return what is to be written, by file."""
        values = asdict(self)
        state = {one.name: values.pop(one.name) for one in fields(State)}
        return {settings_path(): values, panel_state_path(): state}

    def save(self) -> None:
        """Write settings and state.

        Raises:
            OSError: The disk or the folder refuses.
        """
        for path, values in self.files().items():
            write_json(path, values)

    def recipe(self) -> Recipe:
        """Return how fills are asked for and blended, but for caption, bundle and variant."""
        grown = self.mode == "remove" and self.grow >= 0
        return Recipe(
            mode=self.mode,
            grow=self.grow if grown else None,
            widen=self.widen,
            feather=None if self.feather < 0 else round(self.feather),
            match_colours=self.match_colours,
            strength=self.strength,
            guidance=self.guidance,
            detail=self.detail,
        )

    def take_asked(self, recipe: Recipe) -> None:
        """Take over from a recipe what a new fill is needed for."""
        self.widen, self.guidance, self.detail = recipe.widen, recipe.guidance, recipe.detail

    def remember_photo(self, path: Path) -> None:
        """Put a photo at the top of the recent ones."""
        name = str(path.absolute())
        self.recent = [name, *(entry for entry in self.recent if entry != name)][:_RECENT]

    def keep_preset(self, preset: Preset) -> None:
        """Keep a preset, in place of one of the same name."""
        self.presets = [*(entry for entry in self.presets if entry.name != preset.name), preset]

    def remember_caption(self, caption: str) -> None:
        """Put a caption at the top of the used ones."""
        caption = " ".join(caption.split())
        if caption:
            self.captions = [caption, *(entry for entry in self.captions if entry != caption)][:_CAPTIONS]
