"""Training a list of ablations and comparison systems one after the other, and comparing them."""
