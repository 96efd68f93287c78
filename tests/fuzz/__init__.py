"""Hostile input: quick tests of every reader in the suite, and as long as one likes with `make fuzz`."""
