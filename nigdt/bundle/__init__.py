"""Model bundles: a folder of weights, architecture, vocabulary and card."""
