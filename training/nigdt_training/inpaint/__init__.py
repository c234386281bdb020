"""Stage 2: both paths and the discriminators, fine-tuning on own photos included."""
