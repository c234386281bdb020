"""The model on an accelerator that is pretended: all on one device, and what a CUDA graph needs."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from nigdt_backend.daemon.agreement import deviation
from PIL import Image

from nigdt.context.blend import hole_of
from nigdt.inpainter import CompletionJob, Inpainter
from nigdt.recipe import Variant
from nigdt.runtime.recording import CudaGraphs, Recorded
from nigdt.runtime.runner import BFLOAT16_LEVELS, Precision
from tests.pretended_device import Pretended, pretended


def scene(seed: int, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (4, 4, 3)).astype(np.uint8)
    picture = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    mask = np.zeros((height, width), np.uint8)
    mask[height // 4 : height // 2, width // 3 : width * 2 // 3] = 255
    return picture.astype(np.uint8), hole_of(mask)


# Contexts of two shapes, every kind of variant, captions of several words and of none.
WORK = (
    (
        (160, 160),
        "a bird with a red belly",
        (Variant(), Variant(seed=3), Variant(seed=4, base=9, spread=0.5)),
    ),
    ((160, 64), "", (Variant(seed=1),)),
)


def drawn(inpainter: Inpainter, batch: int = 1) -> list[np.ndarray]:
    return [
        picture
        for size, caption, variants in WORK
        for picture in inpainter.pictures(
            CompletionJob(inpainter.encode(*scene(1, *size)), caption, variants), batch
        )
    ]


@pytest.fixture(scope="module")
def expected() -> list[np.ndarray]:
    """By the model that comes along, on the CPU: random weights do not tell what rounding does."""
    return drawn(Inpainter.from_bundle("default", "cpu"))


@pytest.fixture(scope="module")
def tiny(tiny_bundle: Path) -> str:
    """A bundle of the same layers, for all that no rounding changes: its arithmetic takes no time."""
    return str(tiny_bundle)


def largest(drawn: list[np.ndarray], expected: list[np.ndarray]) -> float:
    return max(float(np.abs(a - b).max()) for a, b in zip(drawn, expected, strict=True))


@pytest.mark.parametrize("name", ["cuda:0", "mps:0"])
def test_everything_is_on_the_device_and_comes_out_as_on_the_cpu(name: str, tiny: str) -> None:
    expected = drawn(Inpainter.from_bundle(tiny, "cpu"))
    with pretended(name) as accelerator:
        inpainter = Inpainter.from_bundle(tiny, name)
        made = drawn(inpainter)
        assert largest(made, expected) < 0.01
        on_device = [isinstance(weight, Pretended) for weight in inpainter._model.parameters()]
        assert sum(on_device) > 0.8 * len(on_device)
        context = inpainter.encode(*scene(0, 160, 160))
        accelerator.waits.clear()
        inpainter.encode(*scene(1, 160, 160))
        assert accelerator.waits == [], "an encoding leaves the processor free"
        inpainter.complete([CompletionJob(context, "a red bird")])
        assert len(accelerator.waits) == 1, "for the picture alone"


@pytest.mark.parametrize("name", ["cuda:0", "mps:0"])
def test_half_precision_by_the_devices_own_casts_stays_within_the_tolerance(name: str, expected) -> None:
    with pretended(name):
        made = drawn(Inpainter.from_bundle("default", name, "bfloat16"))
    assert 0 < max(np.abs(a - b).mean() for a, b in zip(made, expected, strict=True)) < BFLOAT16_LEVELS


@pytest.mark.parametrize(("precision", "batch", "levels"), [("float32", 3, 0.01), ("bfloat16", 1, 1.0)])
def test_graphs_draw_the_same_though_they_share_their_memory(
    precision: Precision, batch: int, levels: float, tiny: str
) -> None:
    with pretended("cuda:0") as accelerator:
        plain = Inpainter.from_bundle(tiny, "cuda:0", precision)
        plain = Inpainter(plain._model, plain.vocabulary, plain.bundle, "cuda:0", precision)
        recorded = Inpainter.from_bundle(tiny, "cuda:0", precision)
        wanted = drawn(plain, batch)
        for _ in range(2):
            assert largest(drawn(recorded, batch), wanted) < levels
        assert len(accelerator.graphs) == 4, "two shapes, both halves"
        assert len({id(graph.pool()) for graph in accelerator.graphs}) == 1
        assert recorded.recorded_bytes == max(graph.nbytes for graph in accelerator.graphs) > 2**20
        recorded.forget_recordings()
        assert recorded.recorded_bytes == len(accelerator.graphs) == 0
        assert largest(drawn(recorded, batch)[:1], wanted[:1]) < levels
        assert recorded.recorded_bytes > 2**20


@pytest.mark.parametrize(
    "refused",
    [
        lambda x: [x + x.sum().item()],
        lambda x: [x[x > 0]],
        lambda x: [x.masked_select(x > 0)],
        lambda x: [x.cpu()],
        lambda x: [x + torch.ones(3).to(x.device)],
        lambda x: [x + torch.randn_like(x)],
        lambda x: [x + torch.ones(3)],
    ],
    ids=["item", "truth values", "selection", "to the CPU", "from the CPU", "chance", "two devices"],
)
def test_the_pretended_device_refuses_what_a_capture_does(refused) -> None:
    with pretended("cuda:0"), torch.inference_mode():
        x = torch.ones(3).to("cuda:0")
        with pytest.raises(RuntimeError, match=r"capturing|same device"):
            CudaGraphs()(refused, [x])


def test_what_cannot_be_captured_runs_as_it_is(caplog) -> None:
    with pretended("cuda:0") as accelerator, torch.inference_mode():
        recorded = Recorded(lambda x: [x * (2 if x.sum().item() > 0 else 3)], CudaGraphs())
        for _ in range(2):
            assert recorded(torch.ones(3).to("cuda:0"))[0].cpu().tolist() == [2, 2, 2]
        assert "not permitted" in caplog.text
        assert len(accelerator.graphs) == 0


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory."), RuntimeError("CUDA error: out of memory")]
)
def test_no_memory_for_a_graph_is_an_error_to_step_down_from(error) -> None:
    def no_room(function, inputs):
        raise error

    no_room.nbytes = 0
    recorded = Recorded(lambda value: [value], no_room)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="out of memory"):
            recorded(torch.ones(1))


def test_a_whole_fill_of_a_photo_on_the_device(tiny: str) -> None:
    from PIL import Image

    picture, mask = scene(2, 300, 200)
    arguments = (Image.fromarray(picture), mask, "a red bird")
    fills = Inpainter.from_bundle(tiny, "cpu").fill(*arguments, variants=2)
    with pretended("cuda:0"):
        ours = Inpainter.from_bundle(tiny, "cuda:0").fill(*arguments, variants=2)
    for fill, own in zip(fills, ours, strict=True):
        assert np.abs(np.asarray(fill.photo).astype(int) - np.asarray(own.photo)).max() <= 1


def test_a_clicked_object_is_found_on_the_device() -> None:
    with Image.open(str(files("nigdt") / "data" / "kingfisher.jpg")) as photo:
        picture = np.array(photo.convert("RGB").reduce(3))
    sure = Inpainter.from_bundle("default", "cpu").object_at(picture, 193, 117)
    assert sure.any()
    # The pretended device has no cuDNN for batch norm.
    with pretended("cuda:0"), torch.backends.cudnn.flags(enabled=False):
        ours = Inpainter.from_bundle("default", "cuda:0").object_at(picture, 193, 117)
    assert np.abs(sure.astype(int) - ours).max() <= 1


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_models_agreement_with_the_cpu_is_measured(precision: Precision, tiny: str) -> None:
    bundle = tiny if precision == "float32" else "default"
    with pretended("cuda:0") as accelerator:
        off = deviation(Inpainter.from_bundle(bundle, "cuda:0", precision))
        assert off < (0.01 if precision == "float32" else 2)
        accelerator.wrong = lambda made: made.roll(1, 3)
        assert deviation(Inpainter.from_bundle(bundle, "cuda:0", precision)) > BFLOAT16_LEVELS
