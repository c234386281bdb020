"""Measurements of the daemon: `nigdt bench serve`, `nigdt bench soak` and `nigdt bench users`."""
