"""Photo files: decoding, samples of every kind, metadata, and encoding that keeps what it does not change."""
