"""Where sound comes from: devices, files, and the hand-over to the engine."""
