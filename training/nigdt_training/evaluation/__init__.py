"""Measuring fills: the paper's Table 1, baselines, colour-swap accuracy, and the user study."""
