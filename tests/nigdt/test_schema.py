"""Settings files: whatever is wrong is named with its file, its key, its value and what is allowed."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

from nigdt import schema
from nigdt.schema import Count, Fraction, Meta, Probability, SettingsError


@dataclass(frozen=True)
class Source:
    path: str
    weight: Count = 1


@dataclass(frozen=True)
class Settings:
    data: list[Source] = field(default_factory=list)
    one: Source = field(default_factory=lambda: Source("here"))
    fraction: Fraction = 0.5
    size: Annotated[int, Meta(ge=64, multiple_of=32)] = 64
    pair: Annotated[tuple[Count, ...], Meta(min_length=2, max_length=2)] = (1, 2)
    kind: Literal["lsgan", "hinge"] = "lsgan"
    device: Annotated[str, Meta(pattern="^(cpu|cuda)$", description="cpu or cuda")] = "cpu"
    on: bool = True
    names: list[str] = field(default_factory=list)
    limit: Count | None = None
    alpha: Probability = 0.5


def test_values_become_what_the_fields_say() -> None:
    values = {"data": [{"path": "a"}, {"path": "b", "weight": 3}], "fraction": 0, "pair": [4, 5]}
    found = schema.build(Settings, values, "train.yaml")
    assert found == Settings(data=[Source("a"), Source("b", 3)], fraction=0.0, pair=(4, 5))
    assert type(found.fraction) is float
    assert type(found.pair) is tuple


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ([1], "train.yaml: settings must be lines of `key: value`."),
        ({"sise": 64}, "train.yaml: unknown key `sise`. Did you mean `size`?"),
        ({"one": {"path": "a", "wait": 1}}, "train.yaml: unknown key `one.wait`."),
        ({"data": [{"weight": 1}]}, "train.yaml: `data[0].path` is missing."),
        ({"data": [3]}, "train.yaml: `data[0]` must be lines of `key: value`."),
        ({"data": [{"path": "a", "weight": 0}]}, "`data[0].weight` must be a whole number from 1 up, not 0."),
        ({"one": {"path": 1}}, "`one.path` must be text, not 1."),
        ({"fraction": 1.0}, "`fraction` must be a number from 0 to below 1, not 1.0."),
        ({"fraction": float("nan")}, "`fraction` must be a number from 0 to below 1, not nan."),
        ({"size": 80}, "`size` must be a multiple of 32 from 64 up, not 80."),
        ({"size": True}, "not True."),
        ({"size": 64.0}, "not 64.0."),
        ({"pair": [1]}, "`pair` must be a list of 2 values, each a whole number from 1 up, not [1]."),
        ({"pair": "12"}, "not '12'."),
        ({"kind": "wgan"}, "`kind` must be hinge or lsgan, not 'wgan'."),
        ({"device": "gpu"}, "`device` must be cpu or cuda, not 'gpu'."),
        ({"limit": 0}, "`limit` must be a whole number from 1 up, not 0."),
        ({"on": 1}, "`on` must be true or false, not 1."),
    ],
)
def test_a_wrong_value_is_told_with_what_is_allowed(values: Any, says: str) -> None:
    with pytest.raises(SettingsError) as raised:
        schema.build(Settings, values, "train.yaml")
    assert says in str(raised.value)
    assert str(raised.value).startswith("train.yaml: ")
    assert "\n" not in str(raised.value)


def test_the_lenient_reader_takes_the_default_or_the_nearest_value() -> None:
    values = {"size": 65, "kind": "hinge", "names": ["a", 1], "unknown": 1, "on": "yes", "alpha": 7}
    assert schema.build_leniently(Settings, values) == Settings(kind="hinge", alpha=1.0)
    for wrong in (float("nan"), float("inf"), True, "1"):
        assert schema.build_leniently(Settings, {"alpha": wrong}) == Settings()
    assert schema.build_leniently(Settings, {"alpha": -1}) == Settings(alpha=0.0)
    assert schema.build_leniently(Settings, "nothing") == Settings()


def test_yaml_reads_exponents_as_numbers_and_refuses_a_key_that_occurs_twice() -> None:
    read = schema.parse("a: 3e-4\nb: 1e6\nc: 1.0e-4\nd: e5\ne: 12", "file")
    assert read == {"a": 3e-4, "b": 1e6, "c": 1e-4, "d": "e5", "e": 12}
    with pytest.raises(SettingsError, match=r"file, line 2: .*`c` occurs more than once"):
        schema.parse("a: 1\nb: {c: 1, c: 2}", "file")
    with pytest.raises(SettingsError, match="file, line 1: not valid YAML"):
        schema.parse("a: [", "file")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.yaml cannot be read"):
        schema.read(tmp_path / "none.yaml")
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match=r"bytes\.yaml cannot be read: it is not UTF-8"):
        schema.read(tmp_path / "bytes.yaml")
    (tmp_path / "empty.yaml").write_text("# nothing\n")
    assert schema.read(tmp_path / "empty.yaml") == {}


def test_an_instance_made_in_code_is_held_to_its_ranges() -> None:
    schema.check(Settings(), "code")
    with pytest.raises(SettingsError, match="code: `size` must be"):
        schema.check(Settings(size=1), "code")


def test_it_imports_quickly() -> None:
    code = "import sys, nigdt.schema; print(sorted({'torch', 'numpy', 'PIL', 'click'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
