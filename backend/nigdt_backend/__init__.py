"""The daemon that runs the model, its client, and what both say to each other."""
