from __future__ import annotations

import subprocess
import sys
from dataclasses import asdict

import pytest
import yaml

from nigdt.config import NETWORKS, PRESETS, ModelConfig
from nigdt.errors import NigdtError


@pytest.mark.parametrize("name", list(PRESETS))
def test_a_preset_survives_yaml(name: str) -> None:
    config = ModelConfig.preset(name)
    assert ModelConfig.from_dict(yaml.safe_load(yaml.safe_dump(config.to_dict()))) == config


def test_a_preset_can_be_changed_by_field() -> None:
    config = ModelConfig.preset("small", without="max-pool", generator_channels=[8, 8, 8, 8, 8])
    assert (config.max_pool, config.generator_channels) == (False, (8, 8, 8, 8, 8))
    assert (
        config.with_changes(without="none", generator_channels=PRESETS["small"].generator_channels)
        == (PRESETS["small"])
    )


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"size": 100}, "size"),
        ({"size": 32}, "size"),
        ({"encoder_channels": [8] * 4}, "encoder_channels"),
        ({"generator_channels": [8] * 4}, "generator_channels"),
        ({"discriminator_channels": [8] * 6}, "discriminator_channels"),
        ({"text_channels": 7}, "text_channels"),
        ({"text_dropout": 1.0}, "text_dropout"),
        ({"network": "unpublished"}, "network"),
        ({"network": []}, "network"),
        ({"sigma_floor": float("nan")}, "sigma_floor"),
        ({"without": "words"}, "without"),
        ({"latent_channels": 0}, "latent_channels"),
        ({"generator_norm": "batch"}, "generator_norm"),
        ({"attention_axis": "pixels"}, "attention_axis"),
        ({"prefill": "telea"}, "prefill"),
        ({"max_pool": 1}, "max_pool"),
        ({"size": True}, "size"),
        ({"size": 64.0}, "size"),
        ({"encoder_channels": "1234567"}, "encoder_channels"),
        ({"maxpool": True}, "maxpool"),
    ],
)
def test_a_wrong_value_is_named_in_one_line(changes: dict[str, object], says: str) -> None:
    with pytest.raises(NigdtError, match=says) as caught:
        ModelConfig.preset("small", **changes)
    assert "\n" not in str(caught.value)


OF_VERSION_0_4 = """
size: 128
encoder_channels: [16, 32, 64, 96, 128, 128, 128]
further_blocks: 0
narrow_halving: false
activate_signals: false
text_channels: 96
embedding: 64
text_dropout: 0.1
text_cell: gru
max_words: 32
latent_channels: 32
projection_channels: 64
direct_projection: false
representation_channels: 128
generator_channels: [128, 96, 64, 32, 16]
discriminator_channels: [16, 32, 64, 96, 96]
generator_norm: none
upsampling: nearest
head_padding: zeros
normed_queries: true
mask_cells: area
spectral_norm: false
sigma_floor: 0.1
attention_axis: words
use_text: true
dual_attention: true
max_pool: true
mask_input: true
prefill: harmonic
skip: true
"""
"""The architecture in the model.yaml of nigdt-small 0.4."""


def test_keys_of_earlier_versions_are_read() -> None:
    """Files of earlier versions had a key for each ablation and each difference of the published network."""
    old = yaml.safe_load(OF_VERSION_0_4)
    assert ModelConfig.from_dict(old) == ModelConfig.preset("small", skip=True)
    published = {key: value for key, value in asdict(NETWORKS["published"]).items() if key != "affine_norm"}
    old = old | published | {"generator_norm": "affine"}
    assert ModelConfig.from_dict(old).network == "published"
    for key, part in (("use_text", "text"), ("dual_attention", "dual-attention"), ("max_pool", "max-pool")):
        config = ModelConfig.preset("paper", **{key: False})
        assert config.without == part
        assert getattr(config, key) is False
    assert not ModelConfig.preset("paper", use_text=False, max_pool=False).use_text


def test_captions_of_another_length_are_refused() -> None:
    """Every model reads as many words; a file that says otherwise must not be read as if it did not."""
    assert ModelConfig.from_dict({"max_words": 32}) == ModelConfig()
    with pytest.raises(NigdtError, match="`max_words` is 32 in every model"):
        ModelConfig.from_dict({"max_words": 24})


def test_the_mask_is_an_input_with_prefill_alone() -> None:
    assert ModelConfig.preset("small", mask_input=True).mask_input
    assert not ModelConfig.preset("paper", mask_input=False).mask_input
    for preset, changes in (("small", {"mask_input": False}), ("paper", {"mask_input": True})):
        with pytest.raises(
            NigdtError, match="`mask_input` is true with `prefill: harmonic`, and only with it"
        ):
            ModelConfig.preset(preset, **changes)


def test_a_network_that_is_neither_is_refused() -> None:
    for preset, changes in (
        ("paper", {"narrow_halving": True}),
        ("authors", {"further_blocks": 0}),
        ("small", {"upsampling": "transposed"}),
    ):
        with pytest.raises(NigdtError, match=f"neither network has this `{next(iter(changes))}`"):
            ModelConfig.preset(preset, **changes)


def test_an_unknown_preset_is_answered_with_the_known_ones() -> None:
    with pytest.raises(NigdtError, match="paper, authors, wide, small"):
        ModelConfig.preset("large")


def test_configuration_vocabulary_and_masks_need_no_torch() -> None:
    code = "import nigdt.config, nigdt.text, nigdt.masks, sys; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
