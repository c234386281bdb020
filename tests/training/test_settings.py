import pytest
from nigdt_training.data.recolour import COLOURS
from nigdt_training.settings import load_settings, settings_from, with_changes

from nigdt.errors import NigdtError


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
        ({"data": [{"share": 2}]}, "path"),
        ({"masks": 3}, "masks"),
        ({"masks": {"centre": -1.0}}, "masks.centre"),
        ({"masks": dict.fromkeys(("centre", "rectangle", "irregular", "object"), 0)}, "no kind of hole"),
        ({"learning_rate": -1e-4}, "learning_rate must be above 0"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"loss": {"l1": float("inf")}}, "loss.l1"),
        ({"loss": {"match_further": -1}}, "loss.match_further"),
        ({"augmentation": {"crop": 0}}, "augmentation.crop"),
        ({"augmentation": {"flip": 1.5}}, "augmentation.flip must be at most 1"),
        ({"augmentation": {"recolour_weights": {"mauve": 2}}}, "recolour_weights names no colour 'mauve'"),
        ({"augmentation": {"recolour_weights": {"red": "often"}}}, "recolour_weights.red must be a number"),
        ({"augmentation": {"recolour_weights": {"red": -1}}}, "recolour_weights.red must be a number from 0"),
        ({"augmentation": {"recolour_weights": dict.fromkeys(COLOURS, 0)}}, "leaves no colour"),
        ({"ema": 1}, "ema must be below 1"),
        ({"match": {"views": 0}}, "match.views must be at least 1"),
        ({"match": {"size": 16}}, "match.size"),
        ({"data": [{"path": "photos"}, {"path": "more", "share": 0}]}, "data.share"),
        ({"data": [{"path": "photos", "validation": 1.0}]}, "data.validation"),
    ],
)
def test_a_wrong_key_or_value_is_named(change, named):
    with pytest.raises(NigdtError, match=named) as caught:
        settings_from({"data": [{"path": "photos"}], **change}).model_config  # noqa: B018
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "change", [{"clip": 0}, {"sheet_seconds": float("inf"), "checkpoint_seconds": float("inf")}]
)
def test_what_switches_something_off_is_no_wrong_value(change):
    settings = settings_from({"data": [{"path": "photos"}], **change}).to_dict()
    assert {key: settings[key] for key in change} == change


def test_changes_from_the_command_line():
    settings = settings_from({"data": [{"path": "photos"}]})
    changed = with_changes(settings, ["loss.match=0", "model.use_text=false", "steps=7", "clip=3e-1"])
    assert changed.loss.match == 0.0
    assert changed.model_config.use_text is False
    assert changed.steps == 7
    assert changed.clip == 0.3
    assert changed.loss.l1 == settings.loss.l1
    for wrong in ("loss.mach=0", "steps", "steps.x=1", "steps=many", "steps=["):
        with pytest.raises(NigdtError):
            with_changes(settings, [wrong])


def test_a_backbone_that_is_none_is_told_with_the_settings():
    with pytest.raises(NigdtError, match=r"match\.backbone must be .*, not 'resnet'"):
        settings_from({"data": [{"path": "photos"}], "match": {"backbone": "resnet"}})


@pytest.mark.parametrize("precision", ["16-mixed", "bf16-true", "bf17"])
def test_precisions_that_training_cannot_take_are_told_with_the_settings(precision):
    with pytest.raises(NigdtError, match="precision must be auto, bf16-mixed, 32-true"):
        settings_from({"data": [{"path": "photos"}], "precision": precision})


def test_round_trip():
    settings = settings_from({"data": [{"path": "a", "share": 3}], "preset": "small", "size": 64})
    assert settings_from(settings.to_dict()) == settings


def test_broken_yaml_is_one_line(tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text("data: [\n  - {")
    with pytest.raises(NigdtError, match="not valid YAML") as caught:
        load_settings(path)
    assert "\n" not in str(caught.value)


def test_shipped_configs_are_valid(pytestconfig):
    configs = sorted((pytestconfig.rootpath / "training" / "configs").glob("*.yaml"))
    assert configs
    for path in configs:
        assert load_settings(path).model_config.size >= 64
