"""Captioned photos: formats, checks, splits, the decoded cache and colour augmentation."""
