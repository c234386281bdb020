"""Training: settings, samples, the two stages, checkpoints and export."""
