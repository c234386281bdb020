"""Fine-tuning one bundle several times, on different photos."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor

from nigdt.bundle.bundle import BundleInfo
from nigdt.bundle.weights import load_model
from nigdt.errors import NigdtError
from nigdt.model import NIGDT
from nigdt.model.encoders import TextEncoder
from nigdt.model.match import MatchNetwork
from nigdt.text import Vocabulary, tokenise
from nigdt_training.inpaint.cross_validation import record, recorded
from nigdt_training.inpaint.stage import InpaintTrainer
from nigdt_training.inpaint.subject import Subject, add_subject, clear_first
from nigdt_training.inpaint.validation import Scores, samples_of, score
from nigdt_training.inpaint.weights import begin_with_model
from nigdt_training.run import Run
from nigdt_training.samples import Pool

_TELL_SECONDS = 5.0  # somebody waits in front of a progress bar, and 50 steps can take minutes


class Interrupted(Exception):  # noqa: N818 (nothing is wrong)
    """Training was asked to end; the message says where it stands."""


class Course:
    """Several trainings from the same bundle, told as parts of one whole.

    Args:
        info: The bundle to start from.
        fabric: Device and precision.
        parts: How many trainings there are.
        steps: Steps of each at most.
        patience: Validations without gain after which a training ends.
        holes: With how many holes each photo is measured.
        say: Told a line at a time, progress also as keyword facts.
        subject: What the photos show, for which the model gets outlines.
    """

    def __init__(
        self,
        info: BundleInfo,
        fabric: Fabric,
        parts: int,
        steps: int,
        patience: int,
        holes: int,
        say: Callable[..., None],
        subject: Subject | None = None,
    ) -> None:
        self.info, self.fabric, self.say, self.subject = info, fabric, say, subject
        self.parts, self.steps, self.patience, self.holes = parts, steps, patience, holes

    def measure(
        self,
        run: Run,
        number: int,
        training: Pool,
        validation: Pool,
        match: tuple[MatchNetwork, Vocabulary] | None,
    ) -> None:
        """Train on some photos, recording how the model does on others, from what it began with on.

        Raises:
            Interrupted: By Ctrl-C or SIGTERM; called again, it goes on.
        """
        trainer = self._trainer(run, number, training, [validation], match)
        if 0 not in recorded(run):
            untrained, known = load_model(self.info)
            assert trainer.validation is not None
            stream = copy(trainer.validation)
            stream.vocabulary = known  # it does not read words that it never learnt
            count = samples_of(stream, self.holes)
            record(run, 0, score(untrained.to(self.fabric.device), stream, count, self.fabric.device))
        before = recorded(run)[0].means()["texture"]

        def scored(step: int, scores: Scores) -> None:
            record(run, step, scores)
            nearer = 1 - scores.means()["texture"] / max(before, 1e-6)
            self.say(f"texture {nearer:.1%} nearer than before training", nearer=nearer)

        trainer.on_scores = scored
        self._train(trainer)

    def learn(
        self, run: Run, number: int, training: Pool, match: tuple[MatchNetwork, Vocabulary] | None
    ) -> tuple[NIGDT, Vocabulary]:
        """Train on all photos; the averaged weights and the words that go with them.

        Raises:
            Interrupted: By Ctrl-C or SIGTERM; called again, it goes on.
        """
        trainer = self._trainer(run, number, training, [], match)
        self._train(trainer)
        return trainer.averaged_model().cpu(), trainer.vocabulary

    def vocabulary(self, run: Run, training: Pool) -> Vocabulary:
        """Return the bundle's words and those of the captions that are learnt from."""
        vocabulary = run.vocabulary()
        if vocabulary is None:
            known = self.info.vocabulary()
            vocabulary = known.extended(_words(training))
            run.save_vocabulary(vocabulary)
            new = list(vocabulary.words)[len(known) :]
            self.say(f"{len(new)} new words", new_words=new)
        return vocabulary

    def _trainer(
        self,
        run: Run,
        number: int,
        training: Pool,
        validation: list[Pool],
        match: tuple[MatchNetwork, Vocabulary] | None,
    ) -> InpaintTrainer:
        model, known = load_model(self.info)
        vocabulary = self.vocabulary(run, training)
        extend_embedding(model, known, vocabulary)
        if self.subject is not None:
            add_subject(model, vocabulary, self.subject)
        say = self._part_of_whole(number)
        pools = [training] if self.subject is None else clear_first(training)
        trainer = InpaintTrainer(run, pools, validation, vocabulary, match, self.fabric, say, self.holes)
        trainer.patience = self.patience
        trainer.tell_seconds = _TELL_SECONDS
        trainer.remember_before(model)
        if not trainer.resume():
            begin_with_model(trainer.networks, model)
        return trainer

    def _train(self, trainer: InpaintTrainer) -> None:
        trainer.train()
        trainer.run.close()
        if trainer.stop_requested:
            raise Interrupted(f"at step {trainer.step} of {trainer.run.folder.name}")

    def _part_of_whole(self, number: int) -> Callable[..., None]:
        """Return `say` with steps and seconds left of all trainings, those to come at their longest."""
        pace = 0.0  # seconds per step; the last step of a part, with none left in it, does not tell

        def tell(text: str, **facts: Any) -> None:
            nonlocal pace
            if "step" in facts:
                left = facts["steps"] - facts["step"]
                to_come = (self.parts - 1 - number) * self.steps
                pace = facts["eta_s"] / left if left else pace
                facts["eta_s"] = round(pace * (left + to_come))
                facts["step"] += number * self.steps
                facts["steps"] = self.parts * self.steps
                facts |= {"part": number + 1, "parts": self.parts}
                minutes = facts["eta_s"] / 60
                figures = f"l1 {facts['loss']:.3f}, PSNR {facts['psnr']:.1f} dB"
                text = f"step {facts['step']}/{facts['steps']}  {figures}  {minutes:.0f} min left"
            self.say(text, **facts)

        return tell


def untrained(info: BundleInfo, subject: Subject) -> tuple[NIGDT, Vocabulary]:
    """Return a bundle's model as it is, with a subject's outlines, and its vocabulary with their words.

    These words guide nothing: nobody has learnt them.
    """
    model, known = load_model(info)
    vocabulary = known.extended(list(subject.words))
    extend_embedding(model, known, vocabulary)
    encoder = model.text_encoder
    if isinstance(encoder, TextEncoder):
        with torch.no_grad():
            encoder.embedding.weight[len(known) + 1 :] = 0
    add_subject(model, vocabulary, subject)
    outlines = info.config.outlines + len(subject.shapes)
    grown = NIGDT(info.config.with_changes(outlines=outlines, spectral_norm=False), len(vocabulary))
    grown.load_state_dict(model.state_dict())
    return grown.eval(), vocabulary


def extend_embedding(model: NIGDT, old: Vocabulary, new: Vocabulary) -> None:
    """Give the model's word embedding rows for the words that `new` appends to `old`.

    New rows are drawn with the spread of the old ones. A new word names nothing that has one of the model's
    outlines. Models without text are left alone.
    """
    encoder = model.text_encoder
    if not isinstance(encoder, TextEncoder) or len(new) == len(old):
        return
    if new.words[: len(old)] != old.words:
        raise NigdtError("The new vocabulary does not extend the old one.")
    embedding = encoder.embedding
    weight: Tensor = embedding.weight.detach()
    spread = float(weight[1:].std())
    rows = torch.randn(len(new) - len(old), weight.shape[1], generator=torch.Generator().manual_seed(0))
    wider = torch.nn.Embedding(len(new) + 1, weight.shape[1], padding_idx=0)
    with torch.no_grad():
        wider.weight.copy_(torch.cat([weight.cpu(), rows * spread]))
    encoder.embedding = wider
    if model.config.outlines:
        words = model.outlines.words
        model.outlines.words = torch.cat([words, words.new_zeros(len(new) - len(old))])


def _words(pool: Pool) -> list[str]:
    captions = (caption for i in pool.photos for caption in pool.cache.captions(int(i)))
    return list(dict.fromkeys(word for caption in captions for word in tokenise(caption)))
