from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest
import torch
from PIL import Image

from nigdt import Inpainter
from nigdt.bundle.bundle import find_bundle
from nigdt.bundle.recolour import load_recolour, save_recolour
from nigdt.colours import rgb_to_lab
from nigdt.context import Context
from nigdt.errors import BundleError, CaptionError, SelectionError
from nigdt.model.finder import FinderScores
from nigdt.model.recolour import RecolourConfig, RecolourNet
from nigdt.notices import CHANGED_NOTHING, PART_NOT_SELECTED
from nigdt.part_words import PARTS
from nigdt.recipe import Recipe
from nigdt.recolourer import Recolourer
from nigdt.recolouring import Recolouring, guided_colour, meant, snapped, tightness
from nigdt.surroundings import names_surface
from nigdt.text import Vocabulary

TINY = RecolourConfig(size=64, channels=(8, 8, 8, 8, 8), head_channels=8, embedding=8, text_channels=8)
WORDS = Vocabulary(["a", "red", "blue", "bird", "wings"])


@pytest.fixture
def net():
    torch.manual_seed(0)
    return RecolourNet(TINY, len(WORDS))


@pytest.fixture
def recolourer(net):
    return Recolourer(net, WORDS)


@pytest.fixture
def photo():
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:150, :200]
    base = np.stack([60 + y * 0.6, 80 + x * 0.4, 120 + 40 * np.sin(x / 9)], axis=-1)
    return np.clip(base + rng.normal(0, 6, base.shape), 0, 255).astype(np.uint8)


@pytest.fixture
def selection():
    result = np.zeros((150, 200), np.uint8)
    result[40:110, 60:150] = 255
    result[40:110, 60] = 128
    return result


def test_network_takes_sides_of_32_and_any_words(net):
    lab, chosen = torch.rand(2, 3, 96, 64) * 50, torch.ones(2, 1, 96, 64)
    tokens = torch.tensor([[1, 2, 0], [0, 0, 0]])
    maps, betas = net(lab, chosen, torch.tensor([0.0, 1.0]), tokens, torch.tensor([2, 0]))
    assert maps.logits.shape == (2, 1, 96, 64)
    assert maps.colour.shape == (2, 2, 96, 64)
    assert [beta.shape for beta in betas] == [(2, 24, 3), (2, 96, 3)]
    torch.testing.assert_close(betas[0][0].sum(-1), torch.ones(24))
    assert betas[0][1].eq(0).all()


def test_hidden_colour_is_not_seen(net):
    net.eval()
    lab, chosen = torch.rand(1, 3, 64, 64) * 50, torch.zeros(1, 1, 64, 64)
    chosen[:, :, 16:48, 16:48] = 1
    other = lab.clone()
    other[:, 1:, 20:40, 20:40] += 30
    words, lengths = torch.tensor([[1, 2]]), torch.tensor([2])
    for hidden, same in ((1.0, True), (0.0, False)):
        flag = torch.tensor([hidden])
        first, second = (net(x, chosen, flag, words, lengths)[0].logits for x in (lab, other))
        assert torch.equal(first, second) is same


def test_outside_the_selection_every_byte_stays(recolourer, photo, selection):
    painted, alpha = recolourer.predict(photo, selection, "a red bird").apply(photo)
    assert alpha[selection == 0].max() == 0
    assert (painted == photo).all(-1)[alpha == 0].all()
    assert (painted != photo).any()


def test_same_request_same_bytes(recolourer, photo, selection):
    first, second = (recolourer.predict(photo, selection, "a red bird").apply(photo)[0] for _ in range(2))
    assert np.array_equal(first, second)


def test_depths_agree(recolourer, photo, selection):
    found = recolourer.predict(photo, selection, "a red bird")
    eight, _ = found.apply(photo)
    sixteen, _ = found.apply(photo.astype(np.uint16) * 257)
    single, _ = found.apply(photo.astype(np.float32) / 255)
    assert sixteen.dtype == np.uint16
    assert single.dtype == np.float32
    assert np.abs(sixteen / 257 - eight).max() < 0.51
    assert np.abs(single * 255 - sixteen / 257).max() < 0.01


def test_large_contexts_are_painted_in_strips_without_seams(recolourer, photo, selection, monkeypatch):
    found = recolourer.predict(photo, selection, "a red bird")
    whole, _ = found.apply(photo)
    monkeypatch.setattr("nigdt.recolouring._STRIP", 200 * 7)
    strips, _ = found.apply(photo)
    assert np.abs(whole.astype(int) - strips).max() <= 1


def test_painting_follows_the_maps():
    """Alpha 1 everywhere, L raised by 10, a = 40, b = -5."""
    grey = np.full((20, 30, 3), 100, np.uint8)
    selection = np.full((20, 30), 255, np.uint8)
    place = np.zeros((5, 6, 4), np.float32)
    place[..., 3] = 1
    colour = np.zeros((5, 6, 6), np.float32)
    colour[..., 1], colour[..., 3], colour[..., 5] = 10, 40, -5
    painted, alpha = Recolouring(place, colour, selection).apply(grey)
    assert alpha.min() == 1
    before, after = (rgb_to_lab(x[0, 0] / 255.0) for x in (grey, painted))
    np.testing.assert_allclose(after - before, [10, 40, -5], atol=0.6)


def test_caption_without_colour(recolourer, photo, selection):
    with pytest.raises(CaptionError, match=r"name no colour.*red bird"):
        recolourer.predict(photo, selection, "a bird")


def test_nothing_selected(recolourer, photo, selection):
    with pytest.raises(SelectionError):
        recolourer.predict(photo, selection * 0, "a red bird")


def test_saved_network_answers_the_same(net, recolourer, photo, selection, tmp_path):
    with torch.no_grad():
        for weight in net.parameters():
            weight.copy_(weight.half())
    save_recolour(tmp_path, net, WORDS, {"steps": 3})
    again = Recolourer(*load_recolour(tmp_path))
    assert again.vocabulary.words == WORDS.words
    first, second = (r.predict(photo, selection, "a red bird").alpha for r in (recolourer, again))
    assert np.array_equal(first, second)


@pytest.mark.parametrize("name", ["recolour.json", "recolour.safetensors"])
def test_damaged_network(net, tmp_path, name):
    save_recolour(tmp_path, net, WORDS, {})
    (tmp_path / name).write_bytes(b"{}")
    with pytest.raises(BundleError, match="cannot be read"):
        load_recolour(tmp_path)


def test_bundle_without_the_network(tmp_path):
    with pytest.raises(BundleError, match="cannot recolour"):
        load_recolour(tmp_path)


def test_a_selection_that_follows_the_object_takes_doubtful_places_along() -> None:
    alpha = np.zeros((40, 40), np.float32)
    alpha[10:30, 5:30], alpha[10:30, 30:35] = 0.95, 0.4
    tight, box = np.zeros_like(alpha), np.ones_like(alpha)
    tight[10:30, 5:35] = 1
    assert meant(alpha, tight)[20, 32] > 0.95
    np.testing.assert_array_equal(meant(alpha, tight)[:10], 0)
    np.testing.assert_array_equal(meant(alpha, box), alpha)


def test_black_keeps_contrast() -> None:
    rng = np.random.default_rng(0)
    lab = np.zeros((48, 48, 3), np.float32)
    lab[..., 0] = 80 + rng.normal(0, 5, (48, 48))
    target = np.zeros_like(lab)
    target[..., 0] = 12 - lab[..., 0]  # the same black everywhere
    maps = guided_colour(target, np.ones((48, 48), np.float32), lab)
    painted = lab[..., 0] + maps[..., 0] * lab[..., 0] + maps[..., 1]
    assert painted.mean() == pytest.approx(12, abs=0.5)
    assert 1.5 < painted.std() < 2.5


@pytest.fixture(scope="module")
def finding():
    """A network with a part finder that has learnt nothing."""
    torch.manual_seed(0)
    net = RecolourNet(replace(TINY, finds=True), len(WORDS)).requires_grad_(False)
    torch.nn.init.zeros_(net.finder.head.weight)
    return net


def sees(net, part, *, thing=True):
    """Let the finder see one part everywhere, or none at all, and an object or none."""
    torch.nn.init.zeros_(net.finder.head.bias)
    net.finder.head.bias[0 if part is None else 1 + PARTS.index(part)] = 20.0
    net.finder.head.bias[-1] = 20.0 if thing else -20.0
    return Recolourer(net, WORDS)


def test_part_is_where_the_finder_sees_it(finding, photo, selection):
    result, alpha = sees(finding, "wing").predict(photo, selection, "a bird with red wings").apply(photo)
    assert alpha[60:90, 80:130].min() > 0.9
    assert np.array_equal(result[:40], photo[:40])
    _, alpha = sees(finding, "tail").predict(photo, selection, "red wings and blue tail").apply(photo)
    assert alpha[60:90, 80:130].min() > 0.9, "there is no wing, but a tail"


def test_a_part_that_a_selection_cuts_through_fades_where_it_goes_on(finding, photo, selection):
    recolourer = sees(finding, "wing")
    found = recolourer.predict_parts(photo, selection, "a bird with red wings", selected=True)
    _, alpha = found.apply(photo)
    middle = alpha[70:80, 62:150].mean(0)
    assert middle[40:48].min() > 0.9
    assert middle[-4:].mean() < 0.5
    ramp = middle[-30:]
    assert np.abs(np.diff(ramp)).max() < 0.3, "by degrees"
    everything = np.full_like(selection, 255)
    _, alpha = recolourer.predict_parts(photo, everything, "a bird with red wings", selected=True).apply(
        photo
    )
    assert alpha[:, -4:].mean() > 0.9, "it goes on nowhere"


def test_a_part_ends_where_the_plumage_changes_its_colour(finding, selection):
    photo = np.full((150, 200, 3), (230, 120, 40), np.uint8)
    photo[:, :100] = (40, 90, 190)
    recolourer = sees(finding, "tail")
    wing = np.zeros_like(recolourer._looker.reduced(photo, selection)[1])
    height, width = wing.shape
    wing[height // 4 : 3 * height // 4, width // 4 : round(0.45 * width)] = 1  # not quite to the orange
    found = recolourer.predict_parts(photo, selection, "a bird with white wings", places={"wing": wing})
    _, alpha = found.apply(photo)
    assert alpha[60:90, 70:98].mean() > 0.95
    assert alpha[60:90, 104:].mean() < 0.05


def test_unseen_parts_are_left_to_the_network(finding, photo, selection):
    plain = RecolourNet(TINY, len(WORDS))
    plain.load_state_dict({k: v for k, v in finding.state_dict().items() if not k.startswith("finder.")})
    caption = "a bird with red wings"
    expected = Recolourer(plain, WORDS).predict(photo, selection, caption)
    unseen = sees(finding, None).predict(photo, selection, caption)
    assert np.array_equal(unseen.colour, expected.colour), "where is cut out, the colour is the network's"
    nothing = sees(finding, "wing", thing=False).predict(photo, selection, caption)
    assert np.array_equal(nothing.maps, expected.maps), "without an object the selection is believed"
    result, alpha = sees(finding, "wing").predict(photo, selection, "a red bird").apply(photo)
    assert alpha[60:90, 80:130].min() > 0.9, "of a whole bird a wing is one part"
    assert np.array_equal(result[:40], photo[:40])


def test_saved_part_finder_sees_the_same(finding, photo, selection, tmp_path):
    with torch.no_grad():
        for weight in finding.parameters():
            weight.copy_(weight.half())
    first = sees(finding, "wing").predict(photo, selection, "red wings").maps
    save_recolour(tmp_path, finding, WORDS, {})
    second = Recolourer(*load_recolour(tmp_path)).predict(photo, selection, "red wings").maps
    assert np.array_equal(first, second)


def test_what_the_finder_takes_for_background_keeps_its_colour(finding, photo, selection, monkeypatch):
    scores = torch.full((1, 1, 48, 64), -20.0)
    scores[..., :30] = 20.0
    parts = torch.zeros(1, 13, 48, 64)
    monkeypatch.setattr(type(finding.finder), "forward", lambda *_: FinderScores(parts, scores, None))
    finding.out.bias[:4] = 5.0  # alpha of every place
    try:
        result, alpha = Recolourer(finding, WORDS).predict(photo, selection, "a red bird").apply(photo)
    finally:
        finding.out.bias[:4] = 0.0
    assert alpha[60:90, 65:75].min() > 0.9, "it looks at columns 24 to 186 and sees an object up to 100"
    assert np.array_equal(result[40:110, 130:150], photo[40:110, 130:150])


def test_finder_edges_snap_to_the_photo():
    lab = np.zeros((40, 40, 3), np.float32)
    lab[:, :20] = (40, 30, 30)
    lab[:, 20:] = (70, 0, 0)
    coarse = np.zeros((40, 40), np.float32)
    coarse[:, :23] = 1  # three pixels too far
    edge = snapped(coarse, lab)[20]
    assert edge[:20].min() > 0.95
    assert edge[20:23].max() < 0.6, "the photo's edge is where it falls"
    assert edge[34:].max() < 0.02


def test_selections_follow_the_object_or_surround_it():
    thing = np.zeros((40, 40), np.float32)
    thing[10:30, 10:30] = 1
    assert tightness(thing, thing) == 1
    assert tightness(thing, np.ones_like(thing)) == 0
    assert tightness(thing, np.zeros_like(thing)) == 0


def test_the_bird_is_painted_and_its_beak_where_it_is_named(finding, photo, selection):
    photo[selection > 0] = (60, 90, 190)
    photo[60:90, 80:110] = (240, 140, 30)
    finding.out.bias[:4] = 5.0
    try:
        _, alpha = sees(finding, "belly").predict(photo, selection, "a red bird").apply(photo)
        assert alpha[60:90, 80:140].min() > 0.9
        _, alpha = sees(finding, "beak").predict(photo, selection, "a bird with a red beak").apply(photo)
        assert alpha[60:90, 80:110].min() > 0.9
    finally:
        finding.out.bias[:4] = 0.0


def test_a_faint_small_selection_in_a_large_context(finding):
    crop, selection = np.full((1500, 1500, 3), 90, np.uint8), np.zeros((1500, 1500), np.uint8)
    selection[700, 900] = 20
    maps = sees(finding, "wing").predict(crop, selection, "red wings and a red tail").maps
    assert np.isfinite(maps).all()


def test_the_network_is_asked_for_the_rest_alone(finding, photo, selection, monkeypatch):
    asked = []
    recolourer = sees(finding, None)
    finding.finder.head.bias[:] = 20.0  # a bit of each part everywhere
    answer = recolourer._answer
    monkeypatch.setattr("nigdt.part_places.LEAST_SURE", 0.05)
    monkeypatch.setattr(recolourer, "_answer", lambda *a: asked.append(a[2]) or answer(*a))
    recolourer.predict(photo, selection, "red wings and tail and a blue belly")
    assert asked == []
    recolourer.predict(photo, selection, "a blue bird with red wings and tail and a red belly")
    assert asked == ["blue"]


def kingfisher_in(place: tuple[slice, slice]) -> tuple[Image.Image, np.ndarray]:
    photo = Image.open(files("nigdt") / "data" / "kingfisher.jpg").convert("RGB")
    selection = np.zeros((photo.height, photo.width), np.uint8)
    selection[place] = 255
    return photo, selection


@pytest.mark.parametrize(
    ("columns", "rows", "within", "part", "left"),
    [
        (slice(530, 690), slice(240, 440), True, True, False),  # the breast
        (slice(20, 250), slice(60, 350), False, False, False),  # the blurred ground beside it
        (slice(330, 830), slice(50, 660), False, False, False),  # all of the bird
        (slice(330, 830), slice(215, 660), False, False, True),  # all but the head
    ],
)
def test_how_a_selection_lies_to_a_bird_is_noticed(
    columns: slice, rows: slice, within: bool, part: bool, left: bool
) -> None:
    picture, selection = kingfisher_in((rows, columns))
    photo = np.asarray(picture)
    recolourer = Recolourer(*load_recolour(find_bundle().folder))
    found = recolourer.locate(*Context.of(photo, selection, 128, Recipe("a bird")).sent)
    assert (found.within, found.part) == (within, part)
    recolouring = Context.of(photo, selection, 128, Recipe("green", mode="recolour")).sent
    assert recolourer.locate(*recolouring).left == left


@pytest.mark.parametrize(("caption", "told"), [("a green bird", True), ("a green belly", False)])
def test_a_part_that_was_not_selected_is_told_of(caption: str, told: bool) -> None:
    photo, selection = kingfisher_in((slice(215, 660), slice(330, 830)))
    (fill,) = Inpainter.from_bundle("nigdt-small").fill(photo, selection, caption, mode="recolour")
    assert (PART_NOT_SELECTED in fill.notices) == told


def changed(photo: Image.Image, fill: Image.Image) -> np.ndarray:
    return np.abs(np.asarray(fill).astype(int) - np.asarray(photo)).max(axis=2) > 12


def test_a_surface_takes_its_colour_all_over() -> None:
    photo, selection = kingfisher_in((slice(60, 350), slice(20, 250)))  # blurred ground alone
    (fill,) = Inpainter.from_bundle("nigdt-small").fill(photo, selection, "a blue wall", mode="recolour")
    assert changed(photo, fill.photo)[selection > 0].mean() > 0.97
    assert fill.notices == ()


@pytest.mark.parametrize("caption", ["a blue background", "a dark red wall"])
def test_the_surface_behind_an_object_is_recoloured_and_the_object_is_not(caption: str) -> None:
    photo, selection = kingfisher_in((slice(40, 420), slice(250, 850)))
    (fill,) = Inpainter.from_bundle("nigdt-small").fill(photo, selection, caption, mode="recolour")
    different = changed(photo, fill.photo)
    assert different[260:400, 740:840].mean() > 0.95, "the ground"
    assert different[230:400, 400:600].mean() < 0.05, "the bird"


def test_who_asks_for_the_colour_that_is_there_is_told_that_nothing_changed() -> None:
    photo = Image.new("RGB", (200, 160), (128, 128, 128))
    selection = np.zeros((160, 200), np.uint8)
    selection[40:120, 50:150] = 255
    (fill,) = Inpainter.from_bundle("nigdt-small").fill(photo, selection, "a grey wall", mode="recolour")
    assert fill.notices == (CHANGED_NOTHING,)


@pytest.mark.parametrize(
    ("caption", "surface"),
    [
        ("a blue wall", True),
        ("dark green grass", True),
        ("a red background", True),
        ("a red car on grass", False),
        ("blue", False),
    ],
)
def test_what_lies_behind_things_is_known_by_its_name(caption: str, surface: bool) -> None:
    assert names_surface(caption) == surface
