"""Arithmetic that is compiled for the processor that is there: what torch has no single operation for."""
