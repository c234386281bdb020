"""Every notice that library and daemon have comes from the one list, so that the doors can translate it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from nigdt import notices

ROOT = Path(__file__).resolve().parent.parent
SOURCES = [
    path
    for folder in (ROOT / "nigdt", ROOT / "backend" / "nigdt_backend")
    for path in sorted(folder.rglob("*.py"))
    if path != Path(notices.__file__)
]
CARRIERS = {"notice", "notices", "told"}
"""Names of variables, attributes, fields and parameters that carry notices."""
SENTENCE = re.compile(r"[A-Za-z]{2,}[,:;]? [a-z]")


def name_of(node: ast.AST) -> str:
    """Return the last name in `a`, `a.b` or `a[b]`."""
    while isinstance(node, ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def takes_notices(trees: list[ast.Module]) -> dict[str, int]:
    """Return the functions with a parameter that is a notice, and which one it is, `self` not counted."""
    found = {}
    for function in (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        names = [argument.arg for argument in function.args.args if argument.arg != "self"]
        for name in CARRIERS.intersection(names):
            found[function.name] = names.index(name)
    return found


def said(tree: ast.Module, takers: dict[str, int]) -> Iterator[ast.AST]:
    """List the expressions that become notices."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and CARRIERS & {name_of(target) for target in node.targets}:
            yield node.value
        elif isinstance(node, (ast.AnnAssign, ast.AugAssign)) and name_of(node.target) in CARRIERS:
            yield from [node.value] if node.value is not None else []
        elif isinstance(node, ast.keyword) and node.arg in CARRIERS:
            yield node.value
        elif isinstance(node, ast.Dict):
            keys = [key.value if isinstance(key, ast.Constant) else None for key in node.keys]
            yield from (value for key, value in zip(keys, node.values, strict=True) if key in CARRIERS)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if name_of(node.func.value) in CARRIERS:
                yield from node.args
            yield from node.args[takers.get(node.func.attr, len(node.args)) :][:1]
        elif isinstance(node, ast.FunctionDef):
            about = f"{node.name} {ast.get_docstring(node) or ''}"
            if re.search(r"notice\b|notices\b|user should know", about):
                yield from (part for part in ast.walk(node) if isinstance(part, ast.Return))


def sentences(node: ast.AST) -> list[str]:
    """List the sentences that are written out in an expression."""
    texts = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)]
    return [text for text in texts if isinstance(text, str) and SENTENCE.search(text)]


def test_every_notice_is_in_the_list() -> None:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES]
    takers = takes_notices(trees)
    expressions = [node for tree in trees for node in said(tree, takers)]
    assert len(expressions) > 40
    written = sorted({text for node in expressions for text in sentences(node)})
    assert written == [], "put it into nigdt/notices.py"


def test_every_notice_in_the_list_is_said_somewhere() -> None:
    used = {
        name.name
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "nigdt.notices"
        for name in node.names
    }
    assert {getattr(notices, name) for name in used if name.isupper()} == set(notices.ALL)
    assert len(set(notices.ALL)) == len(notices.ALL) > 10


@pytest.mark.parametrize(
    "source",
    [
        "photo.notices += (f'The photo has {bits} bits.',)",
        "self.notices[name] = 'The model is broken.'",
        "job.notices = (*job.notices, 'The model is broken.')",
        "told.append('The model is broken.')",
        "replace(fill, notices=('The model is broken.',))",
        "reply = {'notices': ['The model is broken.']}",
        "def step_down(self, notice): pass\nself.step_down('The model is broken.')",
        "def f():\n    '''Return what the user should know.'''\n    return ['The model is broken.']",
        "def notices():\n    return ['The model is broken.']",
    ],
)
def test_a_notice_beside_the_list_is_found(source: str) -> None:
    tree = ast.parse(source)
    assert any(sentences(node) for node in said(tree, takes_notices([tree])))


@pytest.mark.parametrize("text", notices.ALL)
def test_what_is_filled_in_is_found_again(text: str) -> None:
    count = len(re.findall(r"\{\d\}", text))
    assert re.findall(r"\{(\d)\}", text) == [str(number) for number in range(count)]
    parts = tuple(f"a.{{0}} *{number}" for number in range(count))
    assert notices.filled_in(text, text.format(*parts)) == parts
    assert notices.worded(text.format(*parts), lambda _context, one: f"German: {one}") == (
        f"German: {text.format(*parts)}"
    )
    made_from = [one for one in notices.ALL if notices.filled_in(one, text.format(*parts)) is not None]
    assert made_from == [text]


def test_a_notice_of_another_version_stays_as_it_is() -> None:
    assert notices.worded("Something new.", lambda _context, _text: "x") == "Something new."
