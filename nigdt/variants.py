"""Which of the many possible fills: the recipe of a variant's noise. Needs no torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass

__all__ = ["MAX_SEED", "Variant", "variants_from_seed"]

MAX_SEED = 2**63 - 1
"""Largest seed that every random generator in use accepts."""


@dataclass(frozen=True)
class Variant:
    """One answer out of the distribution the model predicts.

    The latent is `z = mu + sigma * noise` (eq. 13). The noise is the standard normal draw `eps(seed)`; with a
    `spread` below one it stays near another variant's draw, and remains standard normal:
    `noise = sqrt(1 - spread^2) * eps(base) + spread * eps(seed)`.

    Attributes:
        seed: Seed of the draw, 0 to `MAX_SEED`; None is the mean answer (`z = mu`) whatever the rest says.
        base: Seed of the variant to stay near; None stays near the mean answer. Unused when `spread` is 1.
        spread: 0 to 1, how far to move away from `base`; 1 is an independent draw.

    Raises:
        ValueError: A seed or the spread is out of range.
    """

    seed: int | None = None
    base: int | None = None
    spread: float = 1.0

    def __post_init__(self) -> None:
        for seed in (self.seed, self.base):
            if seed is not None and not 0 <= seed <= MAX_SEED:
                raise ValueError(f"seed {seed} is outside 0 to {MAX_SEED}")
        if not 0.0 <= self.spread <= 1.0:
            raise ValueError(f"spread {self.spread} is outside 0 to 1")

    @property
    def is_mean(self) -> bool:
        """Whether this is the mean answer, which needs no noise."""
        return self.seed is None

    def to_dict(self) -> dict[str, int | float | None]:
        """As plain values, for JSON."""
        return asdict(self)


def variants_from_seed(n: int, seed: int = 0) -> list[Variant]:
    """The mean answer first, then `n - 1` independent draws with the seeds `seed + 1`, `seed + 2`, ....

    Args:
        n: How many variants, at least one.
        seed: Starting point, 0 to `MAX_SEED - n`.

    Raises:
        ValueError: `n` or `seed` is out of range.
    """
    if n < 1:
        raise ValueError(f"{n} variants asked for; at least one is needed")
    return [Variant()] + [Variant(seed=seed + i) for i in range(1, n)]
