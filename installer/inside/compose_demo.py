"""Lay photo, selection, caption and variants out in one labelled picture.

Run with the environment's own Python. Arguments: photo, `left,top,width,height`, caption, file for
the selection as a mask, file for the picture, then the filled photos, the mean first.
"""

from __future__ import annotations

import os
import sys
import textwrap
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

WIDTH = 620
"""Width of one picture in pixels."""
MARGIN, LABEL = 16, 36
VIEW = 0.6
"""Part of the photo's width that the closer views show."""
PAPER, INK, MARK = (250, 250, 248), (30, 30, 30), (255, 255, 255)


def marked(photo: Image.Image, box: tuple[int, int, int, int]) -> Image.Image:
    """Return the photo with the selection outlined, everything else dimmed a little."""
    left, top, width, height = box
    area = (left, top, left + width, top + height)
    dimmed = Image.blend(photo, Image.new("RGB", photo.size, (90, 90, 90)), 0.45)
    dimmed.paste(photo.crop(area), area[:2])
    draw = ImageDraw.Draw(dimmed)
    line = max(2, photo.width // 320)
    draw.rectangle(area, outline=(0, 0, 0), width=line + 2)
    draw.rectangle((area[0] + 1, area[1] + 1, area[2] - 1, area[3] - 1), outline=MARK, width=line)
    return dimmed


def closer(photo: Image.Image, box: tuple[int, int, int, int]) -> Image.Image:
    """Return the part of the photo around the selection, of the photo's proportions."""
    left, top, width, height = box
    view_w, view_h = round(photo.width * VIEW), round(photo.height * VIEW)
    x = min(max(left + (width - view_w) // 2, 0), photo.width - view_w)
    y = min(max(top + (height - view_h) // 2, 0), photo.height - view_h)
    return photo.crop((x, y, x + view_w, y + view_h))


def compose(
    photo: Image.Image, box: tuple[int, int, int, int], caption: str, fills: list[Image.Image]
) -> Image.Image:
    """Draw one picture: photo, selection and caption above, the variants below, seen from closer."""
    above = [("the photo", photo), ("the selection", marked(photo, box))]
    below = [(f"variant {n}", closer(fill.convert("RGB"), box)) for n, fill in enumerate(fills, start=1)]
    columns = max(3, len(below))
    height = round(WIDTH * photo.height / photo.width)
    cell_w, cell_h = WIDTH + MARGIN, height + LABEL + MARGIN
    sheet = Image.new("RGB", (columns * cell_w + MARGIN, 2 * cell_h), PAPER)
    draw = ImageDraw.Draw(sheet)
    small, large = ImageFont.load_default(20), ImageFont.load_default(36)
    for row, cells in enumerate((above, below)):
        for column, (label, picture) in enumerate(cells):
            x, y = MARGIN + column * cell_w, row * cell_h
            draw.text((x, y + 6), label, fill=INK, font=small)
            sheet.paste(picture.resize((WIDTH, height), Image.Resampling.LANCZOS), (x, y + LABEL))
    x = MARGIN + 2 * cell_w
    draw.text((x, 6), "the caption", fill=INK, font=small)
    draw.multiline_text((x, LABEL), "\n".join(textwrap.wrap(f"“{caption}”", 30)), fill=INK, font=large)
    return sheet


def main(arguments: list[str]) -> None:
    """Write the mask, then the picture in one go."""
    photo, box, caption, mask, output, *fills = arguments
    left, top, width, height = (int(part) for part in box.split(","))
    with Image.open(photo) as opened:
        selection = Image.new("L", opened.size)
    selection.paste(255, (left, top, left + width, top + height))
    selection.save(mask)
    sheet = compose(
        Image.open(photo).convert("RGB"),
        (left, top, width, height),
        caption,
        [Image.open(fill) for fill in fills],
    )
    target = Path(output)
    passing = target.with_name(f".{target.stem}.{os.getpid()}.png")
    sheet.save(passing)
    passing.replace(target)


if __name__ == "__main__":
    main(sys.argv[1:])
