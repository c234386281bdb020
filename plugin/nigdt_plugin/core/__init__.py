"""The editor without its windows: document, selection, undo, jobs, history. No Qt, no torch."""
