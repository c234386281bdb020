"""Data sets, training, evaluation and comparison systems of NIGDT."""
