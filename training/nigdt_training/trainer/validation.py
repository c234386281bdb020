"""Quick figures and pictures during training, on the averaged weights with z = mu."""

from __future__ import annotations

import textwrap

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from nigdt.model import NIGDT
from nigdt_training.trainer.samples import Batch, SampleStream

PICTURES = 96
_COLUMNS = 6


@torch.inference_mode()
def validate(model: NIGDT, stream: SampleStream, device: torch.device) -> dict[str, float]:
    """PSNR (dB) and l1 (0 to 255) of the composites of fixed samples, per picture, averaged."""
    psnr, l1 = [], []
    photos = sum(len(pool.photos) for pool in stream.pools)
    for start in range(0, min(PICTURES, photos), 8):
        batch = stream.batch(range(start, start + 8)).to(device)
        fill, image = composite(model, batch), batch.image
        difference = ((fill - image) * 127.5).float()
        rmse = difference.square().mean((1, 2, 3)).sqrt()
        psnr += (20 * torch.log10(255 / rmse.clamp(min=1e-3))).tolist()
        l1 += difference.abs().mean((1, 2, 3)).tolist()
    return {"psnr": float(np.mean(psnr)), "l1": float(np.mean(l1))}


def composite(model: NIGDT, batch: Batch) -> Tensor:
    """M * I + (1 - M) * I_g with z = mu, (B, 3, H, W) in [-1, 1]."""
    answer = model(batch.image * batch.M, batch.M, batch.tokens, batch.lengths).image
    return batch.M * batch.image + (1 - batch.M) * answer


@torch.inference_mode()
def draw_sheet(
    model: NIGDT, training: SampleStream, validation: SampleStream | None, device: torch.device
) -> Image.Image:
    """A sheet of fixed samples: what the model saw, what it drew, the original, and the caption."""
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
