"""Every setting of a training run, read strictly from YAML: a wrong key or value is one clear line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from nigdt import schema
from nigdt.config import ModelConfig, Without
from nigdt.errors import NigdtError
from nigdt.schema import Count, Fraction, Meta, Probability, Weight
from nigdt_training.earlier import renewed

Backbone = Literal["efficientnet-lite0", "inception-v3"]
Positive = Annotated[float, Meta(gt=0)]
Masks = dict[str, Weight]
"""How often each kind of hole is drawn, in proportion to the others.

The kinds are those of `MASK_KINDS`; any other name is a folder of masks, or a list of them (white = hole),
absolute or relative to the current folder. Kinds that are not named have the weight in `DEFAULT_MASKS`, or 0.
"""
MASK_KINDS = ("centre", "rectangle", "irregular", "object", "outline", "lama")
"""The middle half by half; one random rectangle; thick strokes; the object's box; its segmentation (both a
rectangle where the photo has none); and LaMa's thin, medium and thick masks, each as often as the others."""
DEFAULT_MASKS: Masks = {"centre": 1.0, "rectangle": 1.0, "irregular": 1.0, "object": 1.0}
CONFIGS = Path(__file__).parent / "configs"
EXTRA_NEGATIVES = 96
"""Captions of further photos that L_T holds against each picture with `loss.objects_only`."""
MATCH_BATCH = 48
"""Photos per step of stage 1; each other caption of a step is a negative."""
_SOURCE = "The training settings"


@dataclass(frozen=True)
class SourceSettings:
    """One captioned photo collection.

    Attributes:
        path: Folder or archive, relative to `--data` (or the current folder).
        sampling_weight: Of every `sum of weights` pictures, this many come from here.
        validation: Fraction of the groups kept out of training, chosen by name, for measuring.
        split: Only photos that the collection itself puts in this split ("train"); empty takes all.
        find_objects: Look for the object of photos that come with neither outline nor box, so that it can
            be tinted and hidden; slow, once.
    """

    path: str
    sampling_weight: Count = 1
    validation: Fraction = 0.05
    split: str = ""
    find_objects: bool = False


@dataclass(frozen=True)
class AugmentationSettings:
    """Changes to a sample, all joint over photo, mask and object.

    Attributes:
        crop: Smallest crop side as a fraction of the short side.
        caption_dropout: Probability that the caption is emptied.
        recolour: Probability that an object with a known outline is moved to a named colour and the
            caption names it (0 in the paper).
    """

    crop: Annotated[float, Meta(gt=0, le=1)] = 0.8
    caption_dropout: Probability = 0.0
    recolour: Probability = 0.0


@dataclass(frozen=True)
class ModelSettings:
    """What is chosen beside the preset; `nigdt.config.ModelConfig` says what each means."""

    without: Without = "none"
    skip: bool = False
    outlines: Annotated[int, Meta(ge=0, le=1024)] = 0
    marks: bool = False


@dataclass(frozen=True)
class LossSettings:
    """Weights of eq. 19 and the switches of the losses. Defaults are the paper's.

    Attributes:
        kind: The paper's losses, or the published code's: L1 is a sum over the scales of the pyramid, and its
            targets are bilinear samples; the KL terms count once for every scale, with the arguments of eq.
            17 reversed; `feature` compares D1's scores; D1 and D2 are built differently and learn to reject
            I_r alone; words weigh five times as much in the match losses of both stages, which do not divide
            by gamma 2; the text encoder is that of the match networks, if any, and learns nothing more.
        l1: Weight of the pyramid L1 (lambda_I).
        feature: Weight of the D1 feature distance (lambda_I).
        adversarial: Weight of the D2 term (lambda_I).
        kl: lambda_KL.
        match: lambda_T; 0 is the ablation without match loss.
        match_every: Steps between match losses, whose weight grows by as much; 1 is the paper.
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
        adversary: D1 and D2 with LSGAN, as in the paper, or with the hinge loss; or `projected`
            discriminators on a frozen ImageNet network, which read the caption too: `feature` then weighs the
            relative distance of that network's features in the hole, `adversarial` the sum of four heads'
            hinge terms. With LSGAN, discriminators and match networks see the raw output, as in the paper;
            with the others, the composite. Adam's first beta is 0.5 with the hinge loss, else 0.
        variety: Weight of the demand that two answers of the generative path differ in the hole; 0 is the
            paper.
        objects_only: Discriminators and L_T see only pictures whose object's outline is known. The captions
            of the others, and `EXTRA_NEGATIVES` of further photos, are negatives of each.
    """

    kind: Literal["paper", "published"] = "paper"
    l1: Weight = 20.0
    feature: Weight = 20.0
    adversarial: Weight = 20.0
    kl: Weight = 20.0
    match: Weight = 0.5
    match_every: Count = 1
    hole_weight: Weight = 1.0
    object_weight: Weight = 1.0
    squared: Weight = 0.0
    relative: Weight = 0.0
    object_l1: Weight = 0.0
    reconstruct_every: Count = 1
    adversary: Literal["lsgan", "hinge", "projected"] = "lsgan"
    variety: Weight = 0.0
    objects_only: bool = False

    @property
    def published(self) -> bool:
        """Whether they are the published code's."""
        return self.kind == "published"

    @property
    def composite(self) -> bool:
        """Whether discriminators and match networks see the composite instead of the raw output."""
        return self.adversary != "lsgan"

    @property
    def extra_negatives(self) -> int:
        """Captions of further photos that L_T holds against each picture."""
        return EXTRA_NEGATIVES if self.objects_only else 0


@dataclass(frozen=True)
class MatchSettings:
    """Stage 1, the match networks D3 and D4 (AttnGAN's DAMSM).

    Attributes:
        backbone: `efficientnet-lite0` (a package) or `inception-v3` (torchvision's weights).
        size: Side in pixels that pictures are resized to for it.
        views: Views of every photo to learn from: the first as evaluation cuts it, the others cut anew,
            mirrored and blurred by chance, which helps where photos are few.
        mask_same_class: Captions of one species, where the data set names species, are no negatives of each
            other (AttnGAN's class masks, which the paper left out), nor in L_T.
        epochs: Passes over the photos.
    """

    backbone: Backbone = "efficientnet-lite0"
    size: Annotated[int, Meta(ge=32)] = 160  # the backbones halve five times
    views: Count = 1
    mask_same_class: bool = False
    epochs: Count = 20


@dataclass(frozen=True)
class TrainSettings:
    """A whole run; `nigdt_training/configs` has examples.

    Attributes:
        data: The photo collections.
        squares: What is cut out of photos, for both stages: squares anywhere along the longer side; the
            central one, as in section 4.2 of the paper; or squares around the objects whose boxes are known.
        preset: Architecture of the model: a name of `nigdt.config.PRESETS`, or all its fields, as bundles
            record them.
        model: What is chosen beside it.
        size: Training picture side; may be below the model's, which is convolutional; 0 = the model's.
        batch: Pictures per step over all processes.
        steps: Steps in all.
        learning_rate: Of Adam, for generator side and discriminators.
        final_learning_rate: Fraction of the learning rate at the last step (cosine).
        clip: Gradient-norm limit of the generator side; 0 = none.
        ema: Decay of the averaged weights.
        seed: Of everything random.
        recompute: Keep less of the forward pass for the gradient and make it again (gradient checkpointing):
            less memory, more time, the same steps.
        precision: Fabric's 32-true or bf16-mixed; auto is bf16-mixed where there is hardware for it.
        validate_every: Steps between validations, each with a sheet of samples.
        masks: Kinds of holes; see `Masks`.
        augmentation: Sample changes.
        loss: Loss weights.
        match: Stage 1.
    """

    data: list[SourceSettings] = field(default_factory=list)
    squares: Literal["anywhere", "centre", "object"] = "anywhere"
    preset: str | dict[str, Any] = "paper"
    model: ModelSettings = field(default_factory=ModelSettings)
    size: Annotated[int, Meta(ge=0, multiple_of=32)] = 0
    batch: Count = 16
    steps: Count = 100_000
    learning_rate: Positive = 1e-4
    final_learning_rate: Probability = 1.0
    clip: Weight = 10.0
    ema: Fraction = 0.999
    seed: Annotated[int, Meta(ge=0, lt=2**31)] = 0
    recompute: bool = False
    precision: Literal["auto", "bf16-mixed", "32-true"] = "32-true"
    validate_every: Count = 1000
    masks: Masks = field(default_factory=DEFAULT_MASKS.copy)
    augmentation: AugmentationSettings = field(default_factory=AugmentationSettings)
    loss: LossSettings = field(default_factory=LossSettings)
    match: MatchSettings = field(default_factory=MatchSettings)

    @property
    def model_config(self) -> ModelConfig:
        """The model's configuration."""
        chosen = asdict(self.model)
        if isinstance(self.preset, str):
            return ModelConfig.preset(self.preset, **chosen)
        return ModelConfig.from_dict({**self.preset, **chosen})

    @property
    def beta1(self) -> float:
        """Adam's first beta; the second is 0.999."""
        return 0.5 if self.loss.adversary == "hinge" else 0.0

    @property
    def warmup(self) -> int:
        """Steps over which the learning rate rises to its full height."""
        return min(100, self.steps // 20)

    @property
    def frozen_text(self) -> bool:
        """Whether the text encoder is that of the match networks and learns nothing more."""
        return self.loss.published and self.loss.match > 0

    @property
    def picture_size(self) -> int:
        """Side of training pictures in pixels."""
        return self.size or self.model_config.size

    def to_dict(self) -> dict[str, Any]:
        """Convert to plain values; `settings_from` reads them back."""
        return asdict(self)


def find_config(name: str | Path, folder: str = "") -> Path:
    """Find a YAML file: one that is there, or one that this package brings, by its name alone.

    Args:
        name: A path, or a name such as "small".
        folder: Folder of `nigdt_training/configs` to look in, such as "plans".

    Raises:
        NigdtError: There is neither.
    """
    if Path(name).is_file():
        return Path(name)
    shipped = sorted((CONFIGS / folder).glob("*.yaml"))
    for path in shipped:
        if path.stem == str(name):
            return path
    names = ", ".join(path.stem for path in shipped)
    raise NigdtError(f"There is no settings file {name}.", f"Give a path, or one of: {names}.")


def load_settings(name: str | Path, *, recorded: bool = False) -> TrainSettings:
    """Read a YAML file of settings; `find_config` says what it may be called.

    Args:
        name: The file, or the name of one that ships.
        recorded: As for `settings_from`.

    Raises:
        NigdtError: The file cannot be read, or a key or value is wrong; the message names it.
    """
    path = find_config(name)
    return settings_from(schema.read(path), str(path), recorded=recorded)


def with_changes(
    settings: TrainSettings, changes: Iterable[str], source: str = "The changed settings"
) -> TrainSettings:
    """Apply changes such as `loss.match=0` or `model.without=text`; values are YAML.

    Args:
        settings: What to change.
        changes: One `key=value` each.
        source: What errors call the changes.

    Raises:
        NigdtError: A change has no "=" or names no setting, or its value is wrong.
    """
    values = settings.to_dict()
    for change in changes:
        key, equals, text = change.partition("=")
        if not equals:
            raise NigdtError(f"{change!r} changes no setting.", "Write it as loss.match=0.")
        *parents, last = key.split(".")
        place: Any = values
        for parent in parents:
            place = place.get(parent) if isinstance(place, dict) else None
        if not isinstance(place, dict):
            raise NigdtError(f"{source}: unknown key `{key}`.")
        place[last] = schema.parse(text, f"{source}: `{change}`")
    return settings_from(values, source)


def settings_from(values: dict[str, Any], source: str = _SOURCE, *, recorded: bool = False) -> TrainSettings:
    """Make settings from plain values.

    Args:
        values: Keys and values.
        source: What errors call them.
        recorded: Whether a run has written them down, maybe of an earlier version: keys that no longer exist
            are passed over.

    Raises:
        NigdtError: A key or value is wrong; the message names it.
    """
    values = renewed(values, source, recorded)
    if isinstance(values, dict) and isinstance(values.get("masks"), dict):
        values["masks"] = DEFAULT_MASKS | values["masks"]
    settings = schema.build(TrainSettings, values, source)
    if not settings.data:
        raise NigdtError(f"{source}: `data` names no photo collection.")
    _check_masks(settings.masks, source)
    if settings.loss.published:
        if settings.loss.reconstruct_every > 1:
            raise NigdtError(f"{source}: `loss.kind: published` needs `loss.reconstruct_every: 1`.")
        if settings.loss.adversary == "projected":
            raise NigdtError(f"{source}: `loss.kind: published` has discriminators of its own.")
        if settings.picture_size < 96:
            raise NigdtError(f"{source}: `loss.kind: published` needs pictures of 96 px or more.")
    if settings.picture_size < 64:
        raise NigdtError(f"{source}: `size` must be 64 or more, not {settings.size}.")
    return settings


def _check_masks(masks: Masks, source: str) -> None:
    for name in masks:
        if name not in MASK_KINDS and not {"/", "\\"} & {*name}:
            raise NigdtError(
                f"{source}: `masks.{name}` is no kind of hole.",
                f"Kinds: {', '.join(MASK_KINDS)}. A folder of masks is written with a slash, as ./{name}.",
            )
    if not any(masks.values()):
        raise NigdtError(f"{source}: `masks` draws no kind of hole.", "Give one a number above 0.")
