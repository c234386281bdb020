"""Sub-commands of `nigdt` that talk to the daemon, each loaded only when it runs."""
