import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from nigdt_training.ablation.plan import load_plan
from nigdt_training.commands.train import train
from nigdt_training.inpaint.own_photos import OwnPhotos, own_settings
from nigdt_training.inpaint.phases import load_phases
from nigdt_training.settings import (
    CONFIGS,
    EXTRA_NEGATIVES,
    TrainSettings,
    load_settings,
    settings_from,
    with_changes,
)

from nigdt.config import ModelConfig
from nigdt.errors import NigdtError

ROOT = Path(__file__).parents[2]


def test_defaults_are_the_papers():
    settings = settings_from({"data": [{"path": "photos"}]})
    loss = settings.loss
    assert (loss.l1, loss.feature, loss.adversarial, loss.kl, loss.match) == (20, 20, 20, 20, 0.5)
    assert (settings.learning_rate, settings.beta1, loss.adversary) == (1e-4, 0.0, "lsgan")
    assert settings.picture_size == 256


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"lerning_rate": 1.0}, "lerning_rate"),
        ({"loss": {"mach": 1.0}}, "loss.mach"),
        ({"loss": {"adversary": "wgan"}}, "adversary"),
        ({"batch": "eight"}, "batch"),
        ({"batch": 0}, "batch"),
        ({"size": 70}, "size"),
        ({"model": {"widht": 3}}, "widht"),
        ({"data": []}, "data"),
        ({"data": [{"sampling_weight": 2}]}, "path"),
        ({"masks": 3}, "masks"),
        ({"masks": {"centre": -1.0}}, "masks.centre"),
        ({"masks": dict.fromkeys(("centre", "rectangle", "irregular", "object"), 0)}, "no kind of hole"),
        ({"learning_rate": -1e-4}, "`learning_rate` must be a number above 0"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"loss": {"l1": float("inf")}}, "loss.l1"),
        (
            {"loss": {"extra_negatives": 9}},
            "`loss.extra_negatives` is no setting any more",
        ),
        ({"warmup": 200}, "`warmup` is no setting any more: it is a twentieth of the steps"),
        ({"masks": {"centr": 1.0}}, r"`masks\.centr` is no kind of hole.*centre.*\./centr"),
        ({"model": {"outlines": -1}}, r"outlines"),
        ({"augmentation": {"crop": 0}}, "augmentation.crop"),
        ({"augmentation": {"recolour": 1.5}}, "`augmentation.recolour` must be a number from 0 to 1"),
        ({"ema": 1}, "`ema` must be a number from 0 to below 1"),
        ({"match": {"views": 0}}, "`match.views` must be a whole number from 1 up"),
        ({"match": {"size": 16}}, "match.size"),
        (
            {"data": [{"path": "photos"}, {"path": "more", "sampling_weight": 0}]},
            r"`data\[1\].sampling_weight` must be",
        ),
        ({"data": [{"path": "photos", "validation": 1.0}]}, r"`data\[0\].validation` must be"),
    ],
)
def test_a_wrong_key_or_value_is_named(change, named):
    with pytest.raises(NigdtError, match=named) as caught:
        settings_from({"data": [{"path": "photos"}], **change}).model_config  # noqa: B018
    assert "\n" not in str(caught.value)


def test_changes_from_the_command_line():
    settings = settings_from({"data": [{"path": "photos"}]})
    changed = with_changes(settings, ["loss.match=0", "model.without=text", "steps=7", "clip=3e-1"])
    assert changed.loss.match == 0.0
    assert changed.model_config.use_text is False
    assert changed.steps == 7
    assert changed.clip == 0.3
    assert changed.loss.l1 == settings.loss.l1
    for wrong in ("loss.mach=0", "steps", "steps.x=1", "steps=many", "steps=["):
        with pytest.raises(NigdtError):
            with_changes(settings, [wrong])


def test_a_backbone_that_is_none_is_told_with_the_settings():
    with pytest.raises(NigdtError, match=r"`match\.backbone` must be .*, not 'resnet'"):
        settings_from({"data": [{"path": "photos"}], "match": {"backbone": "resnet"}})


@pytest.mark.parametrize("precision", ["16-mixed", "bf16-true", "bf17"])
def test_precisions_that_training_cannot_take_are_told_with_the_settings(precision):
    with pytest.raises(NigdtError, match="`precision` must be 32-true or auto or bf16-mixed"):
        settings_from({"data": [{"path": "photos"}], "precision": precision})


def test_round_trip():
    settings = settings_from({"data": [{"path": "a", "sampling_weight": 3}], "preset": "small", "size": 64})
    assert settings_from(settings.to_dict()) == settings


def test_keys_of_earlier_versions_are_read():
    """Files of earlier versions had a key for each difference of the published code, and two for squares."""
    data = {"data": [{"path": "photos"}]}
    loss = {"summed_scales": True, "targets": "samples", "feature_of": "scores", "kl_per_scale": True}
    loss |= {"fakes": "reconstruction", "reversed_posterior_kl": True, "discriminator": "published"}
    old = {"frozen_text": True, "loss": loss, "match": {"undivided": True}, "centre_squares": True}
    assert settings_from(data | old) == settings_from(
        data | {"loss": {"kind": "published"}, "squares": "centre"}
    )
    loss = {"summed_scales": False, "targets": "area", "discriminator": "projected", "l1": 2.0}
    old = {"frozen_text": False, "loss": loss, "around_object": True, "centre_squares": False}
    assert settings_from(data | old) == settings_from(
        data | {"loss": {"adversary": "projected", "l1": 2.0}, "squares": "object"}
    )
    equal = {"masks": {"thin": 1.0, "medium": 1.0, "thick": 1.0}}
    assert settings_from(data | equal) == settings_from(data | {"masks": {"lama": 3.0}})
    assert settings_from(data | {"masks": {"thin": 0, "medium": 0, "thick": 0}}).masks["lama"] == 0
    with pytest.raises(NigdtError, match="LaMa's masks cannot differ in weight"):
        settings_from(data | {"masks": {"thin": 1.0, "medium": 0.0, "thick": 0.0}})
    assert with_changes(load_settings("small"), ["around_object=false"]).squares == "object"
    with pytest.raises(NigdtError, match=r"this `frozen_text`, `loss\.fakes`"):
        settings_from(data | {"frozen_text": True, "loss": {"fakes": "both"}})
    with pytest.raises(NigdtError, match=r"neither kind of losses has this `loss\.fakes`"):
        with_changes(load_settings("paper-cub"), ["loss.kind=published", "loss.fakes=both"])


def test_broken_yaml_is_one_line(tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text("data: [\n  - {")
    with pytest.raises(NigdtError, match="not valid YAML") as caught:
        load_settings(path)
    assert "\n" not in str(caught.value)


def shipped() -> list[TrainSettings]:
    """The settings of every shipped file, plans and phases included."""
    files = [path for path in CONFIGS.glob("*.yaml") if path.stem != "default"]
    plans = [load_plan(path) for path in (CONFIGS / "plans").glob("*.yaml")]
    return [
        *(load_settings(path) for path in files),
        *(phase.settings for phase in load_phases("default")),
        *(entry.settings for plan in plans for entry in plan.entries),
    ]


def leaves(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found = {}
    for key, value in values.items():
        if isinstance(value, dict) and key != "model":
            found |= leaves(value, f"{prefix}{key}.")
        elif key == "data":
            for name in value[0]:
                found[f"data.{name}"] = [source[name] for source in value]
        else:
            found[f"{prefix}{key}"] = value
    return found


def test_shipped_settings_are_valid():
    assert len(shipped()) > 10
    assert all(settings.model_config.size >= 64 for settings in shipped())
    assert load_settings("small") == load_settings(CONFIGS / "small.yaml")
    with pytest.raises(NigdtError, match=r"one of: .*paper-cub"):
        load_settings("none")


def test_every_key_is_set_by_something_that_ships_or_by_the_manual():
    """A setting that nobody sets is an experiment's leftover."""
    plain = leaves(settings_from({"data": [{"path": "photos"}]}).to_dict())
    own = own_settings(OwnPhotos(Path("photos"), "mine", Path()), ModelConfig(), 30)
    pages = [(ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8") for name in ("training", "scale")]
    told = re.findall(r"--set ((?:masks|recompute|preset)[^\s=]*=[^\s`]+)", "".join(pages))
    documented = with_changes(load_settings("paper-coco"), told)
    assert documented.masks["masks/train"] == 1
    runs = [leaves(settings.to_dict()) for settings in [*shipped(), own, documented]]
    unused = {
        key
        for key, value in plain.items()
        if all(run[key] == (value * len(run[key]) if key.startswith("data.") else value) for run in runs)
    }
    assert unused == set()


def test_every_collection_of_the_default_is_told_where_it_comes_from():
    page = (ROOT / "docs" / "training-data.md").read_text(encoding="utf-8")
    table = page.split("## The collections of the default")[1].split("`flickr8k/dev`")[0]
    paths = {source.path for phase in load_phases("default") for source in phase.settings.data}
    assert {path for path in paths if f"`{path}`" not in table} == set()


def test_phases_are_read_as_strictly_as_settings(tmp_path):
    names = [phase.name for phase in load_phases("default")]
    assert names == [
        *("colours", "size", "fine", "words", "objects", "sharp", "varied", "birds", "outlines", "marks"),
        *("parts", "large"),
    ]
    path = tmp_path / "phases.yaml"
    for text, named in (
        ("settings: {data: [{path: x}]}", "`phases` is missing"),
        ("settings: {data: [{path: x}], stepps: 1}\nphases: {a: []}", "stepps"),
        ("settings: {data: [{path: x}]}\nphases: {a: [stepps=1]}", r"phases\.a: unknown key `stepps`"),
        ("settings: {data: [{path: x}]}\nphases: {}", "names nothing to train"),
    ):
        path.write_text(text)
        with pytest.raises(NigdtError, match=named):
            load_phases(path)


def test_where_the_default_model_is_to_lie_is_looked_at_before_it_is_trained(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "dear.jpg").touch()
    arguments = ["default", "--data", str(tmp_path), "--output", "photos"]
    with pytest.raises(NigdtError, match="photos exists and is not a model bundle"):
        CliRunner().invoke(train, arguments, catch_exceptions=False)
    assert not (tmp_path / "runs").exists()


def test_the_adversary_brings_what_goes_with_it():
    data = {"data": [{"path": "photos"}], "preset": "small"}
    for adversary, beta1, composite in (
        ("lsgan", 0.0, False),
        ("hinge", 0.5, True),
        ("projected", 0.0, True),
    ):
        settings = settings_from(data | {"loss": {"adversary": adversary}})
        assert (settings.beta1, settings.loss.composite) == (beta1, composite)
    assert settings.loss.extra_negatives == 0
    assert settings_from(data | {"loss": {"objects_only": True}}).loss.extra_negatives == EXTRA_NEGATIVES
    assert [settings_from(data | {"steps": steps}).warmup for steps in (6, 400, 20_000)] == [0, 20, 100]


def test_a_run_of_an_earlier_version_is_read_whatever_keys_it_wrote_down():
    recorded = settings_from({"data": [{"path": "photos"}], "preset": "small"}).to_dict()
    recorded |= {"beta1": 0.9, "warmup": 7, "checkpoint_seconds": 300.0, "validation_holes": 4}
    recorded["model"] = {"skip": True, "outlines": 32, "marks": True, "text_channels": 64}
    recorded["loss"] |= {"composite": True, "extra_negatives": 96}
    recorded["match"] |= {"batch": 48}
    settings = settings_from(recorded, recorded=True)
    config = ModelConfig.preset("small", skip=True, outlines=32, marks=True, text_channels=64)
    assert settings.model_config == config
    assert settings_from(settings.to_dict()) == settings
    assert settings_from(recorded | {"model": {"skip": True}}, recorded=True).preset == "small"
    with pytest.raises(NigdtError, match="is no setting any more"):
        settings_from(recorded)
