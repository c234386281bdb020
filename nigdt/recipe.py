"""How a fill came about: everything that decides its pixels, beside the photo and the selection.

One record travels unchanged from the caption box to the daemon and back, into the history, the layer, the
project file and the saved picture. Standard library only: the GIMP plug-in carries it too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from nigdt.limits import (
    CAPTION_CHARS,
    DETAIL_MAX,
    FEATHER_MAX,
    GROW,
    GROW_MAX,
    GUIDANCE_MAX,
    MODES,
    SEED_MAX,
    VARIANTS,
    WIDEN_MAX,
    Mode,
    check_number,
)

__all__ = ["Recipe", "Variant", "variants_from_seed"]


@dataclass(frozen=True)
class Variant:
    """One answer out of the distribution that the model predicts.

    The latent is `z = mu + sigma * noise` (eq. 13). The noise is the standard normal draw `eps(seed)`; with a
    `spread` below one it stays near another variant's draw, and remains standard normal:
    `noise = sqrt(1 - spread^2) * eps(base) + spread * eps(seed)`.

    Attributes:
        seed: Seed of the draw, 0 to `SEED_MAX`; None is the mean answer (`z = mu`) whatever the rest says.
        base: Seed of the variant to stay near; None stays near the mean answer. Unused when `spread` is 1.
        spread: 0 to 1, how far to move away from `base`; 1 is an independent draw.

    Raises:
        ValueError: A seed or the spread is out of range.
    """

    seed: int | None = None
    base: int | None = None
    spread: float = 1.0

    def __post_init__(self) -> None:
        for name in ("seed", "base"):
            if getattr(self, name) is not None:
                check_number(name, getattr(self, name), 0, SEED_MAX, whole=True)
        check_number("spread", self.spread, 0, 1)

    def to_dict(self) -> dict[str, int | float | None]:
        """Convert to plain values, for JSON."""
        return asdict(self)


def variants_from_seed(n: int, seed: int = 0) -> list[Variant]:
    """Return the draws with the seeds `seed`, `seed + 1`, ..., where seed 0 stands for the mean answer.

    Args:
        n: How many variants, 1 to `VARIANTS`.
        seed: Of the first one, 0 to `SEED_MAX`; beyond that the seeds go on from 1.

    Raises:
        ValueError: `n` or `seed` is out of range.
    """
    check_number("The number of variants", n, 1, VARIANTS, whole=True)
    check_number("The seed", seed, 0, SEED_MAX, whole=True)
    seeds = [number if number <= SEED_MAX else number - SEED_MAX for number in range(seed, seed + n)]
    return [Variant(seed=number or None) for number in seeds]


@dataclass(frozen=True)
class Recipe:
    """What was asked for.

    Attributes:
        caption: What is to be seen in the hole.
        mode: `describe`, `recolour` or `remove`.
        bundle: Name of the model bundle.
        digest: Of that bundle's files (`BundleInfo.digest`), empty before a model has drawn anything.
        variant: Which of the possible answers.
        widen: Factor on the side of the context, 1 to `WIDEN_MAX`.
        grow: Pixels by which the selection is grown before anything else, 0 to `GROW_MAX`; None takes what
            `GROW` says for the mode, and lets a colour go on to the edge of its object (`nigdt.rim`).
        feather: Pixels over which the fill fades out, 0 to `FEATHER_MAX`; None chooses by the selection.
        match_colours: How far the fill's colours are matched at the seam, 0 to 1.
        strength: Opacity of the fill, 0 to 1.
        guidance: How strongly the words count, 0 to `GUIDANCE_MAX`: the model's answer without words plus so
            many times what the words change; 1 is the model's own answer. Described fills alone have it.
        detail: Factor on the photo's texture in an enlarged fill, 0 to `DETAIL_MAX`; 1 is what the
            surroundings let expect. Described fills alone have it.

    Raises:
        ValueError: A field is out of range.
    """

    caption: str = ""
    mode: Mode = "describe"
    bundle: str = "default"
    digest: str = ""
    variant: Variant = Variant()
    widen: float = 1.0
    grow: int | None = None
    feather: int | None = None
    match_colours: float = 1.0
    strength: float = 1.0
    guidance: float = 1.0
    detail: float = 1.0

    def __post_init__(self) -> None:
        for name in ("caption", "bundle", "digest"):
            value = getattr(self, name)
            if not isinstance(value, str):
                raise ValueError(f"{name} is not a text.")
            if not _encodable(value):
                raise ValueError(f"The {name} is not a text in UTF-8.")
        if len(self.caption) > CAPTION_CHARS:
            raise ValueError(
                f"The caption has {len(self.caption)} characters; at most {CAPTION_CHARS} are allowed."
            )
        if self.mode not in MODES:
            raise ValueError(f"The mode is {self.mode!r}, not one of {', '.join(MODES)}.")
        if not isinstance(self.variant, Variant):
            raise ValueError("The variant is not a variant.")
        check_number("widen", self.widen, 1, WIDEN_MAX)
        for name, most in (("grow", GROW_MAX), ("feather", FEATHER_MAX)):
            if getattr(self, name) is not None:
                check_number(name, getattr(self, name), 0, most, whole=True)
        check_number("match_colours", self.match_colours, 0, 1)
        check_number("strength", self.strength, 0, 1)
        check_number("guidance", self.guidance, 0, GUIDANCE_MAX)
        check_number("detail", self.detail, 0, DETAIL_MAX)

    @property
    def effective_mode(self) -> Mode:
        """The mode that is really drawn in: to describe without a word is to remove."""
        return "remove" if self.mode == "describe" and not self.caption.strip() else self.mode

    @property
    def grown(self) -> int:
        """Pixels by which the selection is grown."""
        return GROW[self.effective_mode] if self.grow is None else self.grow

    @property
    def reaches(self) -> bool:
        """Whether a colour may go on to the edge of its object beside the selection (`nigdt.rim`)."""
        return self.effective_mode == "recolour" and self.grow is None

    def with_variant(self, variant: Variant) -> Recipe:
        """Return the same recipe for another of the possible answers."""
        return replace(self, variant=variant)

    def to_dict(self) -> dict[str, Any]:
        """Convert to plain values, for JSON; the variant's fields stand beside the others."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        del values["variant"]
        return {**values, **self.variant.to_dict()}

    @classmethod
    def from_dict(cls, values: object) -> Recipe:
        """Read what `to_dict` gave; fields that are missing have their defaults.

        Raises:
            ValueError: It is no object, a field is unknown, or a value is out of range.
        """
        if not isinstance(values, Mapping):
            raise ValueError("A recipe is an object with named fields.")
        draw = {field.name for field in fields(Variant)}
        unknown = values.keys() - {field.name for field in fields(cls)} - draw | values.keys() & {"variant"}
        if unknown:
            raise ValueError(f"A recipe has no field {min(map(str, unknown))!r}.")
        rest = {name: value for name, value in values.items() if name not in draw}
        return cls(**rest, variant=Variant(**{name: value for name, value in values.items() if name in draw}))


def _encodable(text: str) -> bool:
    """Tell whether UTF-8 can encode a text: JSON allows lone surrogates, UTF-8 does not."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
