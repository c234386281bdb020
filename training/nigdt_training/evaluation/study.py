"""The user study of the paper's section 4.5: several answers per photo, shuffled blind, ranked by people."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from string import ascii_uppercase
from typing import Any

import numpy as np
from PIL import Image

from nigdt_training.data.errors import DataError
from nigdt_training.data.tree import decoded
from nigdt_training.evaluation.cases import Case
from nigdt_training.evaluation.differences import of_photos
from nigdt_training.evaluation.report import draw_rows
from nigdt_training.evaluation.systems import Request, System

QUESTIONS = {
    "naturalness": "How natural does it look?",
    "agreement": "How well does it agree with the sentence?",
}
_DRAWS = 2000


def make_study(
    systems: Sequence[System],
    cases: Sequence[Case],
    folder: Path,
    key: Path,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> str:
    """Fill all cases with all systems and write page, blind sheets and the key.

    `folder` gets `index.html` with its pictures, `sheets/` with one blind picture per photo for printing, and
    `answers.csv` to fill in by hand. Nothing in it tells which letter is which system; only `key` does.

    Args:
        systems: Who answers.
        cases: What is asked.
        folder: Goes to the raters; must be empty or not exist.
        key: Stays with whoever scores; must lie outside `folder` and not exist.
        seed: Shuffles photos and answers.
        progress: Called with (photos done, photos in all).

    Returns:
        The study's id.

    Raises:
        DataError: Too few or too many answers, a folder in use, or a disk that refuses.
    """
    names = [system.name for system in systems]
    if len(set(names)) != len(names) or not 2 <= len(names) <= len(ascii_uppercase):
        raise DataError(f"A study needs 2 to 26 different answers, not {', '.join(names)}.", "See --compare.")
    if folder.exists() and any(folder.iterdir()):
        raise DataError(f"{folder} is not empty.", "Choose another --out.")
    if key.exists():
        raise DataError(f"{key} is there already, the key of another study.", "Choose another --out.")
    if key.resolve().is_relative_to(folder.resolve()):
        raise DataError("The key must not lie where the raters look.")
    rng = np.random.default_rng(seed)
    letters = ascii_uppercase[: len(names)]
    entropy = json.dumps([names, [[case.name, case.caption] for case in cases], seed])
    study = hashlib.sha256(entropy.encode()).hexdigest()[:12]
    items: list[dict[str, Any]] = []
    secrets: dict[str, dict[str, Any]] = {}
    try:
        (folder / "sheets").mkdir(parents=True)
        for number, index in enumerate(rng.permutation(len(cases)), start=1):
            case = cases[index]
            answers = [system.fill([Request(case, case.caption)])[0][0] for system in systems]
            order = rng.permutation(len(names))
            item = f"{number:03}"
            items.append(_write_item(folder, item, case, [answers[i] for i in order], letters))
            placed = {letter: names[i] for letter, i in zip(letters, order, strict=True)}
            secrets[item] = {"photo": case.name, "answers": placed}
            if progress is not None:
                progress(number, len(cases))
        page = {"id": study, "letters": list(letters), "items": items}
        page["questions"] = [{"id": name, "text": text} for name, text in QUESTIONS.items()]
        _write_page(folder, page)
        _write_form(folder / "answers.csv", study, list(secrets), letters)
        content = {"study": study, "seed": seed, "systems": names, "items": secrets}
        key.parent.mkdir(parents=True, exist_ok=True)
        key.write_text(json.dumps(content, indent=1), encoding="utf-8")
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"The study cannot be written: {reason}.", "Choose another --out.") from error
    return study


def _write_item(
    folder: Path, item: str, case: Case, answers: Sequence[np.ndarray], letters: str
) -> dict[str, Any]:
    pictures = folder / "pictures"
    pictures.mkdir(exist_ok=True)
    emptied = np.where(case.hole[..., None], np.uint8(128), case.photo)
    Image.fromarray(emptied).save(pictures / f"{item}-hole.png")
    for letter, answer in zip(letters, answers, strict=True):
        Image.fromarray(answer).save(pictures / f"{item}-{letter}.png")
    sheet = draw_rows([([emptied, *answers], case.caption)], [f"photo {item}", *letters], tile=224)
    sheet.save(folder / "sheets" / f"{item}.png")
    return {
        "id": item,
        "caption": case.caption,
        "hole": f"pictures/{item}-hole.png",
        "answers": {letter: f"pictures/{item}-{letter}.png" for letter in letters},
    }


def _write_page(folder: Path, page: dict[str, Any]) -> None:
    template = resources.files(__package__).joinpath("study.html").read_text(encoding="utf-8")
    # Captions are anyone's text: "</script>" in one must not end the block that carries it.
    content = json.dumps(page).replace("<", "\\u003c")
    (folder / "index.html").write_text(template.replace("__STUDY__", content), encoding="utf-8")


def _write_form(path: Path, study: str, items: Sequence[str], letters: str) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["study", "rater", "item", "question", *letters])
        for item in items:
            for question in QUESTIONS:
                writer.writerow([study, "", item, question, *([""] * len(letters))])


@dataclass(frozen=True)
class Rejection:
    """An answer that cannot be counted.

    Attributes:
        file: Where it stands.
        item: The photo's number, empty for a whole file.
        reason: Why.
    """

    file: str
    item: str
    reason: str


@dataclass(frozen=True)
class Standing:
    """How one system did on one question.

    Attributes:
        system: The system's name.
        mean_rank: Mean over photos, raters of a photo averaged first; 1 is best.
        low: Lower end of the 95 % confidence interval (bootstrap over photos).
        high: Upper end.
        first: Fraction of counted answers that put it first.
        p: Of no difference from the best mean rank: Wilcoxon's signed-rank test over photos; 1 of the best.
    """

    system: str
    mean_rank: float
    low: float
    high: float
    first: float
    p: float


@dataclass
class Score:
    """A study's outcome.

    Attributes:
        standings: Question -> systems, best mean rank first.
        raters: Raters of whom anything was counted.
        photos: Photos that somebody ranked.
        counted: Rankings that were counted.
        rejected: What was not, and why.
    """

    standings: dict[str, list[Standing]] = field(default_factory=dict)
    raters: list[str] = field(default_factory=list)
    photos: int = 0
    counted: int = 0
    rejected: list[Rejection] = field(default_factory=list)


def score_study(key: Path, files: Sequence[Path], seed: int = 0) -> Score:
    """Read ranks back and score them.

    Counted is a ranking that gives every answer of a photo another rank, 1 to the number of answers, once per
    rater, photo and question. Anything else is rejected with its reason, and the rest still counts.

    Args:
        key: What `make_study` wrote.
        files: Raters' answers, .json from the page or .csv filled in by hand.
        seed: Seeds the bootstrap.

    Raises:
        DataError: The key cannot be read, or nothing can be counted.
    """
    try:
        secret = json.loads(key.read_text(encoding="utf-8"))
        study, items, systems = secret["study"], secret["items"], list(secret["systems"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{key} is not a study's key ({error}).", "Give the file that make wrote.") from error
    score = Score()
    ranks: dict[str, dict[str, dict[str, list[dict[str, int]]]]] = {question: {} for question in QUESTIONS}
    seen: set[tuple[str, str, str]] = set()
    for path in files:
        for entry in _read_answers(path, study, score.rejected):
            rater, item, question, given = entry
            if item not in items or question not in QUESTIONS:
                score.rejected.append(Rejection(path.name, item, "no such photo or question"))
            elif (reason := _impossible(given, items[item]["answers"])) is not None:
                score.rejected.append(Rejection(path.name, item, reason))
            elif (rater, item, question) in seen:
                score.rejected.append(Rejection(path.name, item, f"{rater} ranked it before"))
            else:
                seen.add((rater, item, question))
                by_system = {items[item]["answers"][letter]: rank for letter, rank in given.items()}
                ranks[question].setdefault(item, {}).setdefault(rater, []).append(by_system)
    if not seen:
        raise DataError("No answer could be counted.", "See that the answers belong to this key.")
    score.raters = sorted({rater for rater, _, _ in seen})
    score.photos = len({item for _, item, _ in seen})
    score.counted = len(seen)
    for question, by_item in ranks.items():
        if by_item:
            score.standings[question] = _stand(by_item, systems, seed)
    return score


def _stand(
    by_item: dict[str, dict[str, list[dict[str, int]]]], systems: Sequence[str], seed: int
) -> list[Standing]:
    rankings = [[ranking for given in raters.values() for ranking in given] for raters in by_item.values()]
    means = np.array([[np.mean([one[name] for one in item]) for name in systems] for item in rankings])
    rng = np.random.default_rng(seed)
    draws = means[rng.integers(len(means), size=(_DRAWS, len(means)))].mean(1)
    low, high = np.percentile(draws, (2.5, 97.5), axis=0)
    if len(means) < 2:
        # One photo says nothing about others.
        low, high = np.ones(len(systems)), np.full(len(systems), float(len(systems)))
    every = [one for item in rankings for one in item]
    best = int(means.mean(0).argmin())
    standings = [
        Standing(
            name,
            float(means[:, i].mean()),
            float(low[i]),
            float(high[i]),
            sum(one[name] == 1 for one in every) / len(every),
            of_photos(means[:, i], means[:, best]).p if len(means) > 1 else 1.0,
        )
        for i, name in enumerate(systems)
    ]
    return sorted(standings, key=lambda standing: standing.mean_rank)


def _impossible(given: Any, answers: dict[str, str]) -> str | None:
    if not isinstance(given, dict) or set(given) != set(answers):
        return "not every answer has a rank"
    if any(not isinstance(rank, int) or isinstance(rank, bool) for rank in given.values()):
        return "a rank is no whole number"
    if sorted(given.values()) != list(range(1, len(answers) + 1)):
        return f"ranks are not 1 to {len(answers)}, each once"
    return None


_Entry = tuple[str, str, str, Any]


def _read_answers(path: Path, study: str, rejected: list[Rejection]) -> list[_Entry]:
    """Read (rater, item, question, letter -> rank) of a file; a file of another study is rejected whole.

    Whoever gave no name is called as the file is.
    """
    try:
        text = decoded(path.read_bytes())
        read = _read_csv if path.suffix.lower() == ".csv" else _read_json
        entries, found = read(text, path.stem)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        rejected.append(Rejection(path.name, "", f"cannot be read ({error})"))
        return []
    if not entries:
        rejected.append(Rejection(path.name, "", "holds no answers"))
        return []
    if found != {study}:
        rejected.append(Rejection(path.name, "", "belongs to another study"))
        return []
    return entries


def _read_json(text: str, unnamed: str) -> tuple[list[_Entry], set[str]]:
    content = json.loads(text)
    rater = str(content["rater"]).strip() or unnamed
    entries: list[_Entry] = [
        (rater, str(answer["item"]), question, answer[question])
        for answer in content["answers"]
        for question in QUESTIONS
        if question in answer
    ]
    return entries, {content["study"]}


def _read_csv(text: str, unnamed: str) -> tuple[list[_Entry], set[str]]:
    entries: list[_Entry] = []
    studies = set()
    # Where commas are decimal points, spreadsheets write semicolons between cells.
    first = text.partition("\n")[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    for row in csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter):
        studies.add(row.pop("study"))
        rater, item, question = row.pop("rater").strip() or unnamed, row.pop("item"), row.pop("question")
        given = {letter: value.strip() for letter, value in row.items() if value and value.strip()}
        if given:
            # Spreadsheets drop leading zeros of 001.
            ranks = {letter: int(value) if value.isdecimal() else value for letter, value in given.items()}
            entries.append((rater, item.zfill(3), question, ranks))
    return entries, studies


def describe_score(score: Score) -> str:
    """Return the outcome as tables in plain text."""
    raters = "1 rater" if len(score.raters) == 1 else f"{len(score.raters)} raters"
    photos = "1 photo" if score.photos == 1 else f"{score.photos} photos"
    lines = [f"{score.counted} rankings of {photos} by {raters}; {len(score.rejected)} rejected."]
    for question, standings in score.standings.items():
        lines += ["", f"{question}: mean rank, 1 is best (95 % confidence interval over photos)"]
        width = max(len(standing.system) for standing in standings)
        lines += [
            f"  {one.system.ljust(width)}  {one.mean_rank:.2f}  [{one.low:.2f}, {one.high:.2f}]"
            f"  first in {one.first:.0%}{f', p {one.p:.2g}' if number else ''}"
            for number, one in enumerate(standings)
        ]
        lines.append("p: difference from the best, Wilcoxon's signed-rank test over photos.")
    if score.rejected:
        lines += ["", "Rejected:"]
        lines += [
            f"  {one.file}{', photo ' + one.item if one.item else ''}: {one.reason}" for one in score.rejected
        ]
    return "\n".join(lines)
