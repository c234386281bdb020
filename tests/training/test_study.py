from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from nigdt_training.commands.study import study as study_command
from nigdt_training.data.errors import DataError
from nigdt_training.evaluation.cases import Case
from nigdt_training.evaluation.study import QUESTIONS, describe_score, make_study, score_study
from nigdt_training.evaluation.systems import open_system
from PIL import Image

SYSTEMS = ("telea", "ns", "harmonic")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("study")
    rng = np.random.default_rng(0)
    hole = np.zeros((64, 64), bool)
    hole[16:48, 16:48] = True
    cases = [
        Case(
            f"photo{n}.jpg",
            rng.integers(0, 256, (64, 64, 3), dtype=np.uint8),
            hole,
            caption,
            (caption,),
            None,
        )
        for n, caption in enumerate(["a bird", "</script><b>bold</b>", "two dogs", "a boat", "the sea"])
    ]
    systems = [open_system(name) for name in [*SYSTEMS, "original"]]
    make_study(systems, cases, folder / "page", folder / "key.json", 3)
    return folder / "page", folder / "key.json"


def rank_all(key: Path, order: Callable[[str], list[str]]) -> dict:
    """Answers of a rater who knows the key and ranks systems in an order that may depend on the question."""
    secret = json.loads(key.read_text())
    answers = []
    for item, entry in secret["items"].items():
        letters = {system: letter for letter, system in entry["answers"].items()}
        ranked = {q: {letters[name]: rank for rank, name in enumerate(order(q), 1)} for q in QUESTIONS}
        answers.append({"item": item} | ranked)
    return {"study": secret["study"], "rater": "ann", "answers": answers}


def test_page_is_complete_and_tells_nothing(study: tuple[Path, Path]) -> None:
    page, key = study
    secret = json.loads(key.read_text())
    html = (page / "index.html").read_text()
    assert html.count("<script") == html.count("</script>") == 2
    content = re.search(r'id="study">(.*?)</script>', html, re.DOTALL)
    assert content is not None
    shown = json.loads(content[1])
    assert shown["letters"] == ["A", "B", "C", "D"]
    assert {item["caption"] for item in shown["items"]} >= {"</script><b>bold</b>", "a boat"}
    for item in shown["items"]:
        for file in (item["hole"], *item["answers"].values()):
            with Image.open(page / file) as picture:
                assert picture.size == (64, 64)
    everything = html + "".join(path.name for path in page.rglob("*")) + (page / "answers.csv").read_text()
    assert not re.search(r"\b(telea|ns|harmonic|original|photo0)\b", everything)
    assert secret["systems"] == [*SYSTEMS, "original"]
    assert len({tuple(entry["answers"].values()) for entry in secret["items"].values()}) > 1


def test_perfect_agreement_gives_exact_ranks(study: tuple[Path, Path], tmp_path: Path) -> None:
    _, key = study

    def order(question: str) -> list[str]:
        names = ["original", "harmonic", "ns", "telea"]
        return names if question == "naturalness" else names[::-1]

    (tmp_path / "ann.json").write_text(json.dumps(rank_all(key, order)))
    score = score_study(key, [tmp_path / "ann.json"])
    assert (score.raters, score.photos, score.counted, score.rejected) == (["ann"], 5, 10, [])
    natural = score.standings["naturalness"]
    assert [one.system for one in natural] == ["original", "harmonic", "ns", "telea"]
    assert [(one.mean_rank, one.low, one.high) for one in natural] == [(n, n, n) for n in (1, 2, 3, 4)]
    assert [one.first for one in natural] == [1, 0, 0, 0]
    # Every photo says the same: of n photos that happens by chance twice in 2^n times.
    assert [one.p for one in natural] == [1, *[2 / 2**score.photos] * 3]
    assert score.standings["agreement"][0].system == "telea"


def test_confidence_interval_holds_the_mean_of_random_raters(
    study: tuple[Path, Path], tmp_path: Path
) -> None:
    _, key = study
    files = []
    for n in range(6):
        rng = np.random.default_rng(n)
        answers = rank_all(key, lambda _, rng=rng: list(rng.permutation([*SYSTEMS, "original"])))
        files.append(tmp_path / f"{n}.json")
        files[-1].write_text(json.dumps(answers | {"rater": f"rater {n}"}))
    score = score_study(key, files)
    assert score.counted == 60
    for one in score.standings["naturalness"]:
        assert one.low < one.mean_rank < one.high
        assert one.high - one.low < 2.5
    assert score_study(key, files).standings == score.standings


def test_impossible_ranks_are_rejected_and_the_rest_counts(study: tuple[Path, Path], tmp_path: Path) -> None:
    _, key = study
    answers = rank_all(key, lambda _: [*SYSTEMS, "original"])
    rows = answers["answers"]
    rows[0]["naturalness"]["A"] = rows[0]["naturalness"]["B"]
    rows[1]["naturalness"].pop("C")
    rows[2]["naturalness"]["A"] = 7
    rows[3]["naturalness"]["A"] = 1.5
    rows.append(rows[4])
    rows.append({**rows[4], "item": "999"})
    rows.append({"item": "001", "naturalness": None})
    path = tmp_path / "ann.json"
    path.write_text(json.dumps(answers))
    other = tmp_path / "other.json"
    other.write_text(json.dumps(answers | {"study": "000000000000"}))
    (tmp_path / "torn.json").write_text(path.read_text()[:50])
    score = score_study(key, [path, other, tmp_path / "torn.json"])
    reasons = [one.reason for one in score.rejected]
    assert score.counted == 10 - 4
    assert sum("each once" in reason for reason in reasons) == 2
    assert sum("not every answer" in reason for reason in reasons) == 2
    assert sum("no whole number" in reason for reason in reasons) == 1
    assert sum("ranked it before" in reason for reason in reasons) == 2
    assert sum("no such photo" in reason for reason in reasons) == 2
    assert sum("another study" in reason for reason in reasons) == 1
    assert sum("cannot be read" in reason for reason in reasons) == 1
    assert "other.json: belongs to another study" in describe_score(score)


def test_answers_by_hand(study: tuple[Path, Path], tmp_path: Path) -> None:
    page, key = study
    with (page / "answers.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 5 * len(QUESTIONS)
    for row in rows[:6]:
        row.update(rater="bob\u2028b", item=str(int(row["item"])), A="2", B="1", C="4", D="3")
    rows[5]["D"] = "x"
    filled = tmp_path / "bob.csv"
    with filled.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    score = score_study(key, [filled])
    assert score.raters == ["bob\u2028b"]
    assert score.counted == 5
    assert [one.reason for one in score.rejected] == ["a rank is no whole number"]


def test_raters_without_a_name_and_spreadsheets_with_semicolons(
    study: tuple[Path, Path], tmp_path: Path
) -> None:
    page, key = study
    empty = (page / "answers.csv").read_text()
    header, *rows = empty.splitlines()
    filled = "\n".join([header, *(row.replace(",,,,", ",2,1,4,3") for row in rows)])
    files = [tmp_path / f"{name}.csv" for name in ("one", "two", "three", "empty")]
    for file, text in zip(files, (filled, filled, filled.replace(",", ";"), empty), strict=True):
        file.write_text(text)
    score = score_study(key, files)
    assert score.raters == ["one", "three", "two"]
    assert score.counted == 3 * 5 * len(QUESTIONS)
    assert [(one.file, one.reason) for one in score.rejected] == [("empty.csv", "holds no answers")]


def test_spreadsheets_of_old_windows_are_read(study: tuple[Path, Path], tmp_path: Path) -> None:
    page, key = study
    header, *rows = (page / "answers.csv").read_text().splitlines()
    filled = "\r\n".join(
        [header, *(row.replace(",,", ",J\u00f6rg,", 1).replace(",,,,", ",2,1,4,3") for row in rows)]
    )
    (tmp_path / "answers.csv").write_bytes(filled.encode("cp1252"))
    assert score_study(key, [tmp_path / "answers.csv"]).raters == ["J\u00f6rg"]


def test_a_key_that_is_there_is_never_replaced(study: tuple[Path, Path], tmp_path: Path) -> None:
    key = tmp_path / "key.json"
    key.write_bytes(study[1].read_bytes())
    with pytest.raises(DataError, match="is there already"):
        make_study([open_system(name) for name in SYSTEMS], [], tmp_path / "page", key)
    assert key.read_bytes() == study[1].read_bytes()
    assert not (tmp_path / "page").exists()


def test_same_seed_makes_the_same_study(tmp_path: Path) -> None:
    photo = np.zeros((64, 64, 3), np.uint8)
    hole = np.zeros((64, 64), bool)
    hole[20:40, 20:40] = True
    cases = [Case(f"{n}", photo, hole, "c", ("c",), None) for n in range(4)]
    systems = [open_system(name) for name in SYSTEMS]
    for name in ("one", "two"):
        make_study(systems, cases, tmp_path / name, tmp_path / f"{name}.json", seed=5)
    assert (tmp_path / "one.json").read_text() == (tmp_path / "two.json").read_text()
    with pytest.raises(DataError, match="not empty"):
        make_study(systems, cases, tmp_path / "one", tmp_path / "x.json")
    with pytest.raises(DataError, match="where the raters look"):
        make_study(systems, cases, tmp_path / "three", tmp_path / "three" / "key.json")
    with pytest.raises(DataError, match="2 to 26"):
        make_study(systems[:1], cases, tmp_path / "four", tmp_path / "x.json")


def test_commands(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    photos = tmp_path / "photos"
    photos.mkdir()
    for n in range(3):
        Image.fromarray(rng.integers(0, 256, (80, 90, 3), dtype=np.uint8)).save(photos / f"{n}.png")
        (photos / f"{n}.txt").write_text("noise")
    runner = CliRunner()
    arguments = [
        "make",
        "telea",
        "--data",
        str(photos),
        "--compare",
        "harmonic",
        "--out",
        str(tmp_path / "study"),
    ]
    made = runner.invoke(study_command, arguments, catch_exceptions=False)
    assert made.exit_code == 0
    key = tmp_path / "study-key.json"
    (tmp_path / "a.json").write_text(json.dumps(rank_all(key, lambda _: ["harmonic", "telea"])))
    scored = runner.invoke(
        study_command,
        ["score", str(key), str(tmp_path / "a.json")],
        catch_exceptions=False,
    )
    naturalness = scored.stdout.partition("naturalness: ")[2].splitlines()
    assert naturalness[1].split()[0] == "harmonic", "the first of them"
