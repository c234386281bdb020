"""AttnGAN's match networks: its own arithmetic on its own names, and files that want to run code."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from nigdt_training.checkpoint import load_strictly, read_checkpoint
from nigdt_training.commands.train import train
from nigdt_training.match.damsm import import_damsm
from torch import nn

from nigdt.errors import NigdtError
from nigdt.model.match import MatchNetwork

WORDS = ["a", "bird", "red", "belly"]


class Backbone(nn.Module):
    """Regions and a global vector of Inception's widths, by a rule."""

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        pooled = nn.functional.adaptive_avg_pool2d(image, (2, 3))
        return pooled.repeat(1, 256, 1, 1), pooled.mean((2, 3)).repeat(1, 683)[:, :2048]


@pytest.fixture(params=["lstm", "gru"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path, nn.Embedding, nn.RNNBase]:
    """What AttnGAN saves: a text encoder, an image encoder and the captions with their words' numbers."""
    torch.manual_seed(0)
    embedding = nn.Embedding(len(WORDS) + 1, 300)
    kind = nn.LSTM if request.param == "lstm" else nn.GRU
    rnn = kind(300, 128, batch_first=True, bidirectional=True)
    text = {"encoder.weight": embedding.weight.detach()}
    text |= {f"rnn.{name}": value.detach() for name, value in rnn.named_parameters()}
    torch.save(text, tmp_path / "text.pth")
    image = {
        "Mixed_7c.branch1x1.conv.weight": torch.zeros(1),
        "emb_features.weight": torch.randn(256, 768, 1, 1),
        "emb_cnn_code.weight": torch.randn(256, 2048),
        "emb_cnn_code.bias": torch.randn(256),
    }
    torch.save(image, tmp_path / "image.pth")
    numbers = dict(enumerate(["<end>", *WORDS]))
    words = {word: number for number, word in numbers.items()}
    (tmp_path / "captions.pickle").write_bytes(pickle.dumps([[[1, 2]], [[3]], numbers, words], protocol=2))
    return request.param, tmp_path, embedding, rnn


def test_the_imported_networks_compute_what_attngan_does(files) -> None:
    cell, folder, embedding, rnn = files
    places = [str(folder / name) for name in ("text.pth", "image.pth", "captions.pickle")]
    arguments = ["damsm", *places, str(folder / "match.safetensors")]
    done = CliRunner().invoke(train, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    checkpoint = read_checkpoint(folder / "match.safetensors")
    assert checkpoint.facts["words"] == WORDS
    assert (checkpoint.facts["cell"], checkpoint.facts["settings"]["backbone"]) == (cell, "inception-v3")
    network = MatchNetwork(Backbone(), 768, 2048, len(WORDS), cell=cell).eval()
    load_strictly(network, checkpoint.part("match"), "the test's weights")
    tokens = torch.tensor([[1, 3, 2], [4, 2, 0]])
    text = network.text_encoder(tokens, torch.tensor([3, 2]))
    for row, length in ((0, 3), (1, 2)):  # one caption at a time needs no padding
        output, hidden = rnn(embedding(tokens[row : row + 1, :length]))
        hidden = hidden[0] if cell == "lstm" else hidden
        torch.testing.assert_close(text.words[row, :length], output[0])
        torch.testing.assert_close(text.sentence[row], hidden.transpose(0, 1).reshape(-1))
    image = torch.rand(2, 3, 64, 64)
    regions, whole = network.encode_image(image)
    features, vector = Backbone()(image)
    saved = torch.load(folder / "image.pth", weights_only=True)
    expected = nn.functional.conv2d(features, saved["emb_features.weight"]).flatten(2)
    torch.testing.assert_close(regions, expected)
    torch.testing.assert_close(whole, vector @ saved["emb_cnn_code.weight"].T + saved["emb_cnn_code.bias"])


class Trap:
    """Would make a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return (Path.touch, (self.path,))


def test_files_cannot_run_code(files) -> None:
    _, folder, *_ = files
    names = ("text.pth", "image.pth", "captions.pickle")
    for trapped in names:
        places = {name: folder / name for name in names}
        places[trapped] = folder / "trap"
        mark = folder / "sprung"
        if trapped == "captions.pickle":
            places[trapped].write_bytes(pickle.dumps([[], [], Trap(mark), {}]))
        else:
            torch.save({"encoder.weight": Trap(mark)}, places[trapped])
        with pytest.raises(NigdtError, match=r"cannot be read|damaged, or holds something other"):
            import_damsm(*places.values(), folder / "out.safetensors")
        assert not mark.exists()


def test_files_that_do_not_belong_together_are_one_line(files, tmp_path: Path) -> None:
    _, folder, *_ = files
    (folder / "captions.pickle").write_bytes(pickle.dumps([[], [], {0: "<end>", 1: "a"}, {}]))
    with pytest.raises(NigdtError, match=r"1 words, and .* vectors for 4"):
        import_damsm(*(folder / n for n in ("text.pth", "image.pth", "captions.pickle")), tmp_path / "o")
    with pytest.raises(NigdtError, match="no DAMSM encoder"):
        import_damsm(*(folder / n for n in ("image.pth", "image.pth", "captions.pickle")), tmp_path / "o")


def test_damaged_files_are_one_line_and_nobody_is_told_to_trust_them(files, tmp_path: Path) -> None:
    """PyTorch's own error says that the file may be read with its code run."""
    _, folder, *_ = files
    whole = (folder / "text.pth").read_bytes()
    png = b"\x89PNG\r\n\x1a\n" + bytes(99)
    names = ("text.pth", "image.pth", "captions.pickle")
    damaged = [
        *(
            (name, data)
            for name in names[:2]
            for data in (b"", png, whole[: len(whole) // 2], b"PK\3\4" + bytes(99))
        ),
        *(
            ("captions.pickle", data)
            for data in (b"", png, b"(" * 9, b"\x80\x05\x8c\xff", b"]" + b"a" * 9 + b".")
        ),
        *(
            ("captions.pickle", pickle.dumps(odd))
            for odd in (None, [], [0, 0, 5], [[], [], {1: 5}], [[], [], {1: "a", 2: None}], {2: {1: [1]}})
        ),
    ]
    for name, data in damaged:
        places = {one: folder / one for one in names} | {name: tmp_path / "damaged"}
        places[name].write_bytes(data)
        with pytest.raises(NigdtError) as caught:
            import_damsm(*places.values(), tmp_path / "out.safetensors")
        assert "weights_only" not in str(caught.value)
        assert "\n" not in str(caught.value)
