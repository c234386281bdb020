"""Every setting of a training run, read strictly from YAML: a wrong key or type is one clear line."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import yaml

from nigdt.config import ModelConfig
from nigdt.errors import NigdtError
from nigdt_training.ranges import check_ranges

PRECISIONS = ("auto", "bf16-mixed", "32-true")
BACKBONES = ("efficientnet-lite0", "inception-v3")


@dataclass(frozen=True)
class SourceSettings:
    """One captioned photo collection.

    Attributes:
        path: Folder or archive, relative to `--data` (or the current folder).
        share: Whole-number weight: of every `sum of shares` pictures, this many come from here.
        validation: Fraction of the groups kept out of training, chosen by name, for measuring.
        split: Only photos that the collection itself puts in this split ("train"); empty takes all.
    """

    path: str
    share: int = 1
    validation: float = 0.05
    split: str = ""


@dataclass(frozen=True)
class MaskSettings:
    """How often each mask kind is drawn (relative).

    Attributes:
        centre: The middle half by half.
        rectangle: One random rectangle.
        irregular: Thick strokes.
        object: The object's box; a rectangle where the photo has none.
        outline: The object's segmentation; a rectangle where the photo has none.
    """

    centre: float = 1.0
    rectangle: float = 1.0
    irregular: float = 1.0
    object: float = 1.0
    outline: float = 0.0


@dataclass(frozen=True)
class AugmentationSettings:
    """Changes to a sample, all joint over photo, mask and object.

    Attributes:
        flip: Probability of a horizontal flip.
        crop: Smallest crop side as a fraction of the short side.
        caption_dropout: Probability that the caption is emptied.
        recolour: Probability that an object with a known outline is moved to a named colour and the
            caption names it (0 in the paper).
        recolour_weights: How often each colour is taken (relative); 1 for those not named.
        recolour_hole_only: Of those, how often only the part in the hole is painted, so that nothing but
            the caption tells the colour.
    """

    flip: float = 0.5
    crop: float = 0.8
    caption_dropout: float = 0.0
    recolour: float = 0.0
    recolour_weights: dict[str, float] = field(default_factory=dict)
    recolour_hole_only: float = 0.5


@dataclass(frozen=True)
class LossSettings:
    """Weights of eq. 19 and the switches of the losses. Defaults are the paper's.

    Attributes:
        l1: Weight of the pyramid L1 (lambda_I).
        feature: Weight of the D1 feature distance (lambda_I).
        adversarial: Weight of the D2 term (lambda_I).
        perceptual: Weight of the distance to the photo in EfficientNet-lite0's features; 0 is the paper.
        kl: lambda_KL.
        match: lambda_T; 0 is the ablation without match loss.
        match_every: Steps between match losses, whose weight grows by as much; 1 is the paper.
        match_further: Captions of other photos, besides those of the batch, to tell each own one from; 0 is
            the paper.
        hole_weight: Weight of a hidden pixel in the L1; 1 is the paper.
        object_weight: Weight of a hidden pixel of the object, where its outline is known, relative to other
            hidden ones; 1 is the paper.
        squared: Weight of the squared difference beside the absolute one in the L1 term; 0 is the paper.
        relative: Weight of the logarithm of each picture's squared difference in the L1 term; 0 is the paper.
        object_l1: Weight of the L1 of pictures whose object is known, which then take no part in `squared`
            and `relative`: their colours end at outlines instead of fading out. 0 treats them like all
            others.
        reconstruct_every: Steps between those in which the reconstructive path runs, whose terms grow by as
            much; 1 is the paper.
        adversary: LSGAN as in the paper, or hinge.
        adversarial_start: Step at which discriminators and their terms begin.
        adversarial_objects: Discriminators see only pictures whose object's outline is known.
        match_objects: L_T of only such pictures; the others' captions are further ones.
        composite: Discriminators, match networks and EfficientNet-lite0 see the composite instead of the raw
            output.
        reversed_posterior_kl: The published code's order of arguments in eq. 17.
    """

    l1: float = 20.0
    feature: float = 20.0
    adversarial: float = 20.0
    perceptual: float = 0.0
    kl: float = 20.0
    match: float = 0.5
    match_every: int = 1
    match_further: int = 0
    hole_weight: float = 1.0
    object_weight: float = 1.0
    squared: float = 0.0
    relative: float = 0.0
    object_l1: float = 0.0
    reconstruct_every: int = 1
    adversary: str = "lsgan"
    adversarial_start: int = 0
    adversarial_objects: bool = False
    match_objects: bool = False
    composite: bool = False
    reversed_posterior_kl: bool = False


@dataclass(frozen=True)
class MatchSettings:
    """Stage 1, the match networks.

    Attributes:
        backbone: `efficientnet-lite0` (a package) or `inception-v3` (torchvision's weights).
        size: Side in pixels that pictures are resized to for it.
        around_object: Look at a square around the object, where its box is known, not at the photo's centre.
        views: Views of every photo to learn from: the first as evaluation cuts it, the others cut anew,
            mirrored and blurred by chance, which helps where photos are few.
        spare_species: Captions of one species, where the data set names them, are no negatives of each other
            (AttnGAN's class masks, which the paper left out), nor in L_T.
        channels: Width of the shared space.
        embedding: Width of its word embedding.
        epochs: Passes over the photos.
        batch: Photos per step (each other caption in it is a negative).
        learning_rate: Of Adam, betas (0.5, 0.999).
        decay: Learning-rate factor per epoch.
        clip: Gradient-norm limit.
    """

    backbone: str = "efficientnet-lite0"
    size: int = 160
    around_object: bool = False
    views: int = 1
    spare_species: bool = False
    channels: int = 256
    embedding: int = 300
    epochs: int = 20
    batch: int = 48
    learning_rate: float = 2e-3
    decay: float = 0.98
    clip: float = 0.25


@dataclass(frozen=True)
class TrainSettings:
    """A whole run; `training/configs` has examples.

    Attributes:
        data: The photo collections.
        preset: Model preset that `model` changes.
        model: Changes to the preset, by field of `ModelConfig`.
        size: Training picture side; may be below the model's, which is convolutional; 0 = the model's.
        batch: Pictures per step over all processes.
        micro_batch: Largest number run at once per process; 0 = all.
        steps: Steps in all.
        learning_rate: Of Adam, for generator side and discriminators.
        beta1: Adam's first beta (second is 0.999).
        final_learning_rate: Fraction of the learning rate at the last step (cosine).
        warmup: Steps of linear warm-up.
        clip: Gradient-norm limit of the generator side; 0 = none.
        ema: Decay of the averaged weights.
        freeze_text: Leave the text encoder as it begins (random, or that of the weights begun with).
        minimum_count: Words rarer than this in training captions are unknown.
        seed: Of everything random.
        precision: Fabric's 32-true or bf16-mixed; auto is bf16-mixed where there is hardware for it.
        channels_last: Keep pictures and weights channels last, which bf16 convolutions run faster on.
        threads: CPU threads; 0 leaves torch's choice.
        checkpoint_seconds: Between recovery checkpoints; infinite = only at the end.
        sheet_seconds: Between sample sheets; infinite = only at the end.
        log_every: Steps between lines of `metrics.jsonl`.
        validate_every: Steps between validations.
        validation_holes: Holes that every photo kept apart is measured with, of the kinds in `masks`; 0 is
            the centre hole alone, on 96 photos at most.
        keep_best: How many checkpoints of the best validations are kept.
        masks: Mask kinds.
        augmentation: Sample changes.
        loss: Loss weights.
        match: Stage 1.
    """

    data: list[SourceSettings] = field(default_factory=list)
    preset: str = "paper"
    model: dict[str, Any] = field(default_factory=dict)
    size: int = 0
    batch: int = 16
    micro_batch: int = 0
    steps: int = 100_000
    learning_rate: float = 1e-4
    beta1: float = 0.0
    final_learning_rate: float = 1.0
    warmup: int = 0
    clip: float = 10.0
    ema: float = 0.999
    freeze_text: bool = False
    minimum_count: int = 2
    seed: int = 0
    precision: str = "32-true"
    channels_last: bool = False
    threads: int = 0
    checkpoint_seconds: float = 300.0
    sheet_seconds: float = 300.0
    log_every: int = 50
    validate_every: int = 1000
    validation_holes: int = 0
    keep_best: int = 3
    masks: MaskSettings = field(default_factory=MaskSettings)
    augmentation: AugmentationSettings = field(default_factory=AugmentationSettings)
    loss: LossSettings = field(default_factory=LossSettings)
    match: MatchSettings = field(default_factory=MatchSettings)

    @property
    def model_config(self) -> ModelConfig:
        """The model's configuration."""
        return ModelConfig.preset(self.preset, **self.model)

    @property
    def picture_size(self) -> int:
        """Side of training pictures in pixels."""
        return self.size or self.model_config.size

    def to_dict(self) -> dict[str, Any]:
        """Plain values; `settings_from` reads them back."""
        return asdict(self)


def load_settings(path: str | Path) -> TrainSettings:
    """Read a YAML file of settings.

    Raises:
        NigdtError: The file cannot be read, or a key or value is wrong; the message names it.
    """
    try:
        values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise NigdtError(f"cannot read the settings {path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise NigdtError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise NigdtError(f"{path} holds no settings", hint="it should be a YAML mapping")
    return settings_from(values)


def with_changes(settings: TrainSettings, changes: Iterable[str]) -> TrainSettings:
    """Apply changes such as `"loss.match=0"` or `"model.use_text=false"`; values are YAML.

    Raises:
        NigdtError: A change has no "=" or names no setting, or its value is wrong.
    """
    values = settings.to_dict()
    for change in changes:
        key, equals, text = change.partition("=")
        if not equals:
            raise NigdtError(f"{change!r} is no change of a setting", hint="write it as loss.match=0")
        *parents, last = key.split(".")
        place: Any = values
        for parent in parents:
            place = place.get(parent) if isinstance(place, dict) else None
        if not isinstance(place, dict):
            raise NigdtError(f"settings: unknown key {key}")
        try:
            place[last] = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise NigdtError(f"settings: {key}={text} is not valid YAML") from error
    return settings_from(values)


def settings_from(values: dict[str, Any]) -> TrainSettings:
    """Return settings from plain values.

    Raises:
        NigdtError: A key or value is wrong; the message names it.
    """
    settings: TrainSettings = _build(TrainSettings, values, "")
    if not settings.data:
        raise NigdtError("settings: data names no photo collection")
    if settings.picture_size % 32 or settings.picture_size < 64:
        raise NigdtError(f"settings: size must be a multiple of 32 from 64 up, not {settings.picture_size}")
    if settings.loss.adversary not in ("lsgan", "hinge"):
        raise NigdtError(f"settings: loss.adversary must be lsgan or hinge, not {settings.loss.adversary!r}")
    if settings.match.backbone not in BACKBONES:
        raise NigdtError(
            f"settings: match.backbone must be {' or '.join(BACKBONES)}, not {settings.match.backbone!r}"
        )
    if settings.precision not in PRECISIONS:
        raise NigdtError(f"settings: precision must be {', '.join(PRECISIONS)}, not {settings.precision!r}")
    check_ranges(settings.to_dict())
    return settings


def _build(cls: type, values: Any, where: str) -> Any:
    if not isinstance(values, dict):
        raise NigdtError(f"settings: {where.rstrip('.') or 'the file'} must be a mapping")
    hints = get_type_hints(cls)
    known = {item.name for item in fields(cls)}
    clean = {}
    for key, value in values.items():
        if key not in known:
            raise NigdtError(f"settings: unknown key {where}{key}", hint=f"keys: {', '.join(sorted(known))}")
        clean[key] = _convert(hints[key], value, f"{where}{key}")
    try:
        return cls(**clean)
    except TypeError as error:
        raise NigdtError(f"settings: {where.rstrip('.')}: {error}") from error


def _convert(kind: Any, value: Any, where: str) -> Any:
    if is_dataclass(kind) and isinstance(kind, type):
        return _build(kind, value, where + ".")
    if get_origin(kind) is list:
        if not isinstance(value, list):
            raise NigdtError(f"settings: {where} must be a list")
        return [_convert(get_args(kind)[0], item, f"{where}[{i}]") for i, item in enumerate(value)]
    if get_origin(kind) is dict:
        if not isinstance(value, dict):
            raise NigdtError(f"settings: {where} must be a mapping")
        return value
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind is float and isinstance(value, str):  # YAML reads 3e-4 as text
        with contextlib.suppress(ValueError):
            return float(value)
    if type(value) is not kind:
        raise NigdtError(f"settings: {where} must be of type {kind.__name__}, not {value!r}")
    return value
