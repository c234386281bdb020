"""Trackers beside TensorBoard, offline: what is logged arrives, and a resumed run goes on as the same run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from nigdt_training.run import Run
from nigdt_training.settings import settings_from

from nigdt.errors import NigdtError

pytest.importorskip("pytorch_lightning")

# In a process of its own: what wandb and MLflow warn of while they are imported is theirs.
SCRIPT = """
import sys
from pathlib import Path
from nigdt_training.run import Run
run = Run.open(Path(sys.argv[1]))
run.track(["wandb", "mlflow"])
run.log(int(sys.argv[2]), "inpaint", l1=0.5, psnr=20.0)
run.close()
"""


@pytest.mark.slow  # both packages take half a minute to import, twice
def test_what_is_logged_reaches_both_trackers(tmp_path: Path, tiny_settings) -> None:
    run = Run.create(tmp_path / "runs", "tracked", settings_from(tiny_settings))
    store = tmp_path / "mlruns"
    environment = {"WANDB_MODE": "offline", "WANDB_SILENT": "true", "MLFLOW_TRACKING_URI": store.as_uri()}
    environment |= {"HOME": str(tmp_path)}
    for step in (50, 100):
        command = [sys.executable, "-c", SCRIPT, str(run.folder), str(step)]
        done = subprocess.run(
            command, env={**os.environ, **environment}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    assert [row["step"] for row in run.logged()] == [50, 100]
    metrics = [path for path in store.rglob("l1") if path.parent.name == "inpaint"]
    assert len(metrics) == 1, "one MLflow run, gone on with"
    lines = [line.split() for line in metrics[0].read_text().splitlines()]
    assert [(float(value), int(step)) for _, value, step in lines] == [(0.5, 50), (0.5, 100)]
    assert len({path.name.split("-")[-1] for path in run.folder.rglob("run-*.wandb")}) == 1
    assert any(store.rglob("batch")), "the settings are kept with the run"


def test_a_missing_package_is_one_line(tmp_path: Path, tiny_settings, monkeypatch) -> None:
    run = Run.create(tmp_path / "runs", "tracked", settings_from(tiny_settings))
    monkeypatch.setitem(sys.modules, "pytorch_lightning.loggers", None)
    with pytest.raises(NigdtError, match="packages for wandb are missing"):
        run.track(["wandb"])
