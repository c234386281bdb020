"""Looking over captioned photos before anything is trained on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from nigdt.errors import PhotoError, printable
from nigdt.text import Vocabulary, tokenise
from nigdt_training.data.data_set import DataSet, read_data_set
from nigdt_training.data.decode import open_upright
from nigdt_training.data.fingerprint import Fingerprint, find_alike, fingerprint
from nigdt_training.data.records import Record
from nigdt_training.data.split import merge_groups

TINY = 64
"""Photos with a shorter side below this many pixels are skipped."""
FEW, SOME = 50, 1000
_FINGERPRINT_SIDE = 64


@dataclass(frozen=True)
class SkippedPhoto:
    """A photo, or a part of an index, that is skipped, and why.

    Attributes:
        name: The photo.
        kind: "missing", "unreadable", "damaged", "tiny", "duplicate" or "captionless".
        detail: The reason in a few words.
    """

    name: str
    kind: str
    detail: str


@dataclass(frozen=True)
class Report:
    """What a data set holds.

    Attributes:
        path: Where it lies.
        layout: The layout that it has.
        found: Photos that it names.
        usable: Records left after skipping, near-duplicates joined into one group.
        problems: What was skipped.
        sizes: Shorter side of each usable photo in pixels.
        unknown: Words that the model does not know -> in how many captions; None when no model was asked.
        long_captions: Captions with more words than the model reads; None when no model was asked.
    """

    path: Path
    layout: str
    found: int
    usable: list[Record]
    problems: list[SkippedPhoto]
    sizes: list[int]
    unknown: Counter[str] | None
    long_captions: int | None

    @property
    def captions(self) -> list[str]:
        """All usable captions."""
        return [caption for record in self.usable for caption in record.captions]

    @property
    def groups(self) -> int:
        """Number of groups that a split may separate."""
        return len({record.group for record in self.usable})

    def verdict(self) -> str:
        """Return whether that is enough to train on, honestly."""
        count = len(self.usable)
        if count == 0:
            return "Nothing here can be trained on."
        if count < FEW:
            are = "photo is" if count == 1 else "photos are"
            return (
                f"{count} {are} too few to learn much from: a trained model may gain a little where all "
                "show one kind of thing in one way. Some hundreds of one kind of picture are useful."
            )
        if count < SOME:
            return (
                f"{count} photos can adapt a trained model to them; they are too few to start from nothing."
            )
        if count < 20 * SOME:
            return f"{count} photos are enough for a small model of such pictures; fine-tuning does better."
        return f"{count} photos are enough to train from nothing."


def check_path(
    path: Path | str,
    vocabulary: Vocabulary | None = None,
    max_words: int | None = None,
    workers: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Read and check a data set.

    Args:
        path: A folder or an uncompressed .tar.
        vocabulary: Words that the model knows; None leaves `Report.unknown` out.
        max_words: Longest caption that the model reads, in words.
        workers: Threads that decode.
        progress: Called with (photos done, photos in all).

    Raises:
        DataError: The data set as a whole cannot be read; single bad photos are only listed.
    """
    return check_data_set(read_data_set(path), vocabulary, max_words, workers, progress)


def check_data_set(
    data: DataSet,
    vocabulary: Vocabulary | None = None,
    max_words: int | None = None,
    workers: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Check a data set that was read; see `check_path`."""
    problems = [SkippedPhoto(name, "missing", "named in the index, not there") for name in data.missing]
    problems += [
        SkippedPhoto(name, "unreadable", "not read here: save it as JPEG or PNG, of the same name")
        for name in data.unread
    ]
    problems += [SkippedPhoto(name, "damaged", why) for name, why in data.left_out]
    readable: list[tuple[Record, Fingerprint, int]] = []
    with ThreadPoolExecutor(max(1, workers)) as pool:
        for done, (record, seen) in enumerate(
            zip(data.records, pool.map(_look, data.records), strict=True), 1
        ):
            if isinstance(seen, SkippedPhoto):
                problems.append(seen)
            else:
                readable.append((record, *seen))
            if progress is not None and (done % 100 == 0 or done == len(data.records)):
                progress(done, len(data.records))
    kept, sizes = _without_duplicates(readable, problems)
    captions = [caption for record in kept for caption in record.captions]
    unknown = None
    if vocabulary is not None:
        unknown = Counter(word for caption in captions for word in vocabulary.unknown(caption))
    too_long = None if max_words is None else sum(len(tokenise(caption)) > max_words for caption in captions)
    found = len(data.records) + len(data.missing) + len(data.unread)
    return Report(data.path, data.layout, found, kept, problems, sizes, unknown, too_long)


def join_look_alikes(records: Sequence[Record], workers: int = 2) -> list[Record]:
    """Return the records with look-alikes in one group, so that a split by group keeps them together.

    Args:
        records: Photos; those that cannot be read keep their group.
        workers: Threads that decode.
    """
    with ThreadPoolExecutor(max(1, workers)) as pool:
        looks = list(pool.map(_look, records))
    seen = [(i, look[0]) for i, look in enumerate(looks) if not isinstance(look, SkippedPhoto)]
    alike = find_alike([look for _, look in seen])
    groups = merge_groups(
        [record.group for record in records], ((seen[i][0], seen[j][0]) for i, j, _ in alike)
    )
    return [replace(record, group=group) for record, group in zip(records, groups, strict=True)]


def _look(record: Record) -> tuple[Fingerprint, int] | SkippedPhoto:
    """Decode one photo, at a fraction of its size where the format allows; damage shows all the same."""
    if not any(tokenise(caption) for caption in record.captions):
        return SkippedPhoto(record.name, "captionless", "no caption with a word in it")
    try:
        image, _, stored = open_upright(record.source, _FINGERPRINT_SIDE)
    except PhotoError as error:
        return SkippedPhoto(record.name, "unreadable", str(error))
    if min(stored) < TINY:
        return SkippedPhoto(record.name, "tiny", f"{stored[0]} x {stored[1]} pixels")
    return fingerprint(image), min(stored)


def _without_duplicates(
    readable: Sequence[tuple[Record, Fingerprint, int]], problems: list[SkippedPhoto]
) -> tuple[list[Record], list[int]]:
    """Drop copies of a photo, keeping the largest, and joins the groups of those that merely look alike.

    Of equally large ones that with the most captions is kept.
    """
    alike = find_alike([seen for _, seen, _ in readable])
    same_as: dict[int, list[int]] = {}
    for first, second, same in alike:
        if same:
            same_as.setdefault(first, []).append(second)
            same_as.setdefault(second, []).append(first)
    copy_of: dict[int, int] = {}
    for i in sorted(same_as, key=lambda i: (-readable[i][2], -len(readable[i][0].captions), i)):
        if i not in copy_of:
            copy_of |= {copy: i for copy in same_as[i] if copy not in copy_of}
    for second, first in sorted(copy_of.items()):
        problems.append(
            SkippedPhoto(readable[second][0].name, "duplicate", f"same picture as {readable[first][0].name}")
        )
    groups = merge_groups([record.group for record, _, _ in readable], ((i, j) for i, j, _ in alike))
    kept = [i for i in range(len(readable)) if i not in copy_of]
    return [replace(readable[i][0], group=groups[i]) for i in kept], [readable[i][2] for i in kept]


def describe(report: Report, most: int = 10) -> str:
    """Return the report in plain words, at most `most` lines per kind of problem."""
    lines = [f"{report.path}: {report.layout}, {_many(report.found, 'photo')}."]
    captions = report.captions
    if report.usable:
        lengths = sorted(len(tokenise(caption)) for caption in captions)
        lines.append(
            f"Usable: {_many(len(report.usable), 'photo')} with {_many(len(captions), 'caption')} "
            f"({len(captions) / len(report.usable):.1f} each; {lengths[0]} to {lengths[-1]} words, "
            f"median {median(lengths):g}), shorter side {min(report.sizes)} to {max(report.sizes)} px, "
            f"median {median(report.sizes):g}."
        )
        boxed = sum(record.box is not None for record in report.usable)
        if boxed:
            lines.append(f"Objects are marked in {_many(boxed, 'photo')}.")
        splits = Counter(record.split for record in report.usable if record.split)
        if splits:
            lines.append(
                "Split given: " + ", ".join(f"{name} {n}" for name, n in sorted(splits.items())) + "."
            )
        if report.groups < len(report.usable):
            lines.append(f"Look-alikes stay together when photos are held out: {report.groups} groups.")
    for kind, count in sorted(Counter(problem.kind for problem in report.problems).items()):
        lines.append(f"Skipped as {kind}: {count}.")
        listed = [problem for problem in report.problems if problem.kind == kind]
        lines += [
            printable(f"  {_shortened(problem.name)}: {_shortened(problem.detail)}")
            for problem in listed[:most]
        ]
        if count > most:
            lines.append(f"  and {count - most} more (--json lists all)")
    if report.unknown is not None and captions:
        lines += _describe_words(report.unknown, captions)
    if report.long_captions:
        lines.append(f"Captions longer than the model reads, cut at their end: {report.long_captions}.")
    lines.append(report.verdict())
    return "\n".join(lines)


def _shortened(text: str, most: int = 260) -> str:
    """Cut what an index may say without end: names of photos, words."""
    return text if len(text) <= most else f"{text[:most]}…"


def _describe_words(unknown: Counter[str], captions: Sequence[str]) -> list[str]:
    if not unknown:
        return ["The model knows every word."]
    common = ", ".join(f"{_shortened(word, 40)} ({count})" for word, count in unknown.most_common(20))
    words = len({word for caption in captions for word in tokenise(caption)})
    known = f"The model does not know {len(unknown)} of {words} words ({len(unknown) / words:.0%})"
    return [f"{known}; by how many of {_many(len(captions), 'caption')} use them:", f"  {common}"]


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
