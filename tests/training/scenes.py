"""Pictures that stand in for photos."""

from __future__ import annotations

import numpy as np
from PIL import Image


def scene(seed: int, width: int = 120, height: int = 96) -> Image.Image:
    """A picture of soft blobs that differs from seed to seed."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)
