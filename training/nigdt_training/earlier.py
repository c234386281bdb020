"""Settings of a training as earlier versions wrote them, in today's keys."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from nigdt.config import PRESETS, Architecture, ModelConfig
from nigdt.errors import NigdtError
from nigdt_training.data.lama_masks import LAMA_KINDS

_RETIRED = {
    "beta1": "`loss.adversary` decides it",
    "warmup": "it is a twentieth of the steps, at most 100",
    "checkpoint_seconds": "checkpoints are saved as often as takes a hundredth of the time",
    "validation_holes": "`nigdt train photos` decides it",
    "loss.composite": "`loss.adversary` decides it",
    "loss.extra_negatives": "`loss.objects_only` brings them",
    "match.batch": "stage 1 always takes the same number of photos",
}
"""Keys of earlier versions that nothing has to set."""


_KINDS: dict[str, tuple[Any, Any]] = {
    "frozen_text": (False, True),
    "loss.summed_scales": (False, True),
    "loss.targets": ("area", "samples"),
    "loss.feature_of": ("final", "scores"),
    "loss.kl_per_scale": (False, True),
    "loss.fakes": ("both", "reconstruction"),
    "loss.reversed_posterior_kl": (False, True),
    "loss.discriminator": ("paper", "published"),
    "match.undivided": (False, True),
}
"""Keys of earlier versions that `loss.kind` replaces: the values of the paper and of the published code."""


_ARCHITECTURE = [one.name for one in fields(Architecture)]
_CHOSEN = [one.name for one in fields(ModelConfig) if one.name not in _ARCHITECTURE]


def renewed(values: Any, source: str, recorded: bool) -> Any:
    """Return values in today's keys; files of earlier versions have more of them.

    Raises:
        NigdtError: They mix the losses of the paper and of the published code, weigh LaMa's masks unequally,
            have a wrong architecture, or, if they are not recorded, a key that no longer exists.
    """
    if not isinstance(values, dict):
        return values
    values = {key: dict(part) if isinstance(part, dict) else part for key, part in values.items()}
    loss = values.setdefault("loss", {})
    if not isinstance(loss, dict):
        return values
    if loss.get("discriminator") == "projected":
        loss["adversary"] = loss.pop("discriminator")
    found = {}
    for key, pair in _KINDS.items():
        section, _, last = key.rpartition(".")
        place = values.get(section, {}) if section else values
        if isinstance(place, dict) and last in place:
            found[key] = (place.pop(last), pair)
    if found:
        fits = [
            kind
            for number, kind in enumerate(("paper", "published"))
            if loss.get("kind", kind) == kind and all(value == pair[number] for value, pair in found.values())
        ]
        if not fits:
            keys = ", ".join(f"`{key}`" for key in found)
            raise NigdtError(f"{source}: neither kind of losses has this {keys}.", "Set `loss.kind` instead.")
        loss["kind"] = fits[0]
    for key, squares in (("around_object", "object"), ("centre_squares", "centre")):
        if values.pop(key, False):
            values["squares"] = squares
    if isinstance(values.get("masks"), dict):
        values["masks"] = _renewed_masks(values["masks"], source)
    _drop_retired(values, source, recorded)
    _part_from_preset(values)
    return values


def _renewed_masks(masks: dict[str, Any], source: str) -> dict[str, Any]:
    """Return masks in today's keys."""
    masks = dict(masks)
    lama = [masks.pop(key, 0.0) for key in LAMA_KINDS if key in masks]
    if lama:
        if lama != [lama[0]] * len(LAMA_KINDS):
            raise NigdtError(f"{source}: LaMa's masks cannot differ in weight.", "Set `masks.lama` instead.")
        masks["lama"] = lama[0] * len(lama)
    files, own = masks.pop("files", ""), masks.pop("own", 1.0)
    if files and own:
        masks[files if {"/", "\\"} & {*files} else f"./{files}"] = own
    return masks


def _drop_retired(values: dict[str, Any], source: str, recorded: bool) -> None:
    for key, reason in _RETIRED.items():
        section, _, last = key.rpartition(".")
        place = values.get(section) if section else values
        if isinstance(place, dict) and last in place:
            if not recorded:
                raise NigdtError(f"{source}: `{key}` is no setting any more: {reason}.", "Leave it out.")
            del place[last]


def _part_from_preset(values: dict[str, Any]) -> None:
    """Put what `model` says of the architecture, as files of earlier versions do, into `preset`.

    Raises:
        NigdtError: A value of it is wrong, or there is no such preset.
    """
    chosen, preset = values.get("model"), values.get("preset", "paper")
    if not isinstance(chosen, dict) or {*chosen} <= {*_CHOSEN}:
        return
    if isinstance(preset, str):
        config = ModelConfig.preset(preset, **chosen).to_dict()
        named: dict[str, Any] | None = PRESETS[preset].to_dict()
    else:
        config, named = ModelConfig.from_dict({**preset, **chosen}).to_dict(), None
    if named is None or any(config[part] != named[part] for part in _ARCHITECTURE):
        values["preset"] = {part: config[part] for part in _ARCHITECTURE}
    values["model"] = {name: config[name] for name in _CHOSEN}
