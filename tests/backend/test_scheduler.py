"""The queue by itself: bounds, fairness, batches, newest-wins, and its accounts kept under any sequence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nigdt_backend.daemon.scheduler import Job, Scheduler
from nigdt_backend.protocol import FillRequest, ProtocolError

from nigdt.recipe import Recipe, Variant


def job(
    client: int,
    caption: str = "",
    variants: int = 1,
    *,
    crop: bytes = b"x" * 192,
    bundle: str = "default",
    **fields,
) -> Job:
    request = FillRequest(
        crop, b"\xff" * 64, 8, 8, Recipe(caption, bundle=bundle), [Variant()] * variants, **fields
    )
    return Job("local", (0, bytes([client])), request, 0.0)


def test_clients_take_turns():
    scheduler = Scheduler()
    for number in range(4):
        scheduler.submit(job(1, f"first {number}"))
    for number in range(2):
        scheduler.submit(job(2, f"second {number}"))
    scheduler.submit(job(3, "third"))
    order = [scheduler.take(1)[0].request.recipe.caption for _ in range(7)]
    assert order == ["first 0", "second 0", "third", "first 1", "second 1", "first 2", "first 3"]
    assert scheduler.take(1) == []
    assert len(scheduler) == 0


def test_batch_is_shared_fairly_and_never_mixes_bundles():
    scheduler = Scheduler()
    for number in range(3):
        scheduler.submit(job(1, f"first {number}", 2))
    scheduler.submit(job(2, "second", 2))
    scheduler.submit(job(3, "other", 2, bundle="other"))
    assert [entry.request.recipe.caption for entry in scheduler.take(6)] == ["first 0", "second", "first 1"]
    assert [entry.request.recipe.caption for entry in scheduler.take(6)] == ["other"]
    assert [entry.request.recipe.caption for entry in scheduler.take(6)] == ["first 2"]


def test_a_job_larger_than_a_batch_goes_alone():
    scheduler = Scheduler()
    scheduler.submit(job(1, "large", 16))
    scheduler.submit(job(2, "small"))
    assert [entry.request.recipe.caption for entry in scheduler.take(8)] == ["large"]
    assert [entry.request.recipe.caption for entry in scheduler.take(8)] == ["small"]


def test_newest_live_request_takes_the_place_of_the_waiting_one():
    scheduler = Scheduler(per_client=2)
    first = job(1, "a", live=True)
    assert scheduler.submit(first) is None
    scheduler.submit(job(1, "not live"))
    newer = job(1, "a b", live=True)
    assert scheduler.submit(newer) is first
    assert scheduler.submit(job(2, "a", live=True)) is None, "another client's request stays"
    with pytest.raises(ProtocolError, match="2 of your jobs"):
        scheduler.submit(job(1, "elsewhere", live=True, crop=b"y" * 192))
    assert [entry.request.recipe.caption for entry in scheduler.take(1)] == ["a b"]


def test_bounds_are_kept():
    scheduler = Scheduler(capacity=3, per_client=2, capacity_bytes=1000, clients=2)
    scheduler.submit(job(1))
    scheduler.submit(job(1))
    with pytest.raises(ProtocolError, match="2 of your jobs") as raised:
        scheduler.submit(job(1))
    assert raised.value.code == "busy"
    scheduler.submit(job(2))
    with pytest.raises(ProtocolError) as raised:
        scheduler.submit(job(3))
    assert raised.value.code == "too-many-clients"
    with pytest.raises(ProtocolError, match="The queue is full"):
        scheduler.submit(job(2))
    small = Scheduler(capacity_bytes=300)
    small.submit(job(1))
    with pytest.raises(ProtocolError, match="The queue is full"):
        small.submit(job(2))


def test_position_counts_who_runs_before():
    scheduler = Scheduler()
    jobs = [job(1, "a"), job(1, "b"), job(2, "c"), job(2, "d"), job(3, "e")]
    for entry in jobs:
        scheduler.submit(entry)
    positions = {entry.request.recipe.caption: scheduler.position(entry) for entry in jobs}
    order = {scheduler.take(1)[0].request.recipe.caption: turn for turn in range(5)}
    assert positions == order


@given(
    st.lists(
        st.tuples(st.sampled_from(["submit", "take", "remove", "drain", "move"]), st.integers(1, 4)),
        max_size=60,
    )
)
def test_accounts_stay_right(steps):
    scheduler = Scheduler(capacity=12, per_client=5, clients=3)
    waiting: list[Job] = []
    for step, number in steps:
        if step == "submit":
            new = job(number, str(number), number, live=number == 4)
            try:
                replaced = scheduler.submit(new)
            except ProtocolError:
                continue
            if replaced is not None:
                waiting.remove(replaced)
            waiting.append(new)
        elif step == "take":
            taken = scheduler.take(number)
            assert bool(taken) == bool(waiting)
            for entry in taken:
                waiting.remove(entry)
        elif step == "remove" and waiting:
            entry = waiting.pop(number % len(waiting))
            assert scheduler.remove(entry)
            assert not scheduler.remove(entry)
        elif step == "move" and waiting:
            scheduler.move(waiting[number % len(waiting)], (0, bytes([number + 100])))
        elif step == "drain":
            assert len(scheduler.drain()) == len(waiting)
            waiting.clear()
        assert len(scheduler) == len(waiting)
        assert scheduler.waiting_variants == sum(len(entry.request.variants) for entry in waiting)
        assert scheduler.clients == len({entry.client for entry in waiting})
        assert scheduler._bytes == sum(entry.size for entry in waiting)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=16))
def test_no_client_waits_for_more_than_one_job_of_each_other(clients):
    scheduler = Scheduler()
    for client in clients:
        scheduler.submit(job(client, str(client)))
    served = []
    while len(scheduler):
        served.append(scheduler.take(1)[0].request.recipe.caption)
    assert sorted(served) == sorted(map(str, clients))
    distinct = len(set(clients))
    assert len(set(served[:distinct])) == distinct
