"""Experiment trackers beside TensorBoard: Weights & Biases and MLflow, through Fabric's loggers."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from lightning_fabric.loggers import Logger

from nigdt.errors import NigdtError
from nigdt.files import write_atomically

Tracker = Literal["wandb", "mlflow"]
_PROJECT = "nigdt"
_MLFLOW_RUN = "mlflow-run.txt"


def open_trackers(names: Sequence[str], folder: Path, settings: dict[str, Any]) -> list[Logger]:
    """Open trackers for a run; opened again for the same folder, they go on with the same run.

    Where they send what is logged is their own environment variables' to say: `WANDB_MODE=offline` keeps
    it in the run folder, `MLFLOW_TRACKING_URI` names a server, without which MLflow writes into `mlruns`.

    Args:
        names: Of `Tracker`.
        folder: The run folder; its name is what the run is called.
        settings: Plain values to keep with the run.

    Raises:
        NigdtError: A package is missing, or a tracker cannot be opened.
    """
    opened = []
    for name in names:
        try:
            logger = _wandb(folder) if name == "wandb" else _mlflow(folder)
            logger.log_hyperparams(settings)
        except ImportError:
            raise NigdtError(
                f"The packages for {name} are missing.", "pip install 'nigdt[tracking]'"
            ) from None
        except Exception as error:  # each tracker raises errors of its own
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise NigdtError(f"{name} cannot be opened: {reason.rstrip('.')}.") from error
        opened.append(logger)
    return opened


def close_trackers(loggers: Sequence[Logger], status: str = "success") -> None:
    """Send or write what is left, and end the runs."""
    for logger in loggers:
        logger.finalize(status)
        finish = getattr(getattr(logger, "experiment", None), "finish", None)  # W&B's run; MLflow's has none
        if finish is not None:
            finish()


def _wandb(folder: Path) -> Logger:
    from pytorch_lightning.loggers import WandbLogger

    identity = hashlib.sha256(os.fsencode(folder.absolute())).hexdigest()[:16]
    return WandbLogger(project=_PROJECT, name=folder.name, id=identity, save_dir=str(folder), resume="allow")


def _mlflow(folder: Path) -> Logger:
    # MLflow 3 refuses folders of files, which are what there is without a server, unless told otherwise.
    os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
    from pytorch_lightning.loggers import MLFlowLogger

    path = folder / _MLFLOW_RUN
    known = path.read_text(encoding="utf-8").strip() if path.exists() else None
    logger = MLFlowLogger(
        _PROJECT, run_name=folder.name, tracking_uri=os.environ.get("MLFLOW_TRACKING_URI"), run_id=known
    )
    write_atomically(path, f"{logger.run_id}\n".encode())
    return logger
