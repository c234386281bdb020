"""Selections as people draw them around an object, or through it."""

from __future__ import annotations

import cv2
import numpy as np

from nigdt.box import selection_box

KINDS = ("tight", "grown", "lasso", "box", "ellipse", "whole", "across")
_ODDS = (0.30, 0.18, 0.14, 0.20, 0.05, 0.05, 0.08)


def draw_selection(mask: np.ndarray, rng: np.random.Generator, kind: str | None = None) -> np.ndarray:
    """Return a selection for an object.

    Args:
        mask: (H, W) float32 in 0..1, the object.
        rng: Chooses kind and size.
        kind: One of `KINDS` instead of a drawn one.

    Returns:
        (H, W) float32 in 0..1; never empty if the object is not.
    """
    kind = kind or str(rng.choice(KINDS, p=_ODDS))
    hard = (mask > 0.3).astype(np.uint8)
    if kind == "whole" or not hard.any():
        return np.ones_like(mask)
    size = float(np.sqrt(hard.sum()))
    if kind == "tight":
        chosen = _grown(hard, rng.uniform(0, 0.04) * size)
    elif kind == "grown":
        chosen = _grown(hard, rng.uniform(0.04, 0.25) * size)
    elif kind == "lasso":
        chosen = _lasso(hard, size, rng)
    else:
        inner = selection_box(hard)
        top, bottom, left, right = inner.top, inner.bottom, inner.left, inner.right
        h, w = inner.height, inner.width
        if kind == "across":
            # A box that takes only a part of the object along.
            cy, cx = rng.uniform(top, bottom), rng.uniform(left, right)
            half = rng.uniform(0.2, 0.5) * max(h, w)
            box = (cy - half, cy + half, cx - half * rng.uniform(0.6, 1.5), cx + half * rng.uniform(0.6, 1.5))
        else:
            most = 0.15 if rng.random() < 0.5 else 0.6
            m = rng.uniform(0, most, 4)
            box = (top - m[0] * h, bottom + m[1] * h, left - m[2] * w, right + m[3] * w)
        y0, y1 = (int(np.clip(v, 0, mask.shape[0])) for v in box[:2])
        x0, x1 = (int(np.clip(v, 0, mask.shape[1])) for v in box[2:])
        chosen = np.zeros_like(hard)
        if kind == "ellipse":
            axes = (int((x1 - x0) * 0.62), int((y1 - y0) * 0.62))
            cv2.ellipse(chosen, ((x0 + x1) // 2, (y0 + y1) // 2), axes, 0, 0, 360, 1, -1)
        else:
            chosen[y0:y1, x0:x1] = 1
    if not (chosen & hard).any():
        chosen = _grown(hard, 2)
    result = chosen.astype(np.float32)
    if rng.random() < 0.35:
        result = cv2.GaussianBlur(result, (0, 0), rng.uniform(0.4, 1.5)).clip(0, 1)
    return result


def draw_limbs(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Thin crooked strokes that grow out of an object, as legs, tails and feelers do.

    What cuts objects out loses such parts; strokes teach that a selection that follows them means them too.

    Args:
        mask: (H, W) float32 in 0..1, the object.
        rng: Chooses number, place and shape.

    Returns:
        (H, W) float32 in 0..1.
    """
    limbs = np.zeros(mask.shape, np.uint8)
    rows, columns = np.nonzero(mask > 0.5)
    if not rows.size:
        return limbs.astype(np.float32)
    size = float(np.sqrt(rows.size))
    for _ in range(int(rng.integers(1, 5))):
        i = int(rng.integers(rows.size))
        point, angle = np.array([columns[i], rows[i]], np.float64), rng.uniform(0, 2 * np.pi)
        line = [point]
        for _ in range(4):
            angle += rng.normal(0, 0.5)
            point = point + rng.uniform(0.12, 0.28) * size * np.array([np.cos(angle), np.sin(angle)])
            line.append(point)
        width = max(1, round(rng.uniform(0.02, 0.10) * size))
        cv2.polylines(limbs, [np.rint(line).astype(np.int32)], False, 255, width)
    return cv2.GaussianBlur(limbs, (0, 0), 0.6).astype(np.float32) / 255


def draw_patch(lab: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a part of an object to have another colour than the rest: a side, a spot, or its lighter half.

    Args:
        lab: (H, W, 3) float32.
        mask: (H, W) float32 in 0..1, the object.
        rng: Chooses.

    Returns:
        (H, W) float32 in 0..1.
    """
    height, width = mask.shape
    kind = rng.random()
    if kind < 0.35 and (mask > 0.5).any():
        level = float(np.percentile(lab[..., 0][mask > 0.5], rng.uniform(25, 75)))
        field = (lab[..., 0] - level) * (1 if rng.random() < 0.5 else -1)
    elif kind < 0.7:
        rough = rng.normal(0, 1, (4, 4)).astype(np.float32)
        field = np.asarray(cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC))
    else:
        angle = rng.uniform(0, 2 * np.pi)
        y, x = np.mgrid[:height, :width]
        rows, columns = np.nonzero(mask > 0.5)
        i = int(rng.integers(rows.size)) if rows.size else 0
        cy, cx = (rows[i], columns[i]) if rows.size else (height / 2, width / 2)
        field = (x - cx) * np.cos(angle) + (y - cy) * np.sin(angle)
    return cv2.GaussianBlur((field > 0).astype(np.float32), (0, 0), 1.0)


def _grown(hard: np.ndarray, radius: float) -> np.ndarray:
    r = max(0, round(radius))
    return (
        cv2.dilate(hard, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * r + 1, 2 * r + 1))) if r else hard
    )


def _lasso(hard: np.ndarray, size: float, rng: np.random.Generator) -> np.ndarray:
    """Return a hand-drawn closed line around the object, a little shaky, that may cut a corner off."""
    outline = max(
        cv2.findContours(_grown(hard, 0.06 * size), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0], key=len
    )[:, 0]
    points = outline[np.linspace(0, len(outline) - 1, int(rng.integers(8, 24))).astype(int)].astype(
        np.float32
    )
    if rng.random() < 0.5:
        points = cv2.convexHull(points)[:, 0]
    centre = points.mean(0)
    points = centre + (points - centre) * rng.uniform(0.98, 1.25) + rng.normal(0, 0.03 * size, points.shape)
    chosen = np.zeros_like(hard)
    cv2.fillPoly(chosen, [np.rint(points).astype(np.int32)], 1)
    return chosen
