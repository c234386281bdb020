"""Measurements of the daemon: `nigdt bench serve` and `nigdt bench soak`."""
