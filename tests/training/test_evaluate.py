"""`nigdt evaluate`: the systems it measures, its table, its sheets and its figures."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from nigdt_training.commands.data import data as data_command
from nigdt_training.commands.evaluate import evaluate as evaluate_command
from nigdt_training.commands.train import train as train_command
from nigdt_training.data.data_set import read_records
from nigdt_training.data.recolour import COLOURS
from nigdt_training.evaluation import metrics
from nigdt_training.evaluation.cases import Case, CaseSettings, draw_cases
from nigdt_training.evaluation.measures import Measures
from nigdt_training.evaluation.report import sheet, table
from nigdt_training.evaluation.retrieval import NetworkScorer
from nigdt_training.evaluation.run import Options, evaluate
from nigdt_training.evaluation.session import EvaluationRequest, evaluate_systems
from nigdt_training.evaluation.systems import Bundle, Request, open_system
from PIL import Image

from nigdt.bundle.writing import save_bundle
from nigdt.config import ModelConfig
from nigdt.errors import BundleError, NigdtError
from nigdt.inpainter import CompletionJob
from nigdt.model import NIGDT
from nigdt.text import Vocabulary
from tests.tiny import TINY_MODEL
from tests.training.birds import draw_bird, write_birds


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_birds(tmp_path_factory.mktemp("photos"))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    config = ModelConfig.from_dict(TINY_MODEL)
    vocabulary = Vocabulary(["a", "bird", "is", *COLOURS])
    folder = tmp_path_factory.mktemp("bundles") / "untrained"
    save_bundle(folder, NIGDT(config, len(vocabulary)), vocabulary, title="Untrained")
    return folder


def test_r_precision_by_match_networks(photos: Path, bundle: Path, tmp_path: Path) -> None:
    from nigdt_training.checkpoint import read_checkpoint, write_checkpoint
    from nigdt_training.match.stage import build_match_network, save_match_network
    from nigdt_training.settings import MatchSettings

    torch.manual_seed(0)
    vocabulary = Vocabulary(["a", "black", "bird", "number", "is", *map(str, range(6))])
    settings = MatchSettings(size=64)
    network = build_match_network(settings, len(vocabulary)).eval()
    save_match_network(tmp_path / "match.safetensors", network, settings, vocabulary)
    saved = read_checkpoint(tmp_path / "match.safetensors")
    earlier = saved.facts | {
        "settings": saved.facts["settings"] | {"undivided": False}
    }  # a key there once was
    write_checkpoint(tmp_path / "earlier.safetensors", {"match": saved.part("match")}, earlier)
    scorer = NetworkScorer(tmp_path / "earlier.safetensors")
    pictures = np.stack([np.asarray(draw_bird(n).resize((64, 64))) for n in range(2)])
    pictures.flags.writeable = False  # as a decoded photo's pixels are
    together = scorer(pictures, ["a black bird number 1", "bird 2 is black", "unknown words"])
    assert together.shape == (2, 3)
    np.testing.assert_allclose(scorer(pictures[1:], ["bird 2 is black"])[0, 0], together[1, 1], rtol=1e-4)
    arguments = [str(bundle), "--data", str(photos), "--set", "size=64", "--json"]
    arguments += [
        "--evaluator",
        str(tmp_path / "match.safetensors"),
        "--compare",
        "harmonic",
        "--measure",
        "fid=efficientnet-lite0",
    ]
    result = CliRunner().invoke(evaluate_command, arguments, catch_exceptions=False)
    *systems, original = json.loads(result.stdout)["systems"]
    assert (len(systems), original["name"], original["figures"]["l1"]) == (2, "original", 0)
    for system in (*systems, original):
        assert 0 <= system["figures"]["r_precision"] <= 1
        assert 0 <= system["figures"]["percentile"] <= 1
    for system in systems:
        assert system["figures"]["fid_lite0"] > 0
        assert system["figures"]["kid_lite0"] is not None
    out = tmp_path / "out"
    CliRunner().invoke(evaluate_command, [*arguments[:-2], "--out", str(out)], catch_exceptions=False)
    assert "| original " in (out / "table.md").read_text()
    with Image.open(out / "sheet.png") as drawn:
        assert drawn.width // 132 == 4, "the original stands there once, beside hole and the two systems"


def test_what_cannot_be_measured_is_told(photos: Path) -> None:
    request = EvaluationRequest(
        ("harmonic",),
        photos,
        CaseSettings(size=64, limit=1),
        measures=Measures.named(["colour-swap", "fid=efficientnet-lite0"]),
    )
    evaluation = evaluate_systems(request)
    assert "No FID and KID: distances between sets need at least two photos." in evaluation.table
    assert "No colour-swap accuracy" in evaluation.table
    assert len(evaluation.found["not_measured"]) == 2
    whole = evaluate_systems(EvaluationRequest(("harmonic",), photos, CaseSettings(size=64, limit=2)))
    assert whole.found["not_measured"] == []


def test_bundle_does_not_see_hidden_pixels_and_keeps_the_others(photos: Path, bundle: Path) -> None:
    case = draw_cases(read_records(photos), CaseSettings(size=96, limit=1))[0]
    changed = case.photo.copy()
    changed[case.hole] = 0
    other = Case(case.name, changed, case.hole, case.caption, case.captions, None)
    system = Bundle(str(bundle), "cpu")
    first, second = (system.fill([Request(c, c.caption)], samples=2)[0] for c in (case, other))
    for one, two in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, np.where(case.hole[..., None], two, case.photo))
    assert (first[0] != first[1]).any()


def test_the_model_is_measured_at_its_own_size_and_without_the_texture_of_its_surroundings(
    photos: Path, bundle: Path
) -> None:
    request = EvaluationRequest(("harmonic", str(bundle)), photos, CaseSettings(limit=1), device="cpu")
    evaluation = evaluate_systems(request)
    assert evaluation.found["settings"]["size"] == 64
    assert evaluation.cases[0].photo.shape == (64, 64, 3)
    assert evaluation.table.startswith("Pictures of 64 px.")

    case = draw_cases(read_records(photos), CaseSettings(size=192, limit=1))[0]
    request = [Request(case, case.caption)]
    plain, textured = (Bundle(str(bundle), "cpu", texture=texture) for texture in (False, True))
    found, seen = plain.fill(request)[0][0], textured.fill(request)[0][0]
    context = plain.inpainter.encode(
        np.where(case.hole[..., None], np.uint8(128), case.photo), case.hole.astype(np.uint8) * 255
    )
    (picture,) = plain.inpainter.shown(CompletionJob(context, case.caption))
    assert picture.shape == (64, 64, 3)
    smooth = cv2.resize(picture, (192, 192), interpolation=cv2.INTER_CUBIC)
    np.testing.assert_array_equal(
        found[case.hole], np.clip(np.rint(smooth), 0, 255).astype(np.uint8)[case.hole]
    )
    assert metrics.gradient_in_hole(seen, case.hole) > metrics.gradient_in_hole(found, case.hole)


def test_what_is_drawn_can_be_measured_before_the_surroundings_that_users_see(photos: Path) -> None:
    bird = next(case for case in draw_cases(read_records(photos), CaseSettings("object", 96, 4)))
    request = [Request(bird, "a red bird")]
    smooth, seen = (
        Bundle("nigdt-small", "cpu", surroundings=seen).fill(request)[0][0] for seen in (False, True)
    )
    outline = Bundle("nigdt-small", "cpu").drawn_at(request[0])
    assert outline is not None
    behind = bird.hole & (outline < 0.01)
    assert (smooth != seen)[behind].any()
    inside = bird.hole & (outline > 0.99)
    assert np.abs(smooth[inside].astype(int) - seen[inside]).mean() < 4


def test_table_and_sheet_hold_every_system(photos: Path, bundle: Path) -> None:
    cases = draw_cases(read_records(photos), CaseSettings(size=64))
    results = [evaluate(open_system(name), cases, Options(samples=2)) for name in (str(bundle), "harmonic")]
    text = table(results, 2)
    lines = text.splitlines()
    titles = [cell.strip() for cell in lines[0].split("|")[1:-1]]
    hole = ["PSNR hole", "SSIM hole"]
    assert titles[:8] == ["system", "l1", "PSNR", "TV", "SSIM", *hole, "gradient"]
    assert lines[2].startswith("| untrained ")
    assert lines[3].startswith("| harmonic ")
    assert len({len(line) for line in lines[:4]}) == 1
    assert results[0].figures["best_psnr"] >= results[0].figures["psnr"]
    assert results[0].figures["diversity"] > 0
    assert "diversity" not in results[1].figures
    picture = sheet(cases, results)
    assert picture.width > 4 * 128
    assert picture.height > 6 * 128


def test_command_writes_table_figures_and_sheets(photos: Path, bundle: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = [str(bundle), "--data", str(photos), "--set", "mask=object", "--set", "size=64"]
    arguments += ["--set", "limit=3"]
    arguments += ["--compare", "harmonic,telea,ns", "--measure", "colour-swap", "--out", str(out)]
    result = CliRunner().invoke(evaluate_command, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    names = {path.name for path in out.iterdir()}
    assert names == {"table.md", "results.json", "sheet.png", "swaps-untrained.png", "masks", "masks.txt"}
    found = json.loads((out / "results.json").read_text())
    assert [system["name"] for system in found["systems"]] == ["untrained", "harmonic", "telea", "ns"]
    assert len(found["photos"]) == 3
    assert len(found["systems"][0]["per_case"]["psnr"]) == 3
    assert found["systems"][0]["colour_swap"]["photos"] == 3
    assert found["systems"][1]["colour_swap"] is None


def test_bundles_and_comparison_systems_share_one_table(
    photos: Path, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGDT_CACHE_DIR", str(tmp_path / "caches"))
    config = tmp_path / "config.json"
    source = {"path": photos.name}
    config.write_text(json.dumps({"data": [source], "preset": "small", "size": 64, "batch": 2}))
    monkeypatch.chdir(tmp_path)
    for kind in ("picnet", "csa"):
        arguments = [kind, "--config", config, "--data", photos.parent, "--width", 4, "--set", "steps=1"]
        done = CliRunner().invoke(train_command, ["comparison", *map(str, arguments)], catch_exceptions=False)
        assert done.exit_code == 0
    runs = tmp_path / "runs"
    compare = f"no-text={bundle},{runs}/00001-picnet,{runs}/00002-csa/comparison.safetensors,harmonic"
    out = tmp_path / "out"
    arguments = [bundle, "--data", photos, "--compare", compare, "--set", "mask=object", "--set", "size=64"]
    arguments += ["--measure", "colour-swap", "--set", "limit=2", "--out", out]
    done = CliRunner().invoke(evaluate_command, [str(one) for one in arguments], catch_exceptions=False)
    assert done.exit_code == 0
    systems = json.loads((out / "results.json").read_text())["systems"]
    assert [s["name"] for s in systems] == ["untrained", "no-text", "picnet", "csa", "harmonic"]
    assert [s["colour_swap"] is not None for s in systems] == [True, True, False, False, False]
    assert systems[0]["figures"] == systems[1]["figures"]
    with Image.open(out / "sheet.png") as picture:
        assert picture.width > 7 * 128


def test_systems_of_one_name_and_unexported_runs_are_refused(
    photos: Path, bundle: Path, tmp_path: Path
) -> None:
    arguments = [str(bundle), "--data", str(photos), "--compare", f"{bundle}/../{bundle.name}"]
    with pytest.raises(NigdtError, match="called untrained"):
        CliRunner().invoke(evaluate_command, arguments, catch_exceptions=False)
    (tmp_path / "settings.yaml").touch()
    with pytest.raises(NigdtError, match="nigdt export"):
        open_system(str(tmp_path))
    for label in ("", "a/b"):
        with pytest.raises(NigdtError, match="cannot be a system's name"):
            open_system(f"{label}=harmonic")


def test_json_is_repeatable(photos: Path, bundle: Path) -> None:
    arguments = [
        str(bundle),
        "--data",
        str(photos),
        "--set",
        "size=64",
        "--set",
        "samples=2",
        "--json",
    ]
    first, second = (
        CliRunner().invoke(evaluate_command, arguments, catch_exceptions=False) for _ in range(2)
    )
    found = [json.loads(result.stdout) for result in (first, second)]
    for one in found:
        one.pop("seconds")
    assert found[0] == found[1]
    assert set(found[0]["systems"][0]["figures"]) >= {"l1", "psnr", "tv", "ssim", "gradient_ratio", "best_l1"}


def test_unknown_system_names_the_baselines(photos: Path) -> None:
    with pytest.raises(BundleError, match="harmonic"):
        open_system("no-such-bundle")
    with pytest.raises(NigdtError, match="no captioned photos"):
        CliRunner().invoke(
            evaluate_command, ["telea", "--data", str(photos), "--set", "split=test"], catch_exceptions=False
        )


def test_data_check_command(photos: Path, bundle: Path) -> None:
    runner = CliRunner()
    plain = runner.invoke(
        data_command, ["check", str(photos), "--bundle", str(bundle)], catch_exceptions=False
    )
    assert plain.exit_code == 0
    assert "6 photos with 12 captions" in plain.output
    assert "number (6)" in plain.output
    told = runner.invoke(data_command, ["check", str(photos), "--bundle", str(bundle), "--json"])
    found = json.loads(told.stdout)
    assert found["usable"] == 6
    assert found["unknown_words"]["number"] == 6


def test_an_out_that_takes_no_files_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    arguments = [
        "no such system",
        "--data",
        str(tmp_path / "nowhere"),
        "--out",
        str(tmp_path / "file" / "out"),
    ]
    with pytest.raises(NigdtError, match=r"out cannot be written: Not a directory"):
        CliRunner().invoke(evaluate_command, arguments, catch_exceptions=False)
