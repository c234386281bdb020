"""Draw which part of NIGDT imports which, from the code itself: `python docs/draw_architecture.py`.

Writes `docs/pictures/architecture.svg`. With `--check` it writes nothing and fails if that picture differs
from what the code gives; so does a test.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "pictures" / "architecture.svg"

PACKAGES = {  # import name: folder and colour
    "nigdt": ("nigdt", "#2f6f9f"),
    "nigdt_backend": ("backend/nigdt_backend", "#7a5195"),
    "nigdt_plugin": ("plugin/nigdt_plugin", "#3b7d4f"),
    "nigdt_fill": ("plugin/gimp/nigdt-fill/nigdt_fill", "#5d7a26"),
    "nigdt_training": ("training/nigdt_training", "#a8571b"),
}
# Modules that make one part together, by package. Any other module or subpackage is a part by itself.
TOGETHER = {
    "nigdt": {
        **dict.fromkeys(
            ("errors", "limits", "recipe", "config", "schema", "text", "masks", "box", "files", "process"),
            "recipe, errors, ...",
        ),
        **dict.fromkeys(("colours", "recolouring"), "recolouring"),
        **dict.fromkeys(("__main__", "cli", "commands"), "commands"),
        **dict.fromkeys(
            (
                "answers",
                "bystanders",
                "completer",
                "continuation",
                "drawn",
                "effects",
                "finisher",
                "model_picture",
                "part_places",
                "inpainter",
                "looking",
                "recolourer",
                "showcase",
                "shown",
                "telling",
            ),
            "inpainter",
        ),
    },
    "nigdt_backend": {
        **dict.fromkeys(("protocol", "events", "wire", "limits"), "protocol"),
        **dict.fromkeys(("commands", "bench"), "commands, bench"),
        "daemon": "daemon",
    },
    "nigdt_plugin": {"core": "core", **dict.fromkeys(("bench", "command", "ui"), "ui")},
    "nigdt_training": {
        **dict.fromkeys(("commands", "bench"), "commands, bench"),
        **{
            name: name
            for name in ("ablation", "evaluation", "comparison", "inpaint", "recolour", "match", "data")
        },
    },
}
THE_REST = {
    "nigdt_backend": "client",
    "nigdt_plugin": "core",
    "nigdt_fill": "GIMP plug-in",
    "nigdt_training": "settings, samples, run, ...",
}

BOX, GAP, LINE = 34, 22, 96
LETTER = 7.6
FONT = 'font-family="sans-serif" font-size="14"'

Graph: TypeAlias = dict[str, set[str]]


def modules() -> dict[str, Path]:
    """Find every module by its import name. The packages' own `__init__` files are left out."""
    found = {}
    for package, (folder, _) in PACKAGES.items():
        root = ROOT / folder
        for path in sorted(root.rglob("*.py")):
            parts = [package, *path.relative_to(root).with_suffix("").parts]
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            if name != package:
                found[name] = path
    return found


def imported(node: ast.AST) -> Iterator[str]:
    """Yield the names that are imported at runtime, inside functions too, but not for type checking."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        elif not (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)):
            yield from imported(child)


def part(module: str) -> str:
    """Name the part that a module belongs to, as "package: part"."""
    package, _, rest = module.partition(".")
    name = rest.split(".")[0]
    return f"{package}: {TOGETHER.get(package, {}).get(name) or THE_REST.get(package, name)}"


def graph() -> Graph:
    """Map each part to the parts it imports."""
    known = modules()
    edges: Graph = {part(name): set() for name in known}
    for name, path in known.items():
        for target in imported(ast.parse(path.read_text(encoding="utf-8"))):
            while target and target not in known:
                target = target.rpartition(".")[0]
            if target and part(target) != part(name):
                edges[part(name)].add(part(target))
    return edges


def reachable(edges: Graph, start: str) -> set[str]:
    """Collect the parts that a part imports, directly or not."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for target in edges[waiting.pop()] - seen:
            seen.add(target)
            waiting.append(target)
    return seen


def reduced(edges: Graph) -> Graph:
    """Drop every import that goes without saying: one whose target another imported part imports too."""
    ahead = {name: reachable(edges, name) for name in edges}
    circle = {name: {other for other in ahead[name] if name in ahead[other]} for name in edges}
    return {
        name: {
            target
            for target in targets
            if not any(target in ahead[other] for other in targets - {target} - circle[name] - circle[target])
        }
        for name, targets in edges.items()
    }


def ranks(edges: Graph) -> dict[str, int]:
    """Rank the rows from the bottom: a part is above all that it imports; parts of a circle share a row."""
    ahead = {name: reachable(edges, name) for name in edges}
    rank = dict.fromkeys(edges, 0)
    for _ in edges:
        for name, targets in edges.items():
            below = [rank[target] + 1 for target in targets if name not in ahead[target]]
            beside = [rank[target] for target in targets if name in ahead[target]]
            rank[name] = max([rank[name], *below, *beside])
    return rank


def rows(edges: Graph) -> list[list[str]]:
    """Order the parts in rows, the top one first, each near what it imports."""
    rank = ranks(edges)
    order = list(PACKAGES)
    table = [sorted(n for n in edges if rank[n] == r) for r in range(max(rank.values()), -1, -1)]
    for row in table:
        row.sort(key=lambda name: (order.index(name.split(":")[0]), name))
    return table


def drawing() -> str:
    """Return the picture as SVG."""
    edges = reduced(graph())
    table = rows(edges)
    widths = {name: round(LETTER * len(name.partition(": ")[2])) + 26 for name in edges}
    full = max(sum(widths[n] + GAP for n in row) for row in table) + GAP
    legend = 40
    full = max(full, sum(round(LETTER * len(package)) + 48 for package in PACKAGES) + GAP)
    height = LINE * len(table) + legend
    at: dict[str, tuple[float, float]] = {}
    for number, row in enumerate(table):
        space = (full - sum(widths[name] for name in row)) / (len(row) + 1)
        x = space
        for name in row:
            at[name] = (x + widths[name] / 2, LINE * number + LINE / 2 - BOX / 2 + legend)
            x += widths[name] + space
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{full:.0f}" height="{height:.0f}" {FONT}>',
        f'<rect width="{full:.0f}" height="{height:.0f}" fill="#ffffff"/>',
    ]
    for name, targets in sorted(edges.items()):
        colour = PACKAGES[name.split(":")[0]][1]
        for target in sorted(targets):
            (x0, y0), (x1, y1) = at[name], at[target]
            level = y0 == y1
            y0, y1 = (y0, y1) if level else (y0 + BOX, y1 - 3)
            bend = -36 if level else LINE / 2
            out.append(
                f'<path d="M{x0:.0f} {y0:.0f} C{x0:.0f} {y0 + bend:.0f} {x1:.0f} {y1 - abs(bend):.0f} '
                f'{x1:.0f} {y1:.0f}" fill="none" stroke="{colour}" stroke-width="1.4" opacity="0.7"/>'
                f'<path d="M{x1 - 4:.0f} {y1 - 6:.0f} L{x1:.0f} {y1 + 2:.0f} L{x1 + 4:.0f} {y1 - 6:.0f} Z" '
                f'fill="{colour}"/>'
            )
    for name, (x, y) in at.items():
        colour = PACKAGES[name.split(":")[0]][1]
        out.append(
            f'<rect x="{x - widths[name] / 2:.0f}" y="{y:.0f}" width="{widths[name]}" height="{BOX}" rx="6" '
            f'fill="{colour}"/><text x="{x:.0f}" y="{y + 22:.0f}" fill="#ffffff" text-anchor="middle">'
            f"{name.partition(': ')[2]}</text>"
        )
    x = GAP
    for package, (_, colour) in PACKAGES.items():
        out.append(
            f'<rect x="{x}" y="12" width="14" height="14" rx="3" fill="{colour}"/>'
            f'<text x="{x + 20}" y="24" fill="#222222">{package}</text>'
        )
        x += round(LETTER * len(package)) + 48
    return "\n".join([*out, "</svg>", ""])


def main(arguments: list[str]) -> str | None:
    """Write the picture; with `--check` return instead what is wrong with it, if anything."""
    if arguments != ["--check"]:
        PICTURE.write_text(drawing(), encoding="utf-8")
    elif PICTURE.read_text(encoding="utf-8") != drawing():
        return "The drawing of the imports is stale. Run: python docs/draw_architecture.py"
    return None


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
