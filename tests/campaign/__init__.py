"""The campaign: damage of every kind, made in bulk from a seed. `python tests/campaign/run.py` runs it."""
