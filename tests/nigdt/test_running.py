"""Precision, layout, batches and recordings: the same picture, within what is stated."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from nigdt.context.blend import hole_of
from nigdt.errors import NigdtError
from nigdt.inpainter import CompletionJob, Inpainter
from nigdt.model import NIGDT
from nigdt.recipe import variants_from_seed
from nigdt.runtime.recording import Recorded
from nigdt.runtime.runner import BFLOAT16_LEVELS, layout

CAPTIONS = ("a bird with a red belly", "blue sky", "")


def scene(seed: int, side: int = 96) -> tuple[np.ndarray, np.ndarray]:
    """A smooth picture with grain, and a hole in it."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (5, 5, 3)).astype(np.float32)
    picture = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC) + rng.normal(
        0, 6, (side, side, 3)
    )
    mask = np.zeros((side, side), np.uint8)
    mask[side // 4 : side // 2, side // 3 : side * 2 // 3] = 255
    return np.clip(picture, 0, 255).astype(np.uint8), hole_of(mask)


def replaying(
    function: Callable[..., Sequence[Tensor]], inputs: Sequence[Tensor]
) -> tuple[Callable[[], object], Sequence[Tensor]]:
    """What `CudaGraphs` does, without CUDA: work on fixed buffers, results in fixed buffers."""
    outputs = [output.clone() for output in function(*inputs)]

    def replay() -> None:
        for output, made in zip(outputs, function(*inputs), strict=True):
            output.copy_(made)

    return replay, outputs


replaying.nbytes = 0  # type: ignore[attr-defined]


def with_recordings(inpainter: Inpainter) -> Inpainter:
    return Inpainter(inpainter._model, inpainter.vocabulary, inpainter.bundle, "cpu", recorder=replaying)


@pytest.fixture(scope="module")
def inpainter(tiny_bundle) -> Inpainter:
    return Inpainter.from_bundle(str(tiny_bundle), device="cpu")


@pytest.mark.parametrize(
    ("device", "precision", "last"),
    [
        ("cpu", "float32", True),
        ("cpu", "bfloat16", True),
        ("cuda", "float32", False),
        ("cuda:1", "bfloat16", True),
        ("mps", "float32", False),
    ],
)
def test_layout_follows_device_and_precision(device: str, precision: str, last: bool) -> None:
    assert (layout(device, precision) is torch.channels_last) is last


def test_half_precision_stays_within_the_stated_tolerance() -> None:
    """By the model that comes along: random weights say nothing about what rounding does to pictures."""
    full = Inpainter.from_bundle("default", device="cpu")
    half = Inpainter.from_bundle("default", device="cpu", precision="bfloat16")
    assert half._model.generator.blocks[0].conv1.weight.dtype == torch.bfloat16
    assert half._model.text_encoder.embedding.weight.dtype == torch.float32
    largest = 0.0
    for seed, caption in enumerate(CAPTIONS):
        crop, hole = scene(seed, 160)
        jobs = [
            CompletionJob(one.encode(crop, hole), caption, variants_from_seed(2, seed))
            for one in (full, half)
        ]
        for exact, rounded in zip(full.pictures(jobs[0]), half.pictures(jobs[1]), strict=True):
            largest = max(largest, float(np.abs(exact - rounded).mean()))
    assert 0.0 < largest < BFLOAT16_LEVELS


def test_unknown_precision_is_one_line(tiny_bundle) -> None:
    with pytest.raises(NigdtError, match="float16"):
        Inpainter.from_bundle(str(tiny_bundle), device="cpu", precision="float16")


def test_a_device_without_half_precision_says_so(monkeypatch) -> None:
    from nigdt.runtime.runner import prepare

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: False)
    with pytest.raises(NigdtError, match="bfloat16"):
        prepare(NIGDT.__new__(NIGDT), "cuda:0", "bfloat16")


@pytest.mark.parametrize("batch", [2, 3, 16])
def test_fills_made_in_one_pass_are_those_made_alone(inpainter, batch: int) -> None:
    """Within a hundredth of a grey level, each with its own context, caption, noise and attention."""
    contexts = [inpainter.encode(*scene(seed)) for seed in range(2)]
    odd = inpainter.encode(*(array[:, :48].copy() for array in scene(5)))
    variants = variants_from_seed(3, 1)
    jobs = [
        CompletionJob(contexts[0], CAPTIONS[0], variants, attention=True),
        CompletionJob(odd, CAPTIONS[1], variants[:1]),
        CompletionJob(contexts[1], CAPTIONS[2], variants[1:], attention=True),
    ]
    together = inpainter.complete(jobs, batch=batch)
    assert [len(fills) for fills in together] == [3, 1, 2]
    for job, fills in zip(jobs, together, strict=True):
        for fill, alone in zip(fills, inpainter.complete([job])[0], strict=True):
            assert fill.variant == alone.variant
            assert np.abs(fill.pixels.astype(int) - alone.pixels).max() <= 1
            for use, other in zip(fill.attention or (), alone.attention or (), strict=True):
                assert use.word == other.word
                np.testing.assert_allclose(use.map, other.map, atol=1e-5)
        drawn, expected = inpainter.pictures(job, batch), inpainter.pictures(job)
        np.testing.assert_allclose(drawn, expected, atol=0.01)


def test_recordings_draw_what_they_were_recorded_from(inpainter) -> None:
    """Captions of any length and batches of any number share few recordings, and results are one's own."""
    replayed = with_recordings(inpainter)
    both, pairs = (inpainter, replayed), []
    for seed, caption in enumerate(CAPTIONS):
        crop, hole = scene(seed)
        variants = variants_from_seed(3, seed)
        for batch in (1, 3):
            job_of = {one: CompletionJob(one.encode(crop, hole), caption, variants, True) for one in both}
            pairs.append([one.complete([job_of[one]], batch)[0] for one in both])
    for expected, fills in pairs:  # compared last, when later work had the chance to overwrite them
        for fill, other in zip(fills, expected, strict=True):
            assert np.abs(fill.pixels.astype(int) - other.pixels).max() <= 1
            assert [use.word for use in fill.attention] == [use.word for use in other.attention]
            for use, same in zip(fill.attention, other.attention, strict=True):
                np.testing.assert_allclose(use.map, same.map, atol=1e-5)
    assert len(replayed._runner._encode) == 1
    assert len(replayed._runner._complete) == 2, "batches of 1, and of 3 as 4"


def test_the_longest_unused_recording_goes_first() -> None:
    made = []

    def double(value: Tensor) -> list[Tensor]:
        made.append(len(value))
        return [2 * value]

    recorded = Recorded(double, replaying, most=2)
    for length in (1, 2, 1, 3, 1):
        assert torch.equal(recorded(torch.arange(length))[0], 2 * torch.arange(length))
    assert len(recorded) == 2
    before = made.count(2)
    recorded(torch.ones(2))
    assert made.count(2) > before + 1, "recorded anew"
    recorded.clear()
    assert len(recorded) == 0


def test_what_cannot_be_recorded_runs_as_it_is(caplog) -> None:
    def refusing(function, inputs):
        raise RuntimeError("operation not permitted when stream is capturing")

    def lying(function, inputs):
        return (lambda: None), [torch.zeros_like(output) for output in function(*inputs)]

    for recorder, words in ((refusing, "not permitted"), (lying, "differs")):
        recorded = Recorded(lambda value: [value + 1], recorder)
        for _ in range(2):
            assert torch.equal(recorded(torch.ones(3))[0], torch.full((3,), 2.0))
        assert words in caplog.text
        assert len(recorded) == 0


def test_no_memory_for_a_recording_is_an_error_to_step_down_from() -> None:
    def no_room(function, inputs):
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(torch.OutOfMemoryError):
        Recorded(lambda value: [value], no_room)(torch.ones(1))
