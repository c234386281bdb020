"""Whatever fills holes, behind one call: model bundles, comparison systems and baselines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np

from nigdt.errors import BundleError, NigdtError
from nigdt_training.comparison import CHECKPOINT
from nigdt_training.evaluation.baselines import BASELINES
from nigdt_training.evaluation.cases import Case
from nigdt_training.evaluation.metrics import composite

if TYPE_CHECKING:
    from nigdt.inpainter import CompletionJob


@dataclass(frozen=True)
class Request:
    """A case to fill with a caption, its own or another."""

    case: Case
    caption: str


class System(Protocol):
    """Something that fills holes.

    Attributes:
        name: What tables and sheets call it.
        guided: Whether the caption matters to it.
        sampled: Whether it can give several different answers.
        size: Side in pixels that it works at; None where any is as good.
    """

    name: str
    guided: bool
    sampled: bool
    size: int | None

    def fill(self, requests: Sequence[Request], samples: int = 1) -> list[list[np.ndarray]]:
        """Fill holes.

        Args:
            requests: What to fill.
            samples: Answers per request; the first is the system's one best answer (z = mu). A system that is
                not `sampled` gives one whatever is asked.

        Returns:
            For each request its composites, (S, S, 3) uint8, the photo's exact pixels outside the hole.
        """
        ...


class Original:
    """The photo itself, which shows how much an evaluator can find at all; sees what others must not."""

    name, guided, sampled = "original", False, False
    size: int | None = None

    def fill(self, requests: Sequence[Request], samples: int = 1) -> list[list[np.ndarray]]:  # noqa: ARG002
        """Return the photo of each request; see `System.fill`."""
        return [[request.case.photo] for request in requests]


class Baseline:
    """A baseline of `nigdt_training.evaluation.baselines` as a system."""

    guided = False
    sampled = False
    size: int | None = None

    def __init__(self, name: str, function: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> None:
        """Take the `name` for the tables, and the `function` of photo and hole."""
        self.name = name
        self._function = function

    def fill(self, requests: Sequence[Request], samples: int = 1) -> list[list[np.ndarray]]:  # noqa: ARG002
        """Return one answer per request; see `System.fill`."""
        cases = [request.case for request in requests]
        return [[composite(case.photo, self._function(case.photo, case.hole), case.hole)] for case in cases]


class Bundle:
    """A model bundle as a system, through the same `nigdt.Inpainter` that daemon and command line use.

    Without `texture`, pictures above the model's size are its answers enlarged smoothly: what is measured is
    the model, not the texture that `nigdt.context.detail` adds for people. Without `surroundings`, what is
    drawn stands before smoothly continued surroundings, not before those that `nigdt.backdrop` makes.
    """

    guided = True
    sampled = True

    def __init__(
        self,
        name_or_folder: str,
        device: str | None = None,
        seed: int = 0,
        *,
        texture: bool = False,
        surroundings: bool = False,
    ) -> None:
        """Load the bundle.

        Args:
            name_or_folder: A bundle's name or folder.
            device: As for `Inpainter.from_bundle`.
            seed: Samples after the first use the seeds that follow it.
            texture: Give fills the texture of their surroundings, as users see them, and these surroundings.
            surroundings: Lay what is drawn over the surroundings that users see, at the model's own size.

        Raises:
            NigdtError: There is no such bundle, or it is broken.
        """
        # Torch comes with it; baselines alone do without.
        from nigdt.inpainter import Inpainter

        self.inpainter = Inpainter.from_bundle(name_or_folder, device=device)
        self.name = Path(name_or_folder).name or name_or_folder
        self.size: int | None = self.inpainter.size
        self._seed, self._texture, self._surrounded = seed, texture, texture or surroundings

    def fill(self, requests: Sequence[Request], samples: int = 1) -> list[list[np.ndarray]]:
        """Return `samples` answers per request, the mean first; see `System.fill`."""
        from nigdt.inpainter import CompletionJob
        from nigdt.recipe import variants_from_seed

        variants = variants_from_seed(samples, self._seed)
        contexts = {}
        for case in (request.case for request in requests):
            if id(case) not in contexts:
                mask = case.hole.astype(np.uint8) * 255
                # Nothing hidden reaches the model, whatever it does with what it is given.
                seen = np.where(case.hole[..., None], np.uint8(128), case.photo)
                context = self.inpainter.encode(seen, mask)
                contexts[id(case)] = self.inpainter.surrounded(context) if self._surrounded else context
        jobs = [CompletionJob(contexts[id(one.case)], one.caption, variants) for one in requests]
        if self._texture:
            answers = [[fill.pixels for fill in fills] for fills in self.inpainter.complete(jobs)]
        else:
            answers = [self._plain(job, request.case) for job, request in zip(jobs, requests, strict=True)]
        return [
            [composite(request.case.photo, fill, request.case.hole) for fill in fills]
            for request, fills in zip(requests, answers, strict=True)
        ]

    def drawn_at(self, request: Request) -> np.ndarray | None:
        """Return where the mean answer's thing is drawn, (S, S) in 0 to 1; None: wherever the model likes."""
        from nigdt.inpainter import CompletionJob
        from nigdt.recipe import Variant

        case = request.case
        context = self.inpainter.encode(case.photo, case.hole.astype(np.uint8) * 255)
        told = self.inpainter.told(CompletionJob(context, request.caption), Variant())
        return None if told is None else cv2.resize(told.outline, case.photo.shape[1::-1])

    def _plain(self, job: CompletionJob, case: Case) -> list[np.ndarray]:
        """Return what is seen of the model's pictures at the case's size, (S, S, 3) uint8."""
        side = case.photo.shape[0]
        pictures = self.inpainter.shown(job)
        if pictures[0].shape[0] != side:
            method = cv2.INTER_AREA if pictures[0].shape[0] > side else cv2.INTER_CUBIC
            resized: list[np.ndarray] = [
                cv2.resize(picture, (side, side), interpolation=method) for picture in pictures
            ]
        else:
            resized = [*pictures]
        return [np.clip(np.rint(picture), 0, 255).astype(np.uint8) for picture in resized]


class ComparisonSystem:
    """A trained comparison system, PICNet or CSA, as a system; it works at the size it was trained at."""

    guided = False

    def __init__(self, path: Path, device: str | None = None, seed: int = 0) -> None:
        """Load what `nigdt train comparison` trained.

        Args:
            path: The run's folder or the checkpoint in it.
            device: "cpu", "cuda", ...; None takes CUDA where there is one.
            seed: Samples after the first use the seeds that follow it.

        Raises:
            NigdtError: The checkpoint is missing or broken.
        """
        from nigdt.runtime.devices import usable_device
        from nigdt_training.comparison.stage import load_comparison

        self._device = usable_device(device)
        self._model, self.name, side = load_comparison(path, self._device)
        self.size: int | None = side
        self._side = side
        self._seed = seed
        self.sampled = self._model.latent_shape(self._side) is not None

    def fill(self, requests: Sequence[Request], samples: int = 1) -> list[list[np.ndarray]]:
        """Return `samples` answers per request where the system samples, else one; see `System.fill`."""
        return [self._answers(request.case, samples if self.sampled else 1) for request in requests]

    def _answers(self, case: Case, samples: int) -> list[np.ndarray]:
        import torch

        size, whole = (self._side, self._side), case.photo.shape[1::-1]
        smaller = case.photo.shape[0] > self._side
        method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        visible = (~case.hole).astype(np.float32)
        # A pixel that any hidden one would leak into counts as hidden.
        M = (cv2.resize(visible, size, interpolation=method) > 1 - 1e-4).astype(np.float32)
        seen = cv2.resize(case.photo * visible[..., None], size, interpolation=method)
        I_m = torch.from_numpy((seen / 127.5 - 1) * M[..., None]).permute(2, 0, 1)[None].to(self._device)
        mask = torch.from_numpy(M)[None, None].to(self._device)
        shape = self._model.latent_shape(self._side)
        answers = []
        for number in range(samples):
            noise = None
            if number and shape is not None:
                generator = torch.Generator().manual_seed(self._seed + number)
                noise = torch.randn(1, *shape, generator=generator).to(self._device)
            with torch.inference_mode():
                made = self._model.answer(I_m.float(), mask, noise)[0].permute(1, 2, 0).cpu().numpy()
            pixels: np.ndarray = made * 127.5 + 127.5
            if pixels.shape[1::-1] != whole:
                pixels = cv2.resize(pixels, whole, interpolation=cv2.INTER_CUBIC)
            fill = np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
            answers.append(composite(case.photo, fill, case.hole))
        return answers


def open_system(name: str, device: str | None = None, seed: int = 0, *, texture: bool = False) -> System:
    """Open a baseline by name ("telea", "ns", "harmonic", ...), a bundle, or a trained comparison system.

    Args:
        name: A baseline's or bundle's name, a bundle's folder, a comparison system's run folder or
            checkpoint, or "original", the photo itself. "NAME=..." calls it NAME.
        device: Where models run; None lets them choose.
        seed: Where samples start.
        texture: Give a bundle's fills the texture of their surroundings, as users see them.

    Raises:
        NigdtError: There is neither.
    """
    label, equals, place = name.partition("=")
    if equals:
        if not label.strip() or set(label) & set("/\\"):
            raise NigdtError(f"{name}: {label!r} cannot be a system's name.", "It names rows and files.")
        system = open_system(place, device, seed, texture=texture)
        system.name = label
        return system
    path = Path(name)
    if name == Original.name:
        return Original()
    if name in BASELINES:
        return Baseline(name, BASELINES[name])
    if path.name == CHECKPOINT or (path / CHECKPOINT).is_file():
        return ComparisonSystem(path, device, seed)
    if (path / "settings.yaml").is_file():
        raise NigdtError(f"{name} is a training run, not a model.", f"First: nigdt export {name} MODEL")
    try:
        return Bundle(name, device, seed, texture=texture)
    except BundleError as error:
        raise BundleError(
            error.message, f"{error.hint} Baselines are {', '.join(BASELINES)}.".strip()
        ) from error
