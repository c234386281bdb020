from __future__ import annotations

import cv2
import numpy as np
from nigdt_training.data.parts import part_labels
from nigdt_training.recolour.cutouts import Cutout


def scene(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A reddish ellipse with texture before green: photo and mask."""
    rng = np.random.default_rng(seed)
    mask = np.zeros((120, 160), np.uint8)
    cv2.ellipse(mask, (80, 60), (45, 30), 20, 0, 360, 255, -1)
    shade = (
        cv2.GaussianBlur(rng.normal(0, 14, mask.shape), (0, 0), 0.8)[..., None]
        + np.linspace(-20, 20, 160)[:, None]
    )
    colour = np.where(mask[..., None] > 0, (170, 70, 60), (60, 120, 60))
    return np.clip(colour + shade, 0, 255).astype(np.uint8), cv2.GaussianBlur(mask, (0, 0), 1)


def bird(**changes) -> Cutout:
    photo, mask = scene()
    places = {
        "left_wing": [70.0, 60.0],
        "belly": [85.0, 80.0],
        "crown": [115.0, 65.0],
        "left_eye": [118.0, 72.0],
    }
    values = {
        "photo": photo,
        "mask": mask,
        "parts": part_labels(photo, mask, places),
        "source": "cub20",
        "file": "one.jpg",
        "captions": ["a red sparrow on grass"],
        "held": False,
        "places": places,
    }
    return Cutout(**{**values, **changes})
