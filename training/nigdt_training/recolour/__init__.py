"""Training the recolouring network: objects cut out of photos, tinted, and asked back by their captions."""
