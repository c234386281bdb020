"""The paper's comparison systems, PICNet and CSA, written from their papers, trained on the same samples."""

CHECKPOINT = "comparison.safetensors"
"""File of a trained comparison system in its run folder."""
