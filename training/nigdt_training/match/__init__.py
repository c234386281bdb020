"""Stage 1: the match networks D3 and D4 (AttnGAN's DAMSM) on a frozen image backbone, eq. 11."""
