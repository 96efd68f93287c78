"""From encoded frames to token hypotheses."""
