from __future__ import annotations

import json
import re
import signal
import statistics
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
import yaml
from click.testing import CliRunner
from nigdt_training.ablation import queue as queue_module
from nigdt_training.ablation.plan import load_plan
from nigdt_training.checkpoint import read_checkpoint, read_facts
from nigdt_training.commands.ablate import ablate
from nigdt_training.commands.train import train
from nigdt_training.comparison.stage import ComparisonTrainer
from nigdt_training.evaluation.measures import Measures
from nigdt_training.inpaint.stage import InpaintTrainer
from PIL import Image

from nigdt.bundle.bundle import verify_bundle
from nigdt.errors import NigdtError


@pytest.fixture
def plan_file(tmp_path, tiny_settings):
    config = tmp_path / "tiny.yaml"
    config.write_text(yaml.safe_dump({**tiny_settings, "steps": 50}))
    path = tmp_path / "fig5.yaml"
    plan = {
        "config": str(config),
        "steps": 2,
        "entries": {"full": [], "no-text": ["model.without=text"]},
        "comparisons": {"picnet-4": {"kind": "picnet", "width": 4, "set": ["batch=2"]}},
        "evaluate": {"objects": {"data": "photos", "mask": "object", "size": 64, "limit": 3,
                                 "measure": ["colour-swap", "fid=efficientnet-lite0"],
                                 "compare": ["harmonic"]}},
    }  # fmt: skip
    path.write_text(yaml.safe_dump(plan))
    return path


@pytest.fixture
def run_plan(plan_file, photo_folder, photo_caches, tmp_path, monkeypatch):
    monkeypatch.setenv("NIGDT_CACHE_DIR", str(photo_caches.parent))

    def run(*more):
        monkeypatch.chdir(tmp_path)
        arguments = [plan_file, "--data", photo_folder.parent, *more]
        return CliRunner().invoke(ablate, [str(one) for one in arguments], catch_exceptions=False)

    return run


def test_interrupted_queue_goes_on_and_ends_in_one_table(run_plan, plan_file, tmp_path, monkeypatch):
    step, calls = InpaintTrainer._one_step, []

    def step_then_ctrl_c(self):
        logs = step(self)
        calls.append(self.run.folder.name)
        if len(calls) == 3:  # the first of the second entry's two steps
            signal.raise_signal(signal.SIGINT)
        return logs

    monkeypatch.setattr(InpaintTrainer, "_one_step", step_then_ctrl_c)
    with pytest.raises(NigdtError, match="Interrupted at step 1"):
        run_plan()
    runs = tmp_path / "runs"
    out = runs / "fig5"
    assert not (out / "objects").exists()
    first = read_checkpoint(runs / "00001-fig5-full" / "last.safetensors").tensors
    done = run_plan()
    assert done.exit_code == 0
    assert "1/3 full: finished before" in done.output
    assert calls == ["00001-fig5-full"] * 2 + ["00002-fig5-no-text"] * 2
    again = read_checkpoint(runs / "00001-fig5-full" / "last.safetensors").tensors
    assert all((tensor == again[name]).all() for name, tensor in first.items())
    assert read_facts(runs / "00003-fig5-picnet-4" / "comparison.safetensors")["step"] == 2
    verify_bundle(runs / "00002-fig5-no-text" / "no-text")
    found = json.loads((out / "objects" / "results.json").read_text())
    assert [system["name"] for system in found["systems"]] == ["full", "no-text", "picnet-4", "harmonic"]
    assert found["trainings"]["no-text"]["settings"]["steps"] == 2
    table = (out / "objects" / "table.md").read_text()
    assert table.count("\n| ") == 5 + 4  # what the others differ by from the first, in a second table
    assert "FID*" in table
    assert (out / "objects" / "sheet.png").exists()
    before = len(calls)
    assert run_plan().exit_code == 0
    assert len(calls) == before
    plan = yaml.safe_load(plan_file.read_text())
    plan["entries"]["full"] = ["seed=5"]
    plan_file.write_text(yaml.safe_dump(plan))
    assert run_plan().exit_code == 0
    assert calls[before:] == ["00004-fig5-full"] * 2, "a changed entry is another training, the others stay"


def test_one_that_fails_does_not_stop_the_queue(run_plan, plan_file, tmp_path, monkeypatch):
    plan = yaml.safe_load(plan_file.read_text())
    (tmp_path / "holes").mkdir()
    hole = np.full((64, 64), 255, np.uint8)
    hole[:, :10] = 0
    Image.fromarray(hole).save(tmp_path / "holes" / "one.png")
    plan["evaluate"]["objects"] |= {"mask": str(tmp_path / "holes"), "black_holes": True}
    plan["evaluate"]["objects"]["measure"] = ["by-ratio"]  # features take long, and the other test has them
    plan_file.write_text(yaml.safe_dump(plan))
    step = ComparisonTrainer.one_step

    def not_finite(self, batch):
        return {name: value * float("nan") for name, value in step(self, batch).items()}

    monkeypatch.setattr(ComparisonTrainer, "one_step", not_finite)
    with pytest.raises(NigdtError, match=r"1 of 3 trainings failed \(picnet-4: The losses are not finite"):
        run_plan()
    out = tmp_path / "runs" / "fig5" / "objects"
    found = json.loads((out / "results.json").read_text())
    assert [system["name"] for system in found["systems"]] == ["full", "no-text", "harmonic"]
    assert (np.array(Image.open(out / "masks" / "00000.png")) == 255 - hole).all()
    assert re.search(r"\| PSNR +\| +1%-10% \(0\) \| +10%-20% \(3\) ", (out / "table.md").read_text())


def test_photos_to_measure_on_must_be_there_before_anything_runs(run_plan, plan_file, tmp_path):
    plan = yaml.safe_load(plan_file.read_text())
    plan["evaluate"]["objects"]["data"] = "nowhere"
    plan_file.write_text(yaml.safe_dump(plan))
    with pytest.raises(NigdtError, match=r"evaluate\.objects\.data.*nowhere"):
        run_plan()
    assert not (tmp_path / "runs").exists()


def test_a_dry_run_says_what_would_happen_and_leaves_nothing(run_plan, plan_file, tmp_path):
    said = run_plan("--dry-run", "--set", "steps=7", "--set", "batch=3").output
    assert "1/3 full: 7 steps of 3 pictures of 64 px." in said
    assert "3/3 picnet-4: 7 steps of 2 pictures of 64 px." in said, "what an entry sets itself stays"
    assert "In all 56 pictures" in said
    assert "Table objects: object holes, 3 photos at most." in said
    assert not (tmp_path / "runs").exists()
    with pytest.raises(NigdtError, match=r"--set: unknown key `loss\.mach`"):
        run_plan("--dry-run", "--set", "loss.mach=1")


def test_a_folder_may_be_called_as_a_plan_that_ships(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "coco").mkdir()
    with pytest.raises(NigdtError, match=r"there is no coco.coco"):  # FOLDER/coco, which that plan reads
        CliRunner().invoke(ablate, ["coco", "--data", "coco"], catch_exceptions=False)
    (tmp_path / "small").mkdir()
    arguments = ["--config", "small", "--data", "small", "--dry-run"]
    with pytest.raises(NigdtError, match=r"small.photos"):
        CliRunner().invoke(train, arguments, catch_exceptions=False)


def test_a_dry_run_tells_which_pretrained_weights_are_not_there(run_plan, monkeypatch):
    def nowhere(backbone, size):
        raise NigdtError(f"No weights of {backbone} at {size} px.")

    monkeypatch.setattr(queue_module, "load_backbone", nowhere)
    assert run_plan("--dry-run").exit_code == 0, "nothing here reads match networks"
    with pytest.raises(NigdtError, match="No weights of inception-v3 at 299 px"):
        run_plan("--dry-run", "--set", "loss.match=1", "--set", "match={backbone: inception-v3, size: 299}")


def test_masks_of_a_plan_must_be_there_before_anything_runs(plan_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plan = yaml.safe_load(plan_file.read_text())
    plan["evaluate"] = {"own": {"data": "photos", "mask": "holes", "measure": ["lpips", "clip=a/model"]}}
    plan_file.write_text(yaml.safe_dump(plan))
    with pytest.raises(NigdtError, match="there is no holes"):
        load_plan(plan_file)
    (tmp_path / "holes").mkdir()
    (measurement,) = load_plan(plan_file).measurements
    assert measurement.request.cases.mask == "holes"
    assert measurement.request.measures == Measures(lpips=True, clip="a/model")


def test_nothing_finished_is_said(run_plan):
    assert "Nothing is finished" in run_plan("--evaluate-only").output


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"entires": {}}, "entires"),
        ({"start_from": "nowhere.safetensors"}, "nowhere"),
        ({"entries": {"full": ["loss.mach=0"]}}, r"loss\.mach"),
        ({"entries": {"full": ["model.use_txt=false"]}}, "use_txt"),
        ({"entries": {"a/b": []}}, "a/b"),
        ({"entries": {"picnet-4": []}}, "picnet-4"),
        ({"comparisons": {"gan": {}}}, "gan"),
        ({"evaluate": {"x": {"data": "photos", "mask": "round"}}}, "there is no round"),
        (
            {"evaluate": {"x": {"data": "photos", "limit": 0}}},
            r"`evaluate.x.limit` must be a whole number from 1 up, not 0",
        ),
        (
            {"evaluate": {"x": {"data": "photos", "size": "big"}}},
            "`evaluate.x.size` must be a whole number from 64 to 1024",
        ),
        ({"evaluate": {"x": {"data": "photos", "split": "trian"}}}, "trian"),
        ({"evaluate": {"x": {"data": "photos", "held_out": 3}}}, "held_out"),
        ({"evaluate": {"x": {"data": "photos", "measure": ["colour-swop"]}}}, "no measure 'colour-swop'"),
        ({"evaluate": {"x": {"data": "photos", "measure": ["lpips=alex"]}}}, "no measure 'lpips=alex'"),
        ({"evaluate": {"x": {"data": "photos", "measure": ["fid=vgg"]}}}, "Networks: inception-v3"),
        ({"evaluate": {"x": {"data": "photos", "compare": ["harmonic", "telia"]}}}, "no telia"),
        ({"evaluate": {"x": {"data": "photos", "evaluator": "none.safetensors"}}}, "evaluator"),
        ({"evaluators": {"evaluator": ["seed=3", "match.size=1"]}}, r"match\.size"),
        ({"seeds": [1, 1]}, "`seeds` must be different numbers, at least two"),
        ({"seeds": [1]}, "`seeds` must be different numbers, at least two"),
        ({"seeds": [1, -2]}, "seeds"),
        ({"seeds": [1, 2], "entries": {"full": ["seed=3"]}}, "a seed of its own beside `seeds`"),
        (
            {"set": ["loss.match=0.1"], "evaluators": {"evaluator": []}},
            "the evaluator evaluator would be the match networks that train full",
        ),
    ],
)
def test_wrong_plan_is_one_line_before_anything_runs(plan_file, change, named):
    plan_file.write_text(yaml.safe_dump({**yaml.safe_load(plan_file.read_text()), **change}))
    with pytest.raises(NigdtError, match=named) as caught:
        load_plan(plan_file)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["ablation", "cub", "coco"])
def test_shipped_plans_hold_fig_5_and_both_comparison_systems(pytestconfig, monkeypatch, name):
    monkeypatch.chdir(pytestconfig.rootpath)
    plan = load_plan(name)
    assert len({entry.settings.steps for entry in plan.entries}) == 1
    entries = {entry.name: entry for entry in plan.entries}
    full = entries["full"].settings
    assert full.loss.match > 0
    config = full.model_config
    assert (config.use_text, config.dual_attention, config.max_pool) == (True, True, True)
    assert not entries["no-text"].settings.model_config.use_text
    assert not entries["no-max-pool"].settings.model_config.max_pool
    assert not entries["sentence-only"].settings.model_config.dual_attention
    assert entries["no-match"].settings.loss.match == 0
    assert {entry.comparison for entry in plan.entries} == {None, "picnet", "csa"}
    if name == "cub":
        authors = entries["authors"].settings
        assert authors.model_config.network == "published"
        assert authors.frozen_text
    if name != "ablation":
        (evaluator,) = (entry for entry in plan.entries if entry.evaluator)
        assert (evaluator.settings.seed, evaluator.settings.match.backbone) != (
            full.seed,
            full.match.backbone,
        )
        assert {measurement.evaluator for measurement in plan.measurements} == {evaluator.name}
        assert {source.split for source in full.data} == {"train"}, "what is measured on is never learnt"


def test_a_training_recorded_with_keys_of_an_earlier_version_is_the_same(plan_file):
    plan = load_plan(plan_file)
    entry = next(one for one in plan.entries if one.name == "no-text")
    now = json.loads(json.dumps(entry.identity()))
    old = json.loads(json.dumps(now))
    old["settings"]["model"] |= {"use_text": old["settings"]["model"].pop("without") != "text"}
    old["settings"] |= {"frozen_text": False, "centre_squares": False, "around_object": False}
    old["settings"]["loss"] |= {"fakes": "both", "discriminator": "paper"}
    del old["settings"]["loss"]["kind"], old["settings"]["squares"]
    assert old != now
    assert queue_module._comparable(old) == queue_module._comparable(now)
    old["settings"]["steps"] += 1
    assert queue_module._comparable(old) != queue_module._comparable(now)


def test_match_networks_are_trained_once_for_all_entries(run_plan, plan_file, tmp_path):
    plan = yaml.safe_load(plan_file.read_text())
    plan["comparisons"] = {}
    plan["evaluate"] = {}
    match = "match={epochs: 1, size: 64}"
    plan["set"] = [match, "loss.match=0.1"]
    plan["entries"] = {"full": [], "no-max-pool": ["model.without=max-pool"], "other-seed": ["seed=3"]}
    plan_file.write_text(yaml.safe_dump(plan))
    said = run_plan().output
    assert said.count("match epoch 1/1") == 2
    assert said.count("match networks of full") == 1
    runs = tmp_path / "runs"
    assert not (runs / "00002-fig5-no-max-pool" / "match.safetensors").exists()
    assert (runs / "00003-fig5-other-seed" / "match.safetensors").exists()


def test_an_evaluator_of_the_plan_is_trained_once_and_measures_all(run_plan, plan_file, tmp_path):
    plan = yaml.safe_load(plan_file.read_text())
    match = "match={epochs: 1, size: 64}"
    plan |= {"set": [match], "comparisons": {}, "entries": {"full": ["loss.match=0.1"]}}
    plan["evaluators"] = {"evaluator": ["seed=21"]}
    plan["evaluate"] = {"one": {"data": "photos", "size": 64, "limit": 2, "evaluator": "evaluator"}}
    plan_file.write_text(yaml.safe_dump(plan))
    said = run_plan().output
    assert said.count("match epoch 1/1") == 2
    runs = tmp_path / "runs"
    assert not list((runs / "00002-fig5-evaluator").glob("last*")), "it is no inpainting model"
    found = json.loads((runs / "fig5" / "one" / "results.json").read_text())
    assert found["evaluator"] == str(Path("runs", "00002-fig5-evaluator", "match.safetensors"))
    assert [system["name"] for system in found["systems"]] == ["full", "original"]
    assert all(system["figures"]["percentile"] is not None for system in found["systems"])
    said = run_plan().output
    assert "2/2 evaluator: finished before" in said
    assert "match epoch" not in said


def test_a_plan_with_seeds_trains_each_entry_for_each_and_tables_their_spread(run_plan, plan_file, tmp_path):
    plan = yaml.safe_load(plan_file.read_text())
    plan["seeds"] = [0, 5, 9]
    plan["evaluate"] = {
        "one": {"data": "photos", "size": 64, "limit": 3, "mask": "object", "compare": ["harmonic"]}
    }
    plan_file.write_text(yaml.safe_dump(plan))
    done = run_plan()
    assert done.exit_code == 0
    assert "9/9 picnet-4-seed-9" in done.output
    runs = tmp_path / "runs"
    found = json.loads((runs / "fig5" / "one" / "results.json").read_text())
    per_training = {system["name"]: system["figures"] for system in found["systems"]}
    assert list(per_training)[:3] == ["full-seed-0", "no-text-seed-0", "picnet-4-seed-0"]
    assert found["trainings"]["no-text-seed-5"]["settings"]["seed"] == 5
    l1 = [per_training[f"full-seed-{seed}"]["l1"] for seed in (0, 5, 9)]
    assert len(set(l1)) == 3, "each seed is a training of its own"
    of_seeds = (runs / "fig5" / "one" / "table.md").read_text().rpartition("| system")[2]
    rows = {
        row.split("|")[1].strip(): row.split("|")[2].strip() for row in of_seeds.splitlines() if "|" in row
    }
    assert rows["full"] == f"{statistics.mean(l1):.2f} \u00b1 {statistics.stdev(l1):.2f}"
    harmonic = per_training["harmonic"]["l1"]
    assert rows["harmonic"] == f"{harmonic:.2f}"
    apart = [harmonic - one for one in l1]
    p = scipy.stats.ttest_1samp(apart, 0).pvalue
    error = statistics.stdev(apart) / 3**0.5
    assert rows["harmonic minus full"] == f"{statistics.mean(apart):+.2f} \u00b1 {error:.2f}, p {p:.2g}"
    assert "over 3 trainings" in of_seeds
    assert "9/9 picnet-4-seed-9: finished before" in run_plan().output


def test_seeds_that_not_all_entries_have_finished_stay_out_of_the_spread(
    run_plan, plan_file, tmp_path, monkeypatch
):
    plan = yaml.safe_load(plan_file.read_text())
    plan |= {"seeds": [0, 5, 9], "comparisons": {}}
    plan["evaluate"] = {"one": {"data": "photos", "size": 64, "limit": 2}}
    plan_file.write_text(yaml.safe_dump(plan))
    step = InpaintTrainer._one_step

    def fails(self):
        if "no-text-seed-9" in self.run.folder.name:
            raise NigdtError("Out of luck.")
        return step(self)

    monkeypatch.setattr(InpaintTrainer, "_one_step", fails)
    with pytest.raises(NigdtError, match=r"1 of 6 trainings failed \(no-text-seed-9: Out of luck"):
        run_plan()
    table = (tmp_path / "runs" / "fig5" / "one" / "table.md").read_text()
    assert "over 2 trainings" in table
    assert "full-seed-9" in table
