"""Measuring fills: the paper's Table 1, baselines, obedience to the caption, and the user study."""
