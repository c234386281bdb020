"""Cases that the evaluation draws, and colour-swap accuracy and R-precision over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from nigdt_training.data.data_set import read_records
from nigdt_training.data.recolour import COLOURS, recolour
from nigdt_training.data.records import Record
from nigdt_training.data.tree import Source
from nigdt_training.evaluation.cases import Case, CaseSettings, draw_cases
from nigdt_training.evaluation.colour_swap import ColourSwapMeter, askable
from nigdt_training.evaluation.metrics import SWAP_COLOURS
from nigdt_training.evaluation.retrieval import NEGATIVES, Retrieval, draw_negatives, first_among, retrieve
from nigdt_training.evaluation.run import Options, evaluate
from nigdt_training.evaluation.systems import Request

from tests.training.birds import object_cases, write_birds
from tests.training.colour_words import colour_words


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_birds(tmp_path_factory.mktemp("photos"))


class Painter:
    """Obeys every caption: the original object in the first colour that the caption names."""

    name, guided, sampled = "painter", True, False

    def fill(self, requests: Sequence[Request], samples: int = 1) -> list[list[np.ndarray]]:
        answers = []
        for request in requests:
            assert request.case.object_mask is not None
            colour = colour_words(request.caption)[0]
            answers.append([recolour(request.case.photo, request.case.object_mask, colour)])
        return answers


class Flooder(Painter):
    """Paints the whole hole."""

    name = "flooder"

    def fill(self, requests: Sequence[Request], samples: int = 1) -> list[list[np.ndarray]]:
        answers = []
        for request in requests:
            answer = request.case.photo.copy()
            answer[request.case.hole] = COLOURS[colour_words(request.caption)[0]].rgb
            answers.append([answer])
        return answers


def test_cases_depend_on_seed_and_name_alone(photos: Path) -> None:
    records = read_records(photos)
    every = draw_cases(records, CaseSettings("irregular", size=64))
    few = draw_cases(list(reversed(records)), CaseSettings("irregular", size=64, limit=3))
    assert len(every) == 6
    assert [case.name for case in few] == [case.name for case in every[:3]]
    for one, other in zip(few, every, strict=False):
        assert one.caption == other.caption
        np.testing.assert_array_equal(one.hole, other.hole)
    assert not all((case.hole == every[0].hole).all() for case in every)
    other_seed = draw_cases(records, CaseSettings("irregular", size=64, seed=1))
    assert [case.name for case in other_seed] != [case.name for case in every]


def test_object_cases_need_an_object(photos: Path) -> None:
    cases = object_cases(photos)
    assert {case.name for case in cases} == {f"{n}.png" for n in range(5)}
    for case in cases:
        assert case.object_mask is not None
        assert ((case.object_mask > 127) & ~case.hole).sum() == 0
        assert case.hole.sum() == 56 * 56


def test_outline_holes_cover_the_object_and_little_more(photos: Path) -> None:
    for case in draw_cases(read_records(photos), CaseSettings("outline", size=96)):
        assert case.object_mask is not None
        target = case.object_mask > 127
        assert (case.hole | ~target).all()
        assert case.hole.sum() < 1.6 * target.sum()


def test_held_out_cases_are_those_that_training_left_out(photos: Path) -> None:
    from nigdt_training.data.split import held_out

    records = read_records(photos)
    cases = draw_cases(records, CaseSettings(held_out=0.5, size=64))
    assert {case.name for case in cases} == {r.name for r in records if held_out(r.group, 0.5)}
    assert 0 < len(cases) < 6


def test_square_around_the_object(photos: Path) -> None:
    near = draw_cases(read_records(photos), CaseSettings("object", size=96, around_object=True))
    assert all(case.photo.shape == (96, 96, 3) for case in near)
    assert near[0].hole.mean() == pytest.approx(1 / 1.75**2, abs=0.05)


def test_a_system_that_follows_the_words_scores_full_marks_and_stays_beside_the_object(photos: Path) -> None:
    result = evaluate(Painter(), object_cases(photos), Options(colour_swap=True))
    assert result.colour_swap is not None
    assert result.colour_swap.photos == 5
    assert result.colour_swap.accuracy == 1
    assert result.colour_swap.background_swapped == 0


def test_painting_the_whole_rectangle_shows_in_the_background(photos: Path) -> None:
    cases = object_cases(photos)
    meter = ColourSwapMeter()
    for case in cases:
        # Its answer to the true caption is right: only the swaps flood the rectangle.
        meter.add(Flooder(), case, case.photo + np.uint8(5))
    result = meter.result()
    assert result is not None
    assert result.accuracy == 1
    assert result.background > 1.2


def test_an_object_counts_where_it_was_drawn(photos: Path) -> None:
    case = object_cases(photos)[0]
    place = np.zeros(case.hole.shape, np.float32)
    rows, columns = np.nonzero(case.hole)
    place[rows.min() : rows.min() + 8, columns.min() : columns.min() + 8] = 1  # not where the photo's bird is
    answers = {}
    for colour in SWAP_COLOURS:
        answers[colour] = case.photo.copy()
        answers[colour][place > 0] = COLOURS[colour].rgb
    there, elsewhere = ColourSwapMeter(), ColourSwapMeter()
    assert there.count(case, case.photo, answers, place)["obeyed"] == 1
    assert there.count(case, case.photo, answers, place)["swapped_beside"] == 0
    assert elsewhere.count(case, case.photo, answers)["obeyed"] < 0.5


def test_deaf_system_scores_chance(photos: Path) -> None:
    class Deaf(Painter):
        def fill(self, requests: Sequence[Request], samples: int = 1) -> list[list[np.ndarray]]:
            return [[request.case.photo] for request in requests]

    result = evaluate(Deaf(), object_cases(photos), Options(colour_swap=True))
    assert result.colour_swap is not None
    assert result.colour_swap.accuracy == pytest.approx(1 / 7)
    assert result.colour_swap.accuracy_error == 0, "every photo shows one of seven"
    assert result.colour_swap.per_colour["black"] == 1


def test_captions_without_colours_are_not_asked_about(photos: Path) -> None:
    case = object_cases(photos)[0]
    assert askable(case)
    assert not askable(Case(case.name, case.photo, case.hole, "a bird", ("a bird",), case.object_mask))
    assert not askable(Case(case.name, case.photo, case.hole, case.caption, case.captions, None))


def captioned(name: str, *captions: str, species: str | None = None, group: str = "") -> Record:
    return Record(Source(Path(name), name, 0, 0, 0), list(captions), group=group or name, species=species)


def test_rivals_never_describe_the_case(photos: Path) -> None:
    case = replace(object_cases(photos)[0], species="crow", group="series")
    pool = [
        *(captioned(f"p{n}", f"caption {n}", case.caption) for n in range(NEGATIVES + 40)),
        captioned(case.name, "its own other"),
        captioned("same series", "the next shot", group="series"),
        captioned("same species", "a crow", species="crow"),
        captioned("other species", "a crow", "a gull", species="gull"),
    ]
    negatives = [draw_negatives(case, pool, np.random.default_rng(seed)) for seed in range(20)]
    assert all(len(drawn) == len(set(drawn)) == NEGATIVES for drawn in negatives)
    drawn = set().union(*negatives)
    assert "a gull" in drawn
    assert not drawn & {case.caption, "its own other", "the next shot", "a crow"}
    one_by_one = [replace(record, species=None) for record in pool]
    drawn = set().union(
        *(draw_negatives(case, one_by_one, np.random.default_rng(seed)) for seed in range(20))
    )
    assert "a crow" in drawn, "without species every other photo's caption may compete"


def test_r_precision_is_the_chance_of_beating_99(photos: Path) -> None:
    case = object_cases(photos)[0]
    negatives = [f"caption {n}" for n in range(300)]

    def likes(*texts: str):
        return lambda pictures, captions: np.array([[float(caption in texts) for caption in captions]])

    assert retrieve(likes("own"), case.photo, "own", negatives) == Retrieval(1.0, 1.0)
    assert retrieve(likes(), case.photo, "own", negatives) == Retrieval(0.0, 0.0), "a tie is no win"
    found = retrieve(likes("own", "caption 1"), case.photo, "own", negatives)
    assert found.precision == pytest.approx(1 - 99 / 300)
    assert found.percentile == pytest.approx(299 / 300)
    assert np.isnan(retrieve(likes("own"), case.photo, "own", []).precision)
    assert first_among(20, 20) == 1.0
    rng = np.random.default_rng(0)
    tried = np.mean([(rng.permutation(300)[:99] < 298).all() for _ in range(4000)])
    assert first_among(298, 300) == pytest.approx(tried, abs=0.03)
