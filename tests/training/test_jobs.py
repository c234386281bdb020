"""`nigdt bench jobs`: jobs read, done, measured, laid out to be judged."""

from __future__ import annotations

import base64
import importlib.util
import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from nigdt_training.commands.bench_jobs import jobs
from nigdt_training.data.errors import DataError
from nigdt_training.evaluation.jobs import baselines, read_jobs, results_in
from nigdt_training.evaluation.jobs_figures import boxed, figures_of, met, spilled
from nigdt_training.evaluation.jobs_page import blind_page
from PIL import Image

SIDE = 120
ROOT = Path(__file__).resolve().parents[2]


def put_job(folder: Path, name: str, kind: str = "remove", caption: str = "") -> None:
    pixels = np.random.default_rng(len(name)).integers(60, 200, (SIDE, SIDE, 3)).astype(np.uint8)
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[40:70, 45:80] = 255
    pixels[mask > 0] = [250, 10, 10]
    Image.fromarray(pixels).save(folder / f"{name}.png")
    Image.fromarray(mask).save(folder / f"{name}-mask.png")
    (folder / f"{name}.json").write_text(json.dumps({"kind": kind, "caption": caption}))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "jobs"
    folder.mkdir()
    for name in ("ball", "other"):
        put_job(folder, name)
    return folder


def test_jobs_are_done_measured_and_laid_out(folder: Path, tmp_path: Path) -> None:
    rival = tmp_path / "rival"
    rival.mkdir()
    Image.fromarray(np.full((SIDE, SIDE, 3), 99, np.uint8)).save(rival / "ball.png")
    out = tmp_path / "out"
    done = CliRunner().invoke(jobs, [str(folder), "--against", f"rival={rival}", "--out", str(out)])
    assert done.exit_code == 0, done.output
    report = json.loads((out / "figures.json").read_text())
    assert set(report["figures"]) == {"nigdt", "rival", "harmonic", "telea"}
    assert set(report["figures"]["rival"]) == {"ball"}
    assert 0.5 < report["figures"]["nigdt"]["ball"]["energy"] < 1.6
    assert report["bars"]["remove"]["energy"] == [2, 2]
    assert report["figures"]["harmonic"]["ball"]["further"] == 0
    assert report["figures"]["telea"]["ball"]["energy"] < 0.4
    with Image.open(out / "nigdt" / "ball.png") as picture:
        filled = np.array(picture)
    work = read_jobs(folder)[0]
    changed = (filled != work.photo.rgb8).any(2)
    assert changed[work.selection > 0].mean() > 0.9
    assert not changed[:30].any()
    with Image.open(out / "sheet.png") as sheet:
        assert sheet.width > 5 * 100


def test_the_blind_page_names_nobody_and_knows_the_key(folder: Path) -> None:
    work = read_jobs(folder)
    results = {
        name: {job.name: np.full((SIDE, SIDE, 3), value, np.uint8) for job in work}
        for name, value in (("secretive", 10), ("modest", 240))
    }
    page = blind_page(work, results, seed=1)
    assert page == blind_page(work, results, seed=1)
    assert "secretive" not in page
    assert "modest" not in page
    found = re.search(r'<script type="application/json" id="jobs">(.*?)</script>', page, re.S)
    assert found
    content = json.loads(found[1])
    key = json.loads(base64.b64decode(content["key"]))
    assert {item["id"] for item in content["items"]} == set(key)
    for item in content["items"]:
        assert set(item["answers"]) == set(key[item["id"]]) == {"A", "B"}
        assert set(key[item["id"]].values()) == {"secretive", "modest"}


def test_a_caption_cannot_end_the_script(folder: Path) -> None:
    put_job(folder, "evil", "describe", "</script><b>")
    assert "</script><b>" not in blind_page(read_jobs(folder), {})


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "ball.json").write_text("{}"), "does not describe"),
        (lambda folder: (folder / "ball.json").write_text('{"kind": "bake"}'), "bake"),
        (lambda folder: (folder / "ball-mask.png").unlink(), "lacks"),
        (lambda folder: Image.new("L", (9, 9), 255).save(folder / "ball-mask.png"), "photo's size"),
        (lambda folder: [file.unlink() for file in folder.glob("*.json")], "no jobs"),
    ],
)
def test_broken_jobs_are_refused(folder: Path, spoil: object, message: str) -> None:
    spoil(folder)  # type: ignore[operator]
    with pytest.raises(DataError, match=message):
        read_jobs(folder)


def test_results_of_another_size_are_refused(folder: Path, tmp_path: Path) -> None:
    rival = tmp_path / "rival"
    rival.mkdir()
    work = read_jobs(folder)
    with pytest.raises(DataError, match="no result"):
        results_in(rival, work)
    Image.new("RGB", (9, 9)).save(rival / "ball.png")
    with pytest.raises(DataError, match="Do not scale"):
        results_in(rival, work)


def test_the_untouched_photo_has_the_things_own_figures(folder: Path) -> None:
    job = read_jobs(folder)[0]
    found = figures_of(job, job.photo.rgb8)
    assert found["colour"] > 20
    assert found["energy"] < 0.2
    assert not met("remove", found)["colour"]


def test_a_recolouring_is_measured_by_colour_detail_and_what_spills(folder: Path) -> None:
    put_job(folder, "parrot", "recolour", "a blue parrot")
    job = next(job for job in read_jobs(folder) if job.name == "parrot")
    job.selection[40:55, 45:60] = 0  # so that its box holds something beside it
    tinted = baselines("recolour")["tint"](job)
    assert (tinted == job.photo.rgb8)[job.selection == 0].all()
    assert figures_of(job, tinted)["asked"] == 1
    assert figures_of(job, job.photo.rgb8)["asked"] == 0
    assert spilled(job, tinted) == 0
    spread = baselines("recolour")["tint"](boxed(job))
    assert spilled(job, spread) > 3
    assert met("recolour", {"asked": 1.0, "spilled": spilled(job, spread)}) == {
        "asked": True,
        "spilled": False,
    }


def test_the_command_refuses_unclear_requests(folder: Path) -> None:
    for arguments, message in ((["--against", "x"], "NAME=FOLDER"), (["--kind", "recolour"], "no job")):
        done = CliRunner().invoke(jobs, [str(folder), *arguments])
        assert done.exit_code != 0
        assert message in done.output + str(done.exception)


def test_the_jobs_of_the_documentation_can_be_done(tmp_path: Path) -> None:
    specification = importlib.util.spec_from_file_location("quality_jobs", ROOT / "docs" / "quality_jobs.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    module.write(tmp_path)
    work = read_jobs(tmp_path)
    assert {job.name for job in work} == set(module.JOBS)
    assert {job.kind for job in work} == {"remove", "recolour", "describe"}
    page = (ROOT / "docs" / "quality.md").read_text(encoding="utf-8")
    for kind, caption, _, _ in module.JOBS.values():
        assert f"*{kind.capitalize()}*" in page
        assert caption in page
