"""docs/architecture.md: its drawing shows the imports of today, and the files it names exist."""

from __future__ import annotations

import ast
import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")

specification = importlib.util.spec_from_file_location("draw", ROOT / "docs" / "draw_architecture.py")
assert specification is not None
assert specification.loader is not None
draw = importlib.util.module_from_spec(specification)
specification.loader.exec_module(draw)


def test_the_drawing_shows_the_imports_of_today() -> None:
    message = "run: python docs/draw_architecture.py"
    assert draw.PICTURE.read_text(encoding="utf-8") == draw.drawing(), message


def test_a_stale_drawing_is_noticed_and_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draw, "PICTURE", tmp_path / "old.svg")
    draw.PICTURE.write_text("<svg/>")
    assert "Run: python docs/draw_architecture.py" in draw.main(["--check"])
    assert draw.PICTURE.read_text() == "<svg/>"
    assert draw.main([]) is None
    assert draw.main(["--check"]) is None


def test_the_drawing_leaves_out_only_what_goes_without_saying() -> None:
    edges = draw.graph()
    drawn = draw.reduced(edges)
    assert sum(map(len, drawn.values())) < sum(map(len, edges.values()))
    for name in edges:
        assert draw.reachable(drawn, name) == draw.reachable(edges, name)


def test_no_package_imports_itself_by_a_detour() -> None:
    edges = draw.graph()
    around = {name for name in edges if name in draw.reachable(edges, name)}
    assert not around


def test_every_file_that_the_page_names_exists() -> None:
    names = set(re.findall(r"`([\w.-]+/[\w./-]*)`", PAGE))
    assert len(names) > 10
    for name in names:
        assert (ROOT / name).exists(), name


def test_the_way_of_a_caption_names_functions_that_exist_and_counts_them() -> None:
    table = PAGE.partition("## How a caption travels")[2].partition("## Where")[0]
    counted = 0
    for file, functions in re.findall(r"^\| `([^`]+)` \| ([^|]+) \|", table, flags=re.M):
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
        for name in re.findall(r"`([^`]+)`", functions):
            owner, _, method = name.rpartition(".")
            body = classes[owner].body if owner else tree.body
            assert method in {node.name for node in body if isinstance(node, ast.FunctionDef)}, (file, name)
            counted += 1
    converters = set(
        re.findall(r"`([^`]+)`", " ".join(re.findall(r"^\| `.*\|([^|]*)\|$", table, flags=re.M)))
    )
    assert f"{counted - 2} functions hand the caption on" in table
    assert f"these are {counted + len(converters)} functions" in table


TWICE = {"Box", "Session"}
"""GIMP's copy without NumPy, and one of the installer, which stands apart."""


def test_a_class_name_means_one_thing() -> None:
    homes: dict[str, list[str]] = {}
    for folder in ("nigdt", "backend", "plugin", "training", "installer"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    homes.setdefault(node.name, []).append(str(file.relative_to(ROOT)))
    assert "Recipe" in homes
    assert {name: files for name, files in homes.items() if len(files) > 1 and name not in TWICE} == {}
