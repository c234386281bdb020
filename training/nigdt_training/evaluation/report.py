"""One table and one sheet of pictures from the figures of several systems."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy.stats import wilcoxon

from nigdt_training.evaluation.cases import RATIO_BINS, Case
from nigdt_training.evaluation.features import SUBSTITUTE
from nigdt_training.evaluation.metrics import SWAP_COLOURS, ratio_error, standard_error
from nigdt_training.evaluation.run import SystemResult
from nigdt_training.letters import font_for

_COLUMNS = (
    ("l1", "l1", ".2f"),
    ("psnr", "PSNR", ".2f"),
    ("tv", "TV", ".2f"),
    ("ssim", "SSIM", ".3f"),
    ("gradient_ratio", "gradient", ".2f"),
    ("psnr_hole", "PSNR hole", ".2f"),
    ("ssim_hole", "SSIM hole", ".3f"),
    ("lpips", "LPIPS", ".3f"),
    ("clip", "CLIP", ".2f"),
    ("r_precision", "R-prec.", ".1%"),
    ("percentile", "R-pct.", ".1%"),
    ("diversity", "diversity", ".2f"),
    ("best_l1", "best l1", ".2f"),
    ("best_psnr", "best PSNR", ".2f"),
    ("best_ssim", "best SSIM", ".3f"),
    ("fid", "FID", ".2f"),
    ("kid", "KID", ".4f"),
    ("u_ids", "U-IDS", ".1%"),
    ("p_ids", "P-IDS", ".1%"),
    (f"fid{SUBSTITUTE}", "FID*", ".2f"),
    (f"kid{SUBSTITUTE}", "KID*", ".4f"),
    (f"u_ids{SUBSTITUTE}", "U-IDS*", ".1%"),
    (f"p_ids{SUBSTITUTE}", "P-IDS*", ".1%"),
)
_BY_RATIO = (("l1", "l1", ".2f"), ("psnr", "PSNR", ".2f"), ("ssim", "SSIM", ".3f"))
_PAIRED = ("l1", "psnr", "ssim", "psnr_hole", "ssim_hole", "lpips", "clip", "percentile", "diversity")
_NOTES = {
    "gradient_ratio": "gradient: mean gradient magnitude inside the hole over the original's.",
    "r_precision": "R-prec.: the own caption scores above 99 of other photos (of other species where "
    "they are named); chance 1 %, standard error up to {error:.1%}. Row original: the photos themselves.",
    "percentile": "R-pct.: fraction of the other captions that the own one scored above (chance 50 %).",
    "diversity": "diversity: mean absolute difference in the hole between samples.",
    "best_psnr": "best: best of {samples} samples, chosen with the original in hand; not for comparison.",
    "psnr_hole": "hole: over the hole's pixels alone.",
    f"fid{SUBSTITUTE}": "FID*, KID*, U-IDS*, P-IDS*: on EfficientNet-lite0 features, not comparable with "
    "Inception's.",
}
TILE = 128


def table(results: Sequence[SystemResult], samples: int = 1) -> str:
    """Format the figures as Markdown: one row per system, and a line on each column that needs one.

    Args:
        results: Figures of the systems on the same cases.
        samples: How many answers best-of-N chose from.
    """
    shown = [column for column in _COLUMNS if any(column[0] in result.figures for result in results)]
    rows = [["system", *(title for _, title, _ in shown)]]
    obeyed = [result for result in results if result.colour_swap is not None]
    if obeyed:
        rows[0] += ["colour swap", "background"]
    for result in results:
        row = [result.name]
        row += [_cell(result.figures.get(metric), form, _error(result, metric)) for metric, _, form in shown]
        if obeyed:
            answer = result.colour_swap
            row += (
                ["", ""]
                if answer is None
                else [
                    _cell(answer.accuracy, ".1%", answer.accuracy_error),
                    _cell(answer.background, ".2f", answer.background_error),
                ]
            )
        rows.append(row)
    lines = _grid(rows)
    error = max(standard_error(result.per_case.get("r_precision", [])) for result in results)
    notes = [_NOTES[metric].format(samples=samples, error=error) for metric, *_ in shown if metric in _NOTES]
    if obeyed:
        photos = obeyed[0].colour_swap
        assert photos is not None
        notes.append(
            f"colour swap: the object shows the swapped colour word, {photos.photos} photos x "
            f"{len(SWAP_COLOURS)} colours (chance {1 / len(SWAP_COLOURS):.0%}). background: Lab "
            "distance to the original beside the object, swapped captions over the true one."
        )
    count = f"{results[0].cases} photo{'' if results[0].cases == 1 else 's'}"
    notes.insert(
        0, "\u00b1: standard error over the photos; distances between sets have one over seeds alone."
    )
    return "\n".join([*lines, "", f"{count}, one answer each (z = mu).", *notes])


def paired_table(results: Sequence[SystemResult]) -> str:
    """Format what each further system differs by from the first, photo by photo.

    Args:
        results: Figures of at least two systems on the same cases.

    Returns:
        A Markdown table: mean difference, its standard error, and p of Wilcoxon's signed-rank test.
    """
    first, *others = results
    shown = [
        column
        for column in _COLUMNS
        if column[0] in _PAIRED and all(column[0] in result.per_case for result in results)
    ]
    rows = [[f"minus {first.name}", *(title for _, title, _ in shown)]]
    for result in others:
        row = [result.name]
        for metric, _, form in shown:
            difference = np.subtract(result.per_case[metric], first.per_case[metric])
            difference = difference[np.isfinite(difference)]
            moved = bool(difference.any())
            p = float(wilcoxon(difference).pvalue) if moved else 1.0
            mean = float(difference.mean()) if len(difference) else float("nan")
            row.append(f"{mean:+{form}} \u00b1 {standard_error(difference):{form}}, p {p:.2g}")
        rows.append(row)
    note = (
        "Differences of the same photos, mean and standard error; p: Wilcoxon's signed-rank test, two-sided."
    )
    return "\n".join([*_grid(rows), "", note])


def ratio_table(results: Sequence[SystemResult]) -> str:
    """Format l1, PSNR and SSIM by the hole's part of the picture, in the six bins of `RATIO_BINS`."""
    lines = []
    ends = list(itertools.pairwise(RATIO_BINS))
    ratio = np.asarray(results[0].per_case["ratio"])
    within = [(ratio > low) & (ratio <= high) for low, high in ends]
    for metric, title, form in _BY_RATIO:
        names = [
            f"{low:.0%}-{high:.0%} ({inside.sum()})" for (low, high), inside in zip(ends, within, strict=True)
        ]
        rows = [[title, *names]]
        for result in results:
            values = np.asarray(result.per_case[metric])
            parts = [values[inside] for inside in within]
            rows.append([result.name, *(_cell(_mean(part), form, standard_error(part)) for part in parts)])
        lines += [*_grid(rows), ""]
    return "\n".join([*lines, "By hole-to-picture ratio, with the number of photos."])


def seeds_table(runs: Sequence[Sequence[SystemResult]]) -> str:
    """Format mean and standard deviation over several seeds, each of which drew its own photos and holes."""
    shown = [column for column in _COLUMNS if all(column[0] in result.figures for result in runs[0])]
    rows = [["system", *(title for _, title, _ in shown)]]
    for same in zip(*runs, strict=True):
        found = [[result.figures[metric] for result in same] for metric, *_ in shown]
        cells = [
            _cell(float(np.mean(values)), form, float(np.std(values, ddof=1)))
            for values, (_, _, form) in zip(found, shown, strict=True)
        ]
        rows.append([same[0].name, *cells])
    return "\n".join([*_grid(rows), "", f"Mean \u00b1 standard deviation over {len(runs)} seeds."])


def _grid(rows: Sequence[Sequence[str]]) -> list[str]:
    """Write the lines of a Markdown table whose first row is its head."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    rule = "|".join("-" * (width + 1) + ("-" if not i else ":") for i, width in enumerate(widths))
    header, *body = (_line(row, widths) for row in rows)
    return [header, f"|{rule}|", *body]


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def _error(result: SystemResult, metric: str) -> float:
    if metric == "gradient_ratio":
        return ratio_error(result.per_case["gradient"], result.per_case["gradient_original"])
    return standard_error(result.per_case.get(metric, []))


def _cell(value: float | None, form: str, error: float = 0.0) -> str:
    if value is None or np.isnan(value):
        return ""
    return f"{value:{form}} \u00b1 {error:{form}}" if error else format(value, form)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
    return "| " + " | ".join([first.strip().ljust(widths[0]), *others]) + " |"


def sheet(cases: Sequence[Case], results: Sequence[SystemResult]) -> Image.Image:
    """Draw side by side: original, hole, each system's answer, one row per case, the caption beneath.

    Args:
        cases: The evaluated cases, in order.
        results: Results on them; those that bring pictures of their first cases are shown.
    """
    rows = []
    results = [result for result in results if result.pictures]
    titles = ["original", "hole", *(result.name for result in results)]
    for number in range(min(len(result.pictures) for result in results)):
        case = cases[number]
        emptied = np.where(case.hole[..., None], np.uint8(128), case.photo)
        pictures = [case.photo, emptied, *(result.pictures[number] for result in results)]
        rows.append((pictures, case.caption))
    return draw_rows(rows, titles)


def swap_sheet(cases: Sequence[Case], result: SystemResult) -> Image.Image | None:
    """Draw a system's answers to the seven colours: original, true caption, then one column per colour."""
    rows = []
    for number, swapped in result.swaps:
        if number < len(result.pictures):
            pictures = [cases[number].photo, result.pictures[number], *swapped.values()]
            rows.append((pictures, cases[number].caption))
    return draw_rows(rows, ["original", "true caption", *SWAP_COLOURS]) if rows else None


def draw_rows(
    rows: Sequence[tuple[Sequence[np.ndarray], str]], titles: Sequence[str], tile: int = TILE
) -> Image.Image:
    """Return a sheet of equal tiles with a title over each column and a caption under each row.

    Args:
        rows: Pictures, (S, S, 3) uint8, and a caption for each row.
        titles: One per column.
        tile: Side of the tiles in pixels.
    """
    font = ImageFont.load_default(size=11)
    head, foot, gap = 18, 32, 4
    width = len(titles) * (tile + gap) + gap
    canvas = Image.new("RGB", (width, head + len(rows) * (tile + foot)), "white")
    draw = ImageDraw.Draw(canvas)
    for column, title in enumerate(titles):
        draw.text((gap + column * (tile + gap), 3), title[:22], fill="black", font=font)
    for row, (pictures, caption) in enumerate(rows):
        top = head + row * (tile + foot)
        for column, picture in enumerate(pictures):
            shown = Image.fromarray(picture).resize((tile, tile), Image.Resampling.LANCZOS)
            canvas.paste(shown, (gap + column * (tile + gap), top))
        lines = textwrap.wrap(caption, max(20, width // 6))[:2]
        place, letters = (gap, top + tile + 2), font_for(caption, 11)
        draw.multiline_text(place, "\n".join(lines), fill="black", font=letters, spacing=1)
    return canvas
