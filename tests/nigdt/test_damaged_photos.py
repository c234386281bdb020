"""Damaged picture files of every format: read or refused in one line, and what was read can be saved."""

from __future__ import annotations

from tests.campaign.pictures import try_files

COUNT = 300


def test_damaged_files_are_read_or_refused_in_one_line() -> None:
    read, refused, wrong = try_files(COUNT, seed=COUNT)
    assert wrong == []
    assert min(read, refused) > COUNT / 10, "both happen, or nothing was tried"
