"""Quick figures and pictures during training, on the averaged weights with z = mu."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from nigdt.model import NIGDT
from nigdt_training.inpaint.texture import texture_distances
from nigdt_training.letters import Font, font_for
from nigdt_training.samples import Batch, SampleStream

PICTURES = 96
FIGURES = ("psnr", "l1", "texture")
"""Of `Scores`."""
_COLUMNS = 6
_ROWS = ("hole", "filled", "original")
_MARGIN, _TITLE, _CAPTION = 50, 18, 44  # pixels of a sheet


@dataclass(frozen=True)
class Scores:
    """Figures of the composites of some samples, one entry each.

    Attributes:
        photo: (N,) which photo it is of.
        psnr: (N,) dB.
        l1: (N,) mean absolute difference, 0 to 255.
        texture: (N,) distance of the texture in the hole, 0 = the photo's (`texture_distances`).
    """

    photo: np.ndarray
    psnr: np.ndarray
    l1: np.ndarray
    texture: np.ndarray

    def means(self) -> dict[str, float]:
        """Return the averages over the samples."""
        return {name: float(getattr(self, name).mean()) for name in FIGURES}


class Stopped(Exception):  # noqa: N818 (nothing is wrong)
    """Measuring was given up because training is to end."""


@torch.inference_mode()
def score(
    model: NIGDT,
    stream: SampleStream,
    count: int,
    device: torch.device,
    stop: Callable[[], bool] = lambda: False,
) -> Scores:
    """Measure the first samples of a stream; the same ones whenever it is asked.

    Args:
        model: In eval mode.
        stream: Draws photos and holes.
        count: How many samples.
        device: Where the model is.
        stop: Asked between batches of eight.

    Raises:
        Stopped: `stop` said so.
    """
    photo, psnr, l1, texture = [], [], [], []
    for start in range(0, count, 8):
        if stop():
            raise Stopped
        batch = stream.batch(range(start, min(start + 8, count))).to(device)
        filled = composite(model, batch)
        difference = ((filled - batch.image) * 127.5).float()
        rmse = difference.square().mean((1, 2, 3)).sqrt()
        photo.append(batch.photo.cpu())
        psnr.append((20 * torch.log10(255 / rmse.clamp(min=1e-3))).cpu())
        l1.append(difference.abs().mean((1, 2, 3)).cpu())
        texture.append(texture_distances(batch.image, filled, batch.M).cpu())
    return Scores(*(torch.cat(parts).numpy() for parts in (photo, psnr, l1, texture)))


def samples_of(stream: SampleStream, holes: int) -> int:
    """Count the samples that show every photo with so many holes; 0 = one each, `PICTURES` photos at most.

    With several pools they are drawn by their sampling weights, so that it is every photo of each in turn.
    """
    photos = sum(len(pool.photos) for pool in stream.pools)
    return photos * holes if holes else min(PICTURES, photos)


def composite(model: NIGDT, batch: Batch) -> Tensor:
    """Return M * I + (1 - M) * I_g with z = mu, (B, 3, H, W) in [-1, 1]."""
    seen = batch.image * batch.M
    answer = model(seen, batch.M, batch.tokens, batch.lengths, outline=batch.outline).image
    return batch.M * batch.image + (1 - batch.M) * answer


@torch.inference_mode()
def sheet_fills(model: NIGDT, streams: Sequence[SampleStream], device: torch.device) -> list[Tensor]:
    """Return what a model draws on the samples of a sheet, one tensor per stream as `composite` gives it."""
    return [composite(model, stream.batch(range(_COLUMNS)).to(device)) for stream in streams]


@torch.inference_mode()
def draw_sheet(
    model: NIGDT,
    streams: Sequence[SampleStream],
    device: torch.device,
    before: Sequence[Tensor] | None = None,
) -> Image.Image:
    """Return a labelled sheet of fixed samples: what the model saw, what it drew, original and caption.

    Args:
        model: In eval mode.
        streams: Of what it learns from, and of what it is measured on, if any.
        device: Where the model is.
        before: What another model drew (`sheet_fills`); shown above what this one did.
    """
    halves = list(zip(("photos it learns from", "photos kept apart"), streams, strict=False))
    fills = sheet_fills(model, streams, device)
    names = (_ROWS[0], *(("before",) if before else ()), *_ROWS[1:])
    side = max(96, streams[0].size)
    height = _TITLE + len(names) * side + _CAPTION
    sheet = Image.new("RGB", (_MARGIN + _COLUMNS * (side + 4), len(halves) * height), "white")
    pen = ImageDraw.Draw(sheet)
    for half, (title, stream) in enumerate(halves):
        batch = stream.batch(range(_COLUMNS)).to(device)
        top = half * height + _TITLE
        pen.text((_MARGIN, top - _TITLE + 1), title, fill="black", font_size=11)
        rows = (batch.image * batch.M, *((before[half],) if before else ()), fills[half], batch.image)
        for k, (name, row) in enumerate(zip(names, rows, strict=True)):
            pen.text((2, top + k * side + side // 2), name, fill="black", font_size=11)
            for i in range(_COLUMNS):
                tile = _picture(row[i]).resize((side, side), Image.Resampling.BICUBIC)
                sheet.paste(tile, (_MARGIN + i * (side + 4), top + k * side))
        for i, caption in enumerate(batch.captions):
            text = caption or "(no caption)"
            place, font = (_MARGIN + i * (side + 4) + 1, top + len(names) * side), font_for(text, 11)
            pen.multiline_text(
                place, "\n".join(_wrapped(text, side, font)), fill="black", font=font, spacing=1
            )
    return sheet


def _wrapped(text: str, width: int, font: Font) -> list[str]:
    """Break a caption, and words too long, into lines no wider than so many pixels, three at most."""
    lines = [""]
    for word in text.split():
        if font.getlength(f"{lines[-1]} {word}") <= width:
            lines[-1] = f"{lines[-1]} {word}".strip()
            continue
        lines.append("")
        for letter in word:  # scripts without spaces
            if font.getlength(lines[-1] + letter) > width:
                lines.append("")
            lines[-1] += letter
    return [line for line in lines if line][:3]


def _picture(image: Tensor) -> Image.Image:
    array = ((image.float().clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).cpu().numpy()
    return Image.fromarray(array)
