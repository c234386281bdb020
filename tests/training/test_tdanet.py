"""Taking over a checkpoint of the published code: its arithmetic, by its names, from scratch."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from click.testing import CliRunner
from nigdt_training.commands.train import train
from nigdt_training.inpaint.tdanet import read_tdanet
from torch import Tensor, nn

from nigdt import Inpainter
from nigdt.errors import NigdtError

torch.set_num_threads(1)
WORDS = ["a", "bird", "red", "belly"]
NAMES = ("E.pth", "G.pth", "text.pth", "captions.pickle")


class Layout(dict[str, Tensor]):
    """A state dict as the published code writes it, filled at random."""

    def convolution(
        self, name: str, inputs: int, outputs: int, side: int, *, transposed: bool = False
    ) -> None:
        shape = (inputs, outputs, side, side) if transposed else (outputs, inputs, side, side)
        weight = torch.randn(shape) / (inputs * side**2) ** 0.5
        self[f"{name}.module.weight_bar"] = weight
        self[f"{name}.module.weight_u"] = F.normalize(torch.randn(len(weight)), dim=0)
        self[f"{name}.module.bias"] = torch.randn(outputs) / 10

    def block(self, name: str, inputs: int, outputs: int, inside: int) -> None:
        self.convolution(f"{name}.conv1", inputs, inside, 3)
        self.convolution(f"{name}.conv2", inside, outputs, 3)
        self.convolution(f"{name}.bypass", inputs, outputs, 1)

    def doubling(self, name: str, inputs: int, outputs: int) -> None:
        self.convolution(f"{name}.conv1", inputs, outputs, 3)
        self.convolution(f"{name}.conv2", outputs, outputs, 3, transposed=True)
        self.convolution(f"{name}.bypass", inputs, outputs, 3, transposed=True)
        for number, width in ((0, inputs), (3, outputs)):
            self[f"{name}.model.{number}.weight"] = torch.rand(width) + 0.5
            self[f"{name}.model.{number}.bias"] = torch.randn(width) / 10


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("tdanet")
    E, G = Layout(), Layout()
    E.block("block0", 3, 32, 32)
    for i, (inputs, outputs) in enumerate([(32, 128), (128, 256), (256, 256), (256, 256)]):
        E.block(f"encoder{i}", inputs, outputs, inputs)
    for i in range(6):
        E.block(f"infer_prior{i}", 256, 256, 256)
    E.block("prior", 768, 512, 512)
    E["word_attention.conv_image.weight"] = torch.randn(256, 256, 1, 1) / 16
    G.block("generator", 256, 256, 256)
    G.block("f_transformer", 768, 256, 256)
    widths = [(256, 256), (256, 256), (259, 128), (131, 64), (67, 32)]
    for i, (inputs, outputs) in enumerate(widths):
        G.doubling(f"decoder{i}", inputs, outputs)
        if i:
            G.convolution(f"out{i}.conv1", outputs, 3, 3)
    G["attn1.query_conv.weight"], G["attn1.query_conv.bias"] = (
        torch.randn(64, 256, 1, 1) / 40,
        torch.randn(64),
    )
    G["attn1.gamma"], G["attn1.alpha"] = torch.tensor([0.3]), torch.tensor([0.7])
    G.block("attn1.model", 512, 256, 256)
    rnn = nn.LSTM(300, 128, batch_first=True, bidirectional=True)
    text = {"encoder.weight": torch.randn(len(WORDS) + 1, 300)}
    text |= {f"rnn.{name}": value.detach() for name, value in rnn.named_parameters()}
    # As saved from several GPUs.
    for name, state in zip(NAMES, (E, G, text), strict=False):
        torch.save({f"module.{key}": value for key, value in state.items()}, folder / name)
    numbers = dict(enumerate(["<end>", *WORDS]))
    (folder / "captions.pickle").write_bytes(pickle.dumps([[], [], numbers, {}], protocol=2))
    return folder


class Published:
    """The published network's arithmetic, written from its description."""

    def __init__(self, folder: Path) -> None:
        read = [torch.load(folder / name, weights_only=True) for name in NAMES[:3]]
        self.E, self.G, self.text = ({k.removeprefix("module."): v for k, v in one.items()} for one in read)

    @staticmethod
    def convolve(state: dict[str, Tensor], name: str, x: Tensor, *, double: bool = False) -> Tensor:
        weight, bias = state[f"{name}.module.weight_bar"], state[f"{name}.module.bias"]
        rows = weight.flatten(1)  # one step of the iteration, as at the first call
        v = F.normalize(rows.T @ state[f"{name}.module.weight_u"], dim=0)
        weight = weight / (rows @ v).norm()
        if double:
            return F.conv_transpose2d(x, weight, bias, stride=2, padding=1, output_padding=1)
        return F.conv2d(x, weight, bias, padding=weight.shape[2] // 2)

    def block(self, state: dict[str, Tensor], name: str, x: Tensor, *, first: bool = False) -> Tensor:
        y = self.convolve(state, f"{name}.conv1", x if first else F.leaky_relu(x, 0.1))
        y = self.convolve(state, f"{name}.conv2", F.leaky_relu(y, 0.1))
        return y + self.convolve(state, f"{name}.bypass", x)

    def double(self, name: str, x: Tensor) -> Tensor:
        def activated(number: int, y: Tensor) -> Tensor:
            scale, shift = (
                self.G[f"{name}.model.{number}.{part}"][:, None, None] for part in ("weight", "bias")
            )
            y = (y - y.mean((2, 3), keepdim=True)) / (y.var((2, 3), correction=0, keepdim=True) + 1e-5).sqrt()
            return F.leaky_relu(y * scale + shift, 0.1)

        y = self.convolve(self.G, f"{name}.conv1", activated(0, x))
        y = self.convolve(self.G, f"{name}.conv2", activated(3, y), double=True)
        return y + self.convolve(self.G, f"{name}.bypass", x, double=True)

    def fill(self, image: Tensor, M: Tensor, caption: list[int], noise: Tensor) -> list[Tensor]:
        """One photo (1, 3, H, W) and one caption, which needs no padding."""
        features, x = [], image * M
        for i in range(5):
            name = f"encoder{i - 1}" if i else "block0"
            x = F.avg_pool2d(self.block(self.E, name, x, first=i == 0), 2)
            features.append(x)
        rnn = nn.LSTM(300, 128, batch_first=True, bidirectional=True)
        rnn.load_state_dict({k.removeprefix("rnn."): v for k, v in self.text.items() if k.startswith("rnn.")})
        words, (hidden, _) = rnn(self.text["encoder.weight"][caption][None])
        sentence = hidden.transpose(0, 1).reshape(1, -1)
        query = F.conv2d(x, self.E["word_attention.conv_image.weight"]).flatten(2)
        score = -query.transpose(1, 2) @ words.transpose(1, 2)
        seen = F.interpolate(M, x.shape[2:], mode="bilinear", align_corners=True).flatten(1) == 1
        mixed = torch.softmax(score, 2) @ words * seen[..., None]
        t_e = mixed.amax(1)
        v = x
        for i in range(6):
            v = self.block(self.E, f"infer_prior{i}", v)
        spread = [one[..., None, None].expand(-1, -1, *v.shape[2:]) for one in (sentence, t_e)]
        h = torch.cat([v, *spread], 1)
        mu, raw = self.block(self.E, "prior", h).split(256, 1)
        z = mu + F.softplus(raw) * noise
        out = self.block(self.G, "f_transformer", h) + self.block(self.G, "generator", z)
        pictures: list[Tensor] = []
        for i in range(5):
            out = self.double(f"decoder{i}", out)
            if i == 1:
                out = self.attend(out, features[2], M)
            if i:
                y = F.pad(F.leaky_relu(out, 0.1), (1, 1, 1, 1), mode="reflect")
                picture = torch.tanh(self.convolve(self.G, f"out{i}.conv1", y)[:, :, 1:-1, 1:-1])
                pictures.append(picture)
                out = torch.cat([out, picture], 1)
        return pictures

    def attend(self, x: Tensor, v_l: Tensor, M: Tensor) -> Tensor:
        q = F.conv2d(x, self.G["attn1.query_conv.weight"], self.G["attn1.query_conv.bias"]).flatten(2)
        A = torch.softmax(q.transpose(1, 2) @ q, 2)
        m = F.interpolate(M, x.shape[2:], mode="bilinear", align_corners=True)

        def moved(y: Tensor) -> Tensor:
            return (y.flatten(2) @ A.transpose(1, 2)).view_as(y)

        short = self.G["attn1.gamma"] * moved(x) + x
        long = self.G["attn1.alpha"] * (1 - m) * moved(v_l) + m * v_l
        return self.block(self.G, "attn1.model", torch.cat([short, long], 1))


def test_the_imported_model_computes_what_the_published_one_does(folder: Path, tmp_path: Path) -> None:
    model, vocabulary = read_tdanet(*(folder / name for name in NAMES))
    assert vocabulary.words == tuple(WORDS)
    encoder = sum(weight.numel() for weight in model.text_encoder.parameters())
    parameters = sum(weight.numel() for weight in model.parameters()) - encoder
    assert parameters == 27_120_352, "the published 27.1 M, which leave out the text encoder"
    image, M = torch.rand(1, 3, 128, 128) * 2 - 1, torch.ones(1, 1, 128, 128)
    M[:, :, 30:100, 20:90] = 0
    caption, noise = [1, 3, 2], torch.randn(1, 256, 4, 4)
    with torch.no_grad():
        expected = Published(folder).fill(image, M, caption, noise)
        found = model(image, M, torch.tensor([caption]), torch.tensor([3]), noise).pyramid
    assert 0.05 < expected[-1].std() < 0.95, "neither flat nor saturated"
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)

    arguments = ["tdanet", *(str(folder / name) for name in NAMES), str(tmp_path / "theirs")]
    done = CliRunner().invoke(train, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    assert f"{(parameters + encoder) / 1e6:.1f} M parameters, 4 words" in done.output
    Inpainter.from_bundle(str(tmp_path / "theirs"))


def test_files_of_another_architecture_are_one_line(folder: Path) -> None:
    E, G, text, captions = (folder / name for name in NAMES)
    with pytest.raises(NigdtError, match=r"no weights block0.*no network of TDANet"):
        read_tdanet(G, E, text, captions)
    state = torch.load(G, weights_only=True)
    state["module.attn1.query_conv.bias"] = torch.zeros(3)
    torch.save(state, folder / "small.pth")
    with pytest.raises(NigdtError, match="another architecture"):
        read_tdanet(E, folder / "small.pth", text, captions)
