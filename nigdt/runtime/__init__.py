"""Running a model: devices, threads, precision, fused weights and recorded work."""
