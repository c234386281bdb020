"""The campaign: damage of every kind, made in bulk from a seed. `python -m tests.campaign --help` runs it."""
