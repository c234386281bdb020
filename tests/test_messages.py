"""What people are told: every error's message is a sentence, with the hint after it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from nigdt.errors import NigdtError, one_line

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("nigdt", "backend", "plugin", "training", "installer")
# Errors whose first argument is a code.
CODED = {"DaemonError", "EngineError", "ProtocolError"}
# Raised for the program, which may name what it lacks: nobody reads their words.
PROGRAMS = {"AttributeError", "KeyError", "NotImplementedError"}
# Python's own errors may hold a clause that another message quotes: "it has no 16-bit colour".
QUOTED = {"OSError", "RuntimeError", "ValueError"}


def text(node: ast.expr) -> str | None:
    """The words of a literal, with {} for what is put in; None for anything else."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return f"{text(node.left) or '{}'}{text(node.right) or '{}'}"
    if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("_", "format", "translate"):
        inner = node.func.value if isinstance(node.func, ast.Attribute) else node.args[-1]
        return text(inner)
    return None


def passed_on(node: ast.expr) -> bool:
    """Whether a message ends with what another error says, to which `NigdtError` adds the full stop."""
    last = node.values[-1] if isinstance(node, ast.JoinedStr) else node
    return isinstance(last, ast.FormattedValue) and "error" in ast.unparse(last.value)


def calls() -> Iterator[tuple[str, str, ast.Call]]:
    """Every call in the product's code: its place, the bare name of what is called, and the call."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    name = ast.unparse(node.func).split(".")[-1]
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", name, node


def messages() -> Iterator[tuple[str, str]]:
    """Every literal message of an error that is made, by its place."""
    for place, name, node in calls():
        if not name.endswith(("Error", "Exception", "BadParameter", "Problem")) or name in PROGRAMS:
            continue
        given = node.args[1:2] if name in CODED else node.args[:1]
        for argument in given:
            parts = [argument.body, argument.orelse] if isinstance(argument, ast.IfExp) else [argument]
            for part in parts:
                words = text(part)
                clause = name in QUOTED and re.fullmatch(r"[a-z{].*[^.]", words or "")
                if words and not clause and not passed_on(part):
                    yield place, words


FOUND = list(messages())


def test_there_are_messages_in_every_folder() -> None:
    assert len(FOUND) > 150
    assert {place.split("/")[0] for place, _ in FOUND} == set(FOLDERS)


def test_every_message_is_a_sentence() -> None:
    """It ends with a full stop, perhaps before a further sentence that is put in, or with a command."""
    wrong = [
        (place, words)
        for place, words in FOUND
        if not re.search(r"[.?]\)?( ?\{\})?$|^\{\} \(\{\}\)$|\bRun: \S.*$", words)
    ]
    assert wrong == []


def hints() -> Iterator[tuple[str, str]]:
    """Every literal hint of an error of this project, by its place."""
    for place, name, node in calls():
        if not name.endswith("Error") or name in QUOTED | PROGRAMS | {"PermissionError"}:
            continue
        given = node.args[2:3] if name in CODED else node.args[1:2]
        for part in [*given, *(word.value for word in node.keywords if word.arg == "hint")]:
            if words := text(part):
                yield place, words


def test_every_hint_is_a_sentence() -> None:
    """It begins with a capital letter, a command or an option, and ends with a full stop or a command."""
    found = list(hints())
    assert len(found) > 80
    wrong = [(place, words) for place, words in found if not re.match(r"[A-Z{`]|nigdt |pip |--", words)]
    ended = re.compile(r"[.?)]( ?\{\})?$|: \S.*$|`$|^pip install '.*'$|^--.* works everywhere$")
    wrong += [(place, words) for place, words in found if not ended.search(words)]
    assert wrong == []


def test_no_message_tells_people_to_use_pip() -> None:
    assert [(place, words) for place, words in FOUND if "pip install" in words] == []


@pytest.mark.parametrize(
    ("message", "hint", "expected"),
    [
        ("It broke.", "Mend it.", "It broke. Mend it."),
        ("no such file", "Name another.", "no such file. Name another."),
        ("It broke.", "", "It broke."),
        ("Two\nlines", "", "Two lines."),
        ("Really?", "Yes.", "Really? Yes."),
    ],
)
def test_message_and_hint_are_one_line_of_sentences(message: str, hint: str, expected: str) -> None:
    assert one_line(message, hint) == expected
    assert str(NigdtError(message, hint)) == expected
