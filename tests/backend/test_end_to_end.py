"""The whole road: command line or client, real daemon process, real socket, real (tiny) model, a photo."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from nigdt_backend.client import Client
from nigdt_backend.connect import DaemonError
from nigdt_backend.protocol import LIMITS, FillRequest
from PIL import Image

from nigdt.bundle.bundle import find_bundle, user_bundles_folder
from nigdt.context import Box, Context
from nigdt.inpainter import Inpainter
from nigdt.recipe import Recipe, Variant


def nigdt(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "nigdt", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)


@pytest.fixture
def photo(tmp_path):
    """A photo of 200 x 160 pixels and its pixels."""
    pixels = np.random.default_rng(3).integers(0, 256, (160, 200, 3)).astype(np.uint8)
    pixels = np.kron(pixels[::16, ::20], np.ones((16, 20, 1), np.uint8))
    path = tmp_path / "photo.png"
    Image.fromarray(pixels).save(path)
    return path, pixels


def test_fills_of_a_photo_with_the_longest_name_get_one_themselves(bundles, photo):
    path, _ = photo
    path = path.rename(path.with_name("ü" * 125 + ".png"))
    done = nigdt("fill", path, "--select", "60,50,40,30", "--mode", "remove", "-n", 2)
    assert done.returncode == 0, done.stderr
    names = sorted(entry.name for entry in path.parent.glob("*-filled-*.png"))
    assert [name.removeprefix("ü" * 120).lstrip("ü") for name in names] == ["-filled-1.png", "-filled-2.png"]


def test_fill_command_fills_only_the_selection(bundles, photo, tmp_path):
    path, pixels = photo
    done = nigdt(
        *("fill", path, "--select", "60,50,40,30", "--caption", "a red belly", "-n", 3),
        *("-o", tmp_path / "out.png", "--json"),
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["unknown_words"] == []
    assert [entry["recipe"]["seed"] for entry in answer["fills"]] == [None, 1, 2]
    filled = [np.asarray(Image.open(entry["file"])) for entry in answer["fills"]]
    expected = Inpainter.from_bundle("default", device="cpu").fill(
        Image.open(path), selection_of(pixels), "a red belly", variants=3
    )
    for picture, fill in zip(filled, expected, strict=True):
        assert np.array_equal(picture, np.asarray(fill.photo)), "the daemon's fill differs from the library's"
        outside = np.ones(picture.shape[:2], bool)
        outside[46:84, 56:104] = False
        assert np.array_equal(picture[outside], pixels[outside])
        assert not np.array_equal(picture[50:80, 60:100], pixels[50:80, 60:100])
    assert not np.array_equal(filled[0], filled[1])
    place = ("--select", "60,50,40,30", "-o", tmp_path / "zebra.png")
    zebra = nigdt("fill", path, *place, "--caption", "a red zebra", "--json")
    assert json.loads(zebra.stdout)["unknown_words"] == ["zebra"]

    shown = nigdt("status", "--json")
    status = json.loads(shown.stdout)
    assert shown.returncode == 0
    assert status["state"] == "ready"
    assert status["device"] == "cpu"
    assert status["jobs"]["done"] == 2
    assert status["jobs"]["fills"] == 4
    assert [bundle["name"] for bundle in status["bundles"]] == ["nigdt-small"]
    text = nigdt("status").stdout
    assert str(status["pid"]) in text
    assert "Stopped." in nigdt("serve", "--stop").stdout
    again = nigdt("status", "--json")
    assert again.returncode == 1
    assert "No daemon is running" in again.stderr
    assert json.loads(again.stdout)["state"] == "not-running"


def selection_of(pixels):
    selection = np.zeros(pixels.shape[:2], np.uint8)
    selection[50:80, 60:100] = 255
    return selection


def test_fill_command_refuses_to_lose_the_photo(at_shared_daemon, photo):
    path, _ = photo
    before = path.read_bytes()
    done = nigdt("fill", path, "--select", "60,50,40,30", "--caption", "a dog", "-o", path)
    assert done.returncode == 2
    assert "--overwrite" in done.stderr
    assert path.read_bytes() == before
    done = nigdt(
        "fill", path, "--mask", path, "--caption", "a dog", "-n", 2, "-o", path.with_name("photo.png")
    )
    assert done.returncode == 0, done.stderr  # photo-1.png and photo-2.png
    mask = path.with_name("photo-1.png")
    kept = mask.read_bytes()
    done = nigdt("fill", path, "--mask", mask, "--caption", "a dog", "-n", 2, "-o", path)
    assert done.returncode == 2
    assert "the mask itself" in done.stderr
    assert mask.read_bytes() == kept
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--caption", "a dog"), "--select"),
        (("--select", "1,2,3", "--caption", "a dog"), "LEFT,TOP,WIDTH,HEIGHT"),
        (("--select", "190,0,40,40", "--caption", "a dog"), "beyond the photo"),
    ],
)
def test_misuse_is_one_line_and_exit_2(bundles, photo, arguments, words):
    done = nigdt("fill", photo[0], *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_unknown_bundle_names_the_known_ones(bundles, photo):
    arguments = ("--select", "60,50,40,30", "--caption", "a dog", "--bundle", "nosuch")
    done = nigdt("fill", photo[0], *arguments)
    assert done.returncode == 1
    assert "nigdt-small" in done.stderr
    broken = user_bundles_folder() / "broken"
    shutil.copytree(find_bundle().folder, broken)
    (broken / "vocabulary.json").unlink()
    done = nigdt("fill", photo[0], *arguments[:-1], "broken")
    assert done.returncode == 1
    assert "vocabulary.json is missing" in done.stderr


def test_mask_of_the_wrong_size(bundles, photo, tmp_path):
    Image.new("L", (10, 10), 255).save(tmp_path / "mask.png")
    done = nigdt("fill", photo[0], "--mask", tmp_path / "mask.png", "--caption", "a dog")
    assert done.returncode == 1
    assert "10 x 10" in done.stderr


def test_what_cannot_be_written_is_said_before_the_work(bundles, photo, tmp_path):
    alpha = tmp_path / "alpha.png"
    Image.new("RGBA", (80, 60)).save(alpha)
    selection = ("--select", "10,10,20,20", "--caption", "a dog")
    for arguments, code, words in (
        ((alpha, *selection, "-o", tmp_path / "out.jpg"), 1, "JPEG cannot hold this photo"),
        ((alpha, *selection, "-o", tmp_path / "out.docx"), 1, "not written as .docx"),
        ((alpha, *selection, "-o", tmp_path / "nowhere" / "out.png"), 2, "no folder"),
    ):
        done = nigdt("fill", *arguments)
        assert done.returncode == code
        assert words in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
    assert nigdt("status").returncode == 1  # no daemon was started for any of them


def test_cmyk_photos_and_masks_of_sixteen_bits(at_shared_daemon, tmp_path):
    path = tmp_path / "print.jpg"
    Image.new("CMYK", (80, 60), (10, 20, 30, 40)).save(path)
    half = np.zeros((60, 80), np.uint16)
    half[20:40, 20:40] = 32768  # half selected, not wholly
    Image.fromarray(half).save(tmp_path / "mask.png")
    done = nigdt("fill", path, "--mask", tmp_path / "mask.png", "--set", "feather=0", "--caption", "a dog")
    assert done.returncode == 0, done.stderr
    with Image.open(path) as before, Image.open(tmp_path / "print-filled.tif") as after:
        old, new = np.asarray(before).astype(int), np.asarray(after).astype(int)
    assert np.array_equal(new[half == 0], old[half == 0])
    inpainter = Inpainter.from_bundle("default", device="cpu")
    with Image.open(path) as photo:
        whole = np.asarray(inpainter.fill(photo, (half > 0), "a dog", feather=0)[0].photo).astype(int)
    change, wholly = (np.abs(made - old)[half > 0].mean() for made in (new, whole))
    assert change == pytest.approx(wholly / 2, rel=0.1)


def test_same_request_same_bytes_and_cached_context_costs_no_encoding(shared_client, request_fill):
    variants = [Variant(seed) for seed in (None, 5)]
    before = shared_client.status()["contexts"]
    first = shared_client.fill(request_fill("a red bird", side=104, variants=variants))
    again = shared_client.fill(request_fill("a red bird", side=104, variants=variants))
    other = shared_client.fill(request_fill("a blue bird", side=104, variants=variants))
    assert [fill.pixels for fill in first.fills] == [fill.pixels for fill in again.fills]
    assert first.fills[0].pixels != first.fills[1].pixels
    assert first.fills[0].pixels != other.fills[0].pixels
    assert first.seconds["encode"] > 0
    assert again.seconds["encode"] == other.seconds["encode"] == 0
    contexts = shared_client.status()["contexts"]
    assert {name: contexts[name] - before[name] for name in ("misses", "hits")} == {"misses": 1, "hits": 2}


def test_a_placed_answer_is_what_the_library_places(shared_client, request_fill):
    request = request_fill("a red bird", side=96, result="placed")
    crop = np.frombuffer(request.crop, np.uint8).reshape(96, 96, 3)
    selection = np.frombuffer(request.mask, np.uint8).reshape(96, 96)
    answer = shared_client.fill(request).fills[0]
    context = Context.within(Box(0, 0, 96, 96), crop, selection)
    raw = shared_client.fill(FillRequest.of(context, request.recipe)).fills[0]
    assert raw.weight == b""
    assert raw.recipe == answer.recipe
    assert (answer.recipe.bundle, len(answer.recipe.digest)) == ("nigdt-small", 16)
    fill, weight = context.place(np.frombuffer(raw.pixels, np.uint8).reshape(96, 96, 3), raw.recipe)
    assert answer.pixels == fill.tobytes()
    assert answer.weight == weight.tobytes()


def test_what_is_transparent_is_not_recoloured(shared_client, request_fill):
    request = request_fill(side=96)
    crop = np.zeros((96, 96, 4), np.uint8)
    transparent = FillRequest(
        crop.tobytes(),
        request.mask,
        96,
        96,
        Recipe("red", mode="recolour"),
        [Variant()],
        channels=4,
        result="placed",
    )
    with pytest.raises(DaemonError, match="is transparent: there is nothing to recolour"):
        shared_client.fill(transparent)
    assert shared_client.fill(request).fills


def test_attention_says_which_words_are_known(shared_client, request_fill):
    result = shared_client.fill(request_fill("a red zebra", side=96, attention=True))
    words = result.fills[0].words
    assert [(word.word, word.known) for word in words] == [("a", True), ("red", True), ("zebra", False)]
    assert sum(word.weight for word in words) == pytest.approx(1.0, abs=1e-3)
    assert len(words[0].map) == words[0].width * words[0].height > 0
    assert max(words[0].map) == 255
    assert words[2].map == b""


def test_effects_come_with_the_fill_without_each_word(shared_client, request_fill):
    fill = shared_client.fill(request_fill("a red zebra", side=96, effects=True)).fills[0]
    assert [(word.word, word.known) for word in fill.words] == [("a", True), ("red", True), ("zebra", False)]
    assert sum(word.weight for word in fill.words) == pytest.approx(1.0, abs=1e-3)
    assert fill.words[2].change == 0 < fill.words[1].change
    columns, rows = fill.words[0].without_size
    assert all(len(word.without) == columns * rows * 3 > 0 for word in fill.words)
    plain = shared_client.fill(request_fill("a red zebra", side=96)).fills[0]
    assert plain.pixels == fill.pixels
    assert plain.words == ()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_after_a_fill_no_thread_spins(shared_client, request_fill):
    """OpenBLAS's did, for 50 ms after every enlarged fill."""

    def ticks() -> int:
        found = Path(f"/proc/{shared_client.status()['pid']}/stat").read_text().rsplit(")", 1)[1].split()
        return int(found[11]) + int(found[12])

    spent = 0
    for side in range(200, 320, 12):  # larger than the model: enlarged, each a context of its own
        shared_client.fill(request_fill(side=side))
        before = ticks()
        time.sleep(0.1)
        spent += ticks() - before
    assert spent <= 15, f"{spent} hundredths of a second after ten fills"


def test_ready_means_able_to_fill(real_client, request_fill):
    deadline = time.monotonic() + 120
    while real_client.status()["state"] == "starting" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert real_client.status()["state"] == "ready"
    kinds = []
    result = real_client.fill(
        request_fill(side=64), on_event=lambda event: kinds.append(event.data.get("stage"))
    )
    assert "loading" not in kinds
    assert result.seconds["total"] < 30.0


def test_serve_in_the_background_then_doctor(bundles):
    served = nigdt("serve")
    assert served.returncode == 0, served.stderr
    assert served.stdout.startswith("Ready")
    again = nigdt("serve").stdout
    assert again.startswith("Already running")
    assert "without a job" not in again
    looked = nigdt("doctor", "--json")
    assert looked.returncode == 0, looked.stdout
    findings = json.loads(looked.stdout)
    assert {"nigdt", "torch", "pyzmq", "bundle", "state folder", "settings", "daemon", "GIMP"} <= {
        finding["what"] for finding in findings
    }


def test_serve_says_that_a_daemon_started_by_a_client_will_end(at_shared_daemon):
    said = nigdt("serve").stdout
    assert "it ends after 3600 s without a job" in said
    assert "nigdt serve --stop" in said


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_serve_in_the_foreground_until_control_c(bundles, state, request_fill):
    command = [sys.executable, "-m", "nigdt", "serve", "--foreground"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 120
        while not (state / "connection.json").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert second.returncode == 1
        assert "already running" in second.stderr
        with Client.connect(start=False) as client:
            assert len(client.fill(request_fill("a red bird", side=64)).fills) == 1
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=90)
    finally:
        process.kill()
    assert process.returncode == 0
    assert "listening on tcp://127.0.0.1:" in errors
    assert errors.strip().endswith("stopped")


def test_the_largest_context_there_and_back(shared_client, request_fill):
    side = LIMITS.side_max_px
    fill = shared_client.fill(request_fill("a red bird", side=side)).fills[0]
    assert len(fill.pixels) == side * side * 3
