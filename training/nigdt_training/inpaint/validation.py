"""Quick figures and pictures during training, on the averaged weights with z = mu."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from nigdt.model import NIGDT
from nigdt_training.samples import Batch, SampleStream

PICTURES = 96
_COLUMNS = 6


@dataclass(frozen=True)
class Scores:
    """Figures of the composites of some samples, one entry each.

    Attributes:
        photo: (N,) which photo it is of.
        psnr: (N,) dB.
        l1: (N,) mean absolute difference, 0 to 255.
    """

    photo: np.ndarray
    psnr: np.ndarray
    l1: np.ndarray

    def means(self) -> dict[str, float]:
        """Averages over the samples."""
        return {"psnr": float(self.psnr.mean()), "l1": float(self.l1.mean())}


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
    photo, psnr, l1 = [], [], []
    for start in range(0, count, 8):
        if stop():
            raise Stopped
        batch = stream.batch(range(start, min(start + 8, count))).to(device)
        difference = ((composite(model, batch) - batch.image) * 127.5).float()
        rmse = difference.square().mean((1, 2, 3)).sqrt()
        photo.append(batch.photo.cpu())
        psnr.append((20 * torch.log10(255 / rmse.clamp(min=1e-3))).cpu())
        l1.append(difference.abs().mean((1, 2, 3)).cpu())
    return Scores(*(torch.cat(parts).numpy() for parts in (photo, psnr, l1)))


def samples_of(stream: SampleStream, holes: int) -> int:
    """Count the samples that show every photo with so many holes; 0 = one each, `PICTURES` photos at most.

    With several pools they are drawn by their sampling weights, so that it is every photo of each in turn.
    """
    photos = sum(len(pool.photos) for pool in stream.pools)
    return photos * holes if holes else min(PICTURES, photos)


def composite(model: NIGDT, batch: Batch) -> Tensor:
    """M * I + (1 - M) * I_g with z = mu, (B, 3, H, W) in [-1, 1]."""
    answer = model(batch.image * batch.M, batch.M, batch.tokens, batch.lengths).image
    return batch.M * batch.image + (1 - batch.M) * answer


@torch.inference_mode()
def draw_sheet(
    model: NIGDT, training: SampleStream, validation: SampleStream | None, device: torch.device
) -> Image.Image:
    """Return a sheet of fixed samples: what the model saw, what it drew, the original, and the caption."""
    tiles = []
    for stream, count in ((training, _COLUMNS), (validation, _COLUMNS)):
        if stream is None:
            continue
        batch = stream.batch(range(count)).to(device)
        fill = composite(model, batch)
        seen = batch.image * batch.M
        for i in range(count):
            column = [_picture(x[i]) for x in (seen, fill, batch.image)]
            tiles.append((column, batch.captions[i]))
    side = max(96, tiles[0][0][0].width)
    text = 44
    rows = (len(tiles) + _COLUMNS - 1) // _COLUMNS
    sheet = Image.new("RGB", (_COLUMNS * (side + 4), rows * (3 * side + text)), "white")
    pen = ImageDraw.Draw(sheet)
    for n, (column, caption) in enumerate(tiles):
        x, y = (n % _COLUMNS) * (side + 4), (n // _COLUMNS) * (3 * side + text)
        for k, tile in enumerate(column):
            sheet.paste(tile.resize((side, side), Image.Resampling.BICUBIC), (x, y + k * side))
        lines = textwrap.wrap(caption or "(no caption)", max(8, side // 6))[:4]
        pen.multiline_text((x + 1, y + 3 * side), "\n".join(lines), fill="black", font_size=9, spacing=1)
    return sheet


def _picture(image: Tensor) -> Image.Image:
    array = ((image.float().clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).cpu().numpy()
    return Image.fromarray(array)
