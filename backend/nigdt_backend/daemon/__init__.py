"""The daemon: one process per user that keeps the model warm and makes fills for whoever may talk to it."""
