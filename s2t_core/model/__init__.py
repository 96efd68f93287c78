"""The Speech2Text network, its decoder cache and its checkpoints."""
