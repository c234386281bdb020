"""Whatever fills holes, behind one call: model bundles and the baselines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from nigdt.errors import NigdtError
from nigdt_training.evaluation.baselines import BASELINES
from nigdt_training.evaluation.cases import Case
from nigdt_training.evaluation.metrics import composite


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
    """

    name: str
    guided: bool
    sampled: bool

    def fill(self, requests: Sequence[Request], samples: int = 1) -> list[list[np.ndarray]]:
        """Fills holes.

        Args:
            requests: What to fill.
            samples: Answers per request; the first is the system's one best answer (z = mu). A system that is
                not `sampled` gives one whatever is asked.

        Returns:
            For each request its composites, (S, S, 3) uint8, the photo's exact pixels outside the hole.
        """
        ...


class Baseline:
    """A baseline of `nigdt_training.evaluation.baselines` as a system."""

    guided = False
    sampled = False

    def __init__(self, name: str, function: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> None:
        """Args: `name` for the tables and the `function` of photo and hole."""
        self.name = name
        self._function = function

    def fill(self, requests: Sequence[Request], samples: int = 1) -> list[list[np.ndarray]]:  # noqa: ARG002
        """One answer per request; see `System.fill`."""
        cases = [request.case for request in requests]
        return [[composite(case.photo, self._function(case.photo, case.hole), case.hole)] for case in cases]


class Bundle:
    """A model bundle as a system, through the same `nigdt.Inpainter` that daemon and command line use."""

    guided = True
    sampled = True

    def __init__(self, name_or_folder: str, device: str | None = None, seed: int = 0) -> None:
        """Loads the bundle.

        Args:
            name_or_folder: A bundle's name or folder.
            device: As for `Inpainter.from_bundle`.
            seed: Samples after the first use the seeds that follow it.

        Raises:
            NigdtError: There is no such bundle, or it is broken.
        """
        # Torch comes with it; baselines alone do without.
        from nigdt.inpainter import Inpainter

        self.inpainter = Inpainter.from_bundle(name_or_folder, device=device)
        self.name = Path(name_or_folder).name or name_or_folder
        self._seed = seed

    def fill(self, requests: Sequence[Request], samples: int = 1) -> list[list[np.ndarray]]:
        """`samples` answers per request, the mean first; see `System.fill`."""
        from nigdt.inpainter import CompletionJob
        from nigdt.variants import variants_from_seed

        variants = variants_from_seed(samples, self._seed)
        contexts = {}
        for case in (request.case for request in requests):
            if id(case) not in contexts:
                mask = case.hole.astype(np.uint8) * 255
                # Nothing hidden reaches the model, whatever it does with what it is given.
                seen = np.where(case.hole[..., None], np.uint8(128), case.photo)
                contexts[id(case)] = self.inpainter.encode(seen, mask)
        jobs = [CompletionJob(contexts[id(one.case)], one.caption, variants) for one in requests]
        answers = self.inpainter.complete(jobs)
        return [
            [composite(request.case.photo, fill.pixels, request.case.hole) for fill in fills]
            for request, fills in zip(requests, answers, strict=True)
        ]


def open_system(name: str, device: str | None = None, seed: int = 0) -> System:
    """A baseline by its name ("telea", "ns", "harmonic") or a bundle by its name or folder.

    Raises:
        NigdtError: There is neither.
    """
    if name in BASELINES:
        return Baseline(name, BASELINES[name])
    try:
        return Bundle(name, device, seed)
    except NigdtError as error:
        raise type(error)(
            error.message, f"{error.hint} Baselines are {', '.join(BASELINES)}.".strip()
        ) from error
