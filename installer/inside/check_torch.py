"""Import torch and torchvision, run a compiled operator; run with the environment's own Python."""

from __future__ import annotations

import torch
import torchvision

boxes = torch.tensor([[0.0, 0.0, 2.0, 2.0], [0.0, 0.0, 2.0, 2.1], [4.0, 4.0, 5.0, 5.0]])
kept = torchvision.ops.nms(boxes, torch.tensor([0.9, 0.8, 0.7]), 0.5)
if kept.tolist() != [0, 2]:
    raise SystemExit(f"torchvision computed {kept.tolist()}")
device = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
print(f"torch {torch.__version__}, torchvision {torchvision.__version__}, {device}")
