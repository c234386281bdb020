"""Lay photo, selection, caption and variants out in one labelled picture.

Run with the environment's own Python. Arguments: photo, `left,top,width,height`, caption, output
file, then the filled photos, the mean first.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

WIDTH = 620
"""Width of one picture in pixels."""
MARGIN, LABEL = 16, 34
PAPER, INK, MARK = (250, 250, 248), (30, 30, 30), (255, 255, 255)


def marked(photo: Image.Image, box: tuple[int, int, int, int]) -> Image.Image:
    """The photo with the selection outlined, everything else dimmed a little."""
    left, top, width, height = box
    area = (left, top, left + width, top + height)
    dimmed = Image.blend(photo, Image.new("RGB", photo.size, (90, 90, 90)), 0.45)
    dimmed.paste(photo.crop(area), area[:2])
    draw = ImageDraw.Draw(dimmed)
    line = max(2, photo.width // 320)
    draw.rectangle(area, outline=(0, 0, 0), width=line + 2)
    draw.rectangle((area[0] + 1, area[1] + 1, area[2] - 1, area[3] - 1), outline=MARK, width=line)
    return dimmed


def compose(
    photo: Image.Image, box: tuple[int, int, int, int], caption: str, fills: list[Image.Image]
) -> Image.Image:
    """One picture of two columns: photo and selection, then the variants under their caption."""
    labels = ["the photo", "the selection", *(f"variant {n + 1}" for n in range(len(fills)))]
    pictures = [photo, marked(photo, box), *fills]
    height = round(WIDTH * photo.height / photo.width)
    rows = [pictures[:2], *(pictures[2 + i : 5 + i] for i in range(0, len(fills), 3))]
    columns = max(len(row) for row in rows)
    cell_w, cell_h = WIDTH + MARGIN, height + LABEL + MARGIN
    font = ImageFont.load_default(20)
    sheet = Image.new("RGB", (columns * cell_w + MARGIN, len(rows) * cell_h + MARGIN), PAPER)
    draw = ImageDraw.Draw(sheet)
    names = iter(labels)
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            at = (MARGIN + x * cell_w, MARGIN + y * cell_h)
            draw.text((at[0], at[1] + 4), next(names), fill=INK, font=font)
            sheet.paste(
                picture.convert("RGB").resize((WIDTH, height), Image.Resampling.LANCZOS),
                (at[0], at[1] + LABEL),
            )
    if columns > 2:
        at = (MARGIN + 2 * cell_w, MARGIN + LABEL)
        draw.text((at[0], at[1]), "the caption", fill=INK, font=font)
        draw.text((at[0], at[1] + 40), f"“{caption}”", fill=INK, font=ImageFont.load_default(34))
    return sheet


def main(arguments: list[str]) -> None:
    """Read the files, write the picture in one go."""
    photo, box, caption, output, *fills = arguments
    left, top, width, height = (int(part) for part in box.split(","))
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
